"""Where everything that a pipeline writes lies under its root: the one home of file names.

Arguments and results are URIs, local or remote.
"""

import os
from dataclasses import dataclass

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.file_system.local_file_system import stays_inside

FOLDERS = ('analyze', 'chip', 'train', 'predict', 'eval', 'bundle')  # of the commands
CONFIG_FILE = 'pipeline-config.json'
STATS_FILE = 'stats.json'
EVAL_FILE = 'eval.json'
BUNDLE_FILE = 'model-bundle.zip'
MODEL_CONFIG_FILE = 'learner-config.json'  # in the bundle that `train` writes
MODEL_CARD_FILE = 'model-card.json'
STATS_DIR = 'stats'
TRAIN_LOG_FILE = 'log.csv'
SAMPLES_DIR = 'dataloaders'
SAMPLE_PREDICTIONS_FILE = 'valid_preds.png'
REPORT_DIR = 'report'
REPORT_FILE = 'report.html'
COMPARISON_FILE = 'comparison.html'

LABELS_FILE = 'labels.tif'
SCORES_FILE = 'scores.tif'
HITS_FILE = 'pixel_hits.npy'
VECTORS_DIR = 'vector_output'


@dataclass(frozen=True)
class Layout:
    """The folders of a run.

    Attributes:
        root: The root.
        analyze: Output of `analyze`.
        chip: Output of `chip`.
        train: Output of `train`.
        predict: Output of `predict`.
        eval: Output of `eval`.
        bundle: Output of `bundle`.
    """

    root: str
    analyze: str
    chip: str
    train: str
    predict: str
    eval: str
    bundle: str

    @classmethod
    def under(cls, root: str) -> 'Layout':
        """The default folders under a root."""
        return cls(
            root, *(os.path.join(root, name) for name in ('analyze', 'chip', 'train', 'predict', 'eval', 'bundle'))
        )

    def stats(self, scene_group: str) -> str:
        """Statistics of the pixels of a scene group."""
        return stats(self.analyze, scene_group)

    def evaluation(self, scene_group: str) -> str:
        """Metrics of a scene group."""
        return os.path.join(member(self.eval, scene_group), EVAL_FILE)

    def raster_prediction(self, scene_id: str) -> str:
        """Folder of the predicted rasters of a scene (semantic segmentation)."""
        return member(self.predict, scene_id)

    def vector_prediction(self, scene_id: str) -> str:
        """File of the predicted features of a scene (object detection, chip classification)."""
        return member(self.predict, f'{scene_id}.json')

    @property
    def trained_bundle(self) -> str:
        """The bundle that `train` writes."""
        return os.path.join(self.train, BUNDLE_FILE)

    @property
    def model_bundle(self) -> str:
        """The bundle that `bundle` writes."""
        return os.path.join(self.bundle, BUNDLE_FILE)


def member(folder: str, name: str) -> str:
    """What has a name in a folder; the name of a scene or group, which may come from elsewhere.

    Raises:
        ConfigError: If it would lie outside of the folder.
    """
    if not stays_inside(name) or '://' in name:
        raise ConfigError(f'{name!r} names no file in {folder!r}: it would lie outside. Use names without / and ..')
    return os.path.join(folder, name)


def stats(analyze_uri: str, scene_group: str) -> str:
    """Statistics of the pixels of a scene group, under the output of `analyze`."""
    return os.path.join(member(os.path.join(analyze_uri, STATS_DIR), scene_group), STATS_FILE)


def vector_file(class_id: int, class_name: str | None) -> str:
    """Name, without an ending, of the file of the predicted polygons of a class.

    A slash in the class name becomes an underscore.
    """
    return f'class-{class_id}-{class_name.replace("/", "_")}' if class_name else f'class-{class_id}'
