"""What `run` says before it starts anything."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.label_store.object_detection_geojson_store_config import ObjectDetectionGeoJSONStoreConfig
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    BuildingVectorOutputConfig,
    PolygonVectorOutputConfig,
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_transformer.rgb_class_transformer_config import RGBClassTransformerConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.evaluation.chip_classification_evaluator_config import ChipClassificationEvaluatorConfig
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
)
from rastervision.pipeline.cli.plans import plan_pipelines
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner
from rastervision.pytorch_backend.pytorch_chip_classification_config import PyTorchChipClassificationConfig
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationImageDataConfig,
    ClassificationModelConfig,
)
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
    SemanticSegmentationModelConfig,
)

SIZE = 32


def write_image(path: Path, count: int = 3, dtype: str = 'uint8') -> str:
    profile = {'height': SIZE, 'width': SIZE, 'crs': 'EPSG:32633', 'transform': from_origin(5e5, 51e5, 10, 10)}
    profile |= {'photometric': 'MINISBLACK'}  # four bands of which none is alpha
    with rasterio.open(path, 'w', driver='GTiff', count=count, dtype=dtype, **profile) as file:
        file.write(np.ones((count, SIZE, SIZE), dtype))
    return str(path)


class Project:
    """A config that is in order, whose parts a test replaces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenes = {name: self.scene(name) for name in ('train', 'valid')}
        self.data: Any = SemanticSegmentationImageDataConfig(img_sz=16)
        self.backend: Any = PyTorchSemanticSegmentationConfig
        self.model: Any = SemanticSegmentationModelConfig()
        self.chip_sz = self.predict_sz = 16
        self.chip_fields: dict[str, Any] = {}
        self.pipeline_fields: dict[str, Any] = {}

    def scene(self, name: str, count: int = 3, dtype: str = 'uint8', **fields: Any) -> SceneConfig:
        image = RasterioSourceConfig(uris=write_image(self.folder / f'{name}.tif', count, dtype), **fields)
        labels = RasterioSourceConfig(uris=write_image(self.folder / f'{name}-labels.tif', 1))
        source = SemanticSegmentationLabelSourceConfig(raster_source=labels)
        return SceneConfig(id=name, raster_source=image, label_source=source)

    @property
    def config(self) -> SemanticSegmentationConfig:
        scenes = self.scenes
        fields: dict[str, Any] = {
            'chip_options': SemanticSegmentationChipOptions(
                sampling=WindowSamplingConfig(size=self.chip_sz), **self.chip_fields
            ),
            'predict_options': SemanticSegmentationPredictOptions(chip_sz=self.predict_sz),
        }
        return SemanticSegmentationConfig(
            root_uri=str(self.folder / 'run'),
            dataset=DatasetConfig(
                class_config=ClassConfig(names=['a', 'b'], null_class='a'),
                train_scenes=[scene for name, scene in scenes.items() if name.startswith('train')],
                validation_scenes=[scene for name, scene in scenes.items() if name.startswith('valid')],
            ),
            backend=self.backend(data=self.data, model=self.model, solver=SolverConfig()),
            **{**fields, **self.pipeline_fields},
        )

    def plan(self, *commands: str) -> Any:
        (plan,) = plan_pipelines(InProcessRunner(), [self.config], commands)
        return plan


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def no_labels(project: Project) -> None:
    project.scenes['valid'].label_source = None


def other_labels(project: Project) -> None:
    vectors = GeoJSONVectorSourceConfig(uris=str(project.folder / 'train.tif'))
    project.scenes['train'].label_source = ObjectDetectionLabelSourceConfig(vector_source=vectors)


def other_data(project: Project) -> None:
    project.data = ClassificationImageDataConfig(img_sz=16)


def other_backend(project: Project) -> None:
    project.backend, project.model = PyTorchChipClassificationConfig, ClassificationModelConfig()
    other_data(project)


def no_training(project: Project) -> None:
    del project.scenes['train']


def no_validation(project: Project) -> None:
    del project.scenes['valid']


def large_chips(project: Project) -> None:
    project.chip_sz = 64


def large_windows(project: Project) -> None:
    project.predict_sz = 64


def no_statistics(project: Project) -> None:
    project.scenes = {name: project.scene(name, dtype='uint16') for name in project.scenes}


def other_bands(project: Project) -> None:
    project.scenes['valid'] = project.scene('valid', count=4)


def missing_band(project: Project) -> None:
    project.scenes['valid'].raster_source.channel_order = [0, 1, 5]


def no_image(project: Project) -> None:
    (project.folder / 'valid.tif').write_text('no image')


def predictions_over_labels(project: Project) -> None:
    uri = str(project.folder / 'valid-labels.tif')
    project.scenes['valid'].label_store = SemanticSegmentationLabelStoreConfig(uri=uri)


def choice_of_chips_that_are_not_made(project: Project) -> None:
    project.data = SemanticSegmentationGeoDataConfig(img_sz=16)
    project.chip_fields = {'nodata_threshold': 0.5, 'target_class_ids': [1]}


def other_store(project: Project) -> None:
    project.scenes['valid'].label_store = ObjectDetectionGeoJSONStoreConfig()


def other_evaluator(project: Project) -> None:
    project.pipeline_fields = {'evaluators': [ChipClassificationEvaluatorConfig()]}


def output_of_no_class(project: Project) -> None:
    outputs = [PolygonVectorOutputConfig(class_id=1), BuildingVectorOutputConfig(class_id=5)]
    project.scenes['valid'].label_store = SemanticSegmentationLabelStoreConfig(vector_output=outputs)


def labels_of_colours(project: Project) -> None:
    write_image(project.folder / 'valid-labels.tif', 3)


def labels_of_another_channel(project: Project) -> None:
    project.scenes['valid'].label_source.raster_source.channel_order = [1]


def labels_that_are_none(project: Project) -> None:
    (project.folder / 'train-labels.tif').write_text('no image')


@pytest.mark.parametrize(
    ('change', 'is_error', 'words'),
    [
        (other_store, True, r"scene 'valid': label_store is a ObjectDetectionGeoJSONStoreConfig, for object detection"),
        (other_evaluator, True, r'evaluators\[0\] is a ChipClassificationEvaluatorConfig, for chip classification'),
        (output_of_no_class, True, r"scene 'valid': vector_output\[1\].class_id is 5, but class ids go from 0 to 1"),
        (labels_of_colours, True, r"scene 'valid': A raster of labels must have one channel .*RGBClassTransformer"),
        (labels_of_another_channel, True, r"scene 'valid': .*asks for channel 1, but the image has 1 channel"),
        (labels_that_are_none, True, r"scene 'train': .*train-labels\.tif' cannot be opened"),
        (predictions_over_labels, True, r"scene 'valid': Predictions would be written to .*valid-labels.tif'"),
        (
            choice_of_chips_that_are_not_made,
            False,
            r'nodata_threshold, target_class_ids of chip_options have no effect',
        ),
        (no_labels, True, r"validation_scenes without label_source: 'valid'"),
        (
            other_labels,
            True,
            r"scene 'train': label_source is a ObjectDetectionLabelSourceConfig, for object detection",
        ),
        (other_data, True, r'backend.data is a ClassificationImageDataConfig, for chip classification'),
        (other_backend, True, r'backend is a PyTorchChipClassificationConfig'),
        (no_training, True, 'train_scenes is empty'),
        (no_validation, False, 'validation_scenes is empty'),
        (large_chips, False, r"scene 'train': its image of 32 x 32 pixels is smaller than chips of 64 x 64"),
        (
            large_windows,
            False,
            r"scene 'valid': its image of 32 x 32 .* smaller than predict_options.chip_sz",
        ),
        (no_statistics, False, r"not 8 bit.*'train' \(uint16\), 'valid' \(uint16\).*StatsTransformerConfig"),
        (other_bands, True, r"scene 'valid': its image gives 4 channels, but the model takes 3"),
        (missing_band, True, r"scene 'valid': .*asks for channel 5, but the image has 3 channels"),
        (no_image, True, r"scene 'valid': .*valid\.tif' cannot be opened"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_runs(project, caplog, change, is_error, words) -> None:
    assert project.plan().problems == []
    change(project)

    plan = project.plan()
    assert plan.fails is is_error
    problem = next(each for each in plan.problems if re.search(words, each.message))
    assert problem.is_error is is_error
    assert ('PROBLEM: ' if is_error else 'WARNING: ') + problem.message in str(plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InProcessRunner, 'run', lambda *_, **__: None)  # the commands are no matter here
        if is_error:
            with pytest.raises(ConfigError, match=words):
                run_pipelines(InProcessRunner(), [project.config], ())
            assert not (project.folder / 'run').exists()
        else:
            run_pipelines(InProcessRunner(), [project.config], ())
            assert re.search(words, caplog.text)


def test_statistics_scale_pixels_that_are_not_8_bit(project) -> None:
    project.scenes = {
        name: project.scene(name, dtype='uint16', transformers=[StatsTransformerConfig()]) for name in project.scenes
    }
    assert project.plan().problems == []


def test_missing_files_are_said_once_with_their_scene(project) -> None:
    (project.folder / 'valid.tif').unlink()

    plan = project.plan()
    assert plan.missing == [str(project.folder / 'valid.tif')]
    assert plan.problems == []
    assert plan.fails
    with pytest.raises(ConfigError, match=r"scene 'valid': '.*valid\.tif': there is no such file"):
        run_pipelines(InProcessRunner(), [project.config], ())


def test_only_what_the_commands_need_is_looked_at(project) -> None:
    no_labels(project)
    large_chips(project)

    assert project.plan('predict').problems == []


def test_labels_of_colours_that_are_said_to_be_are_in_order(project) -> None:
    labels_of_colours(project)
    to_ids = RGBClassTransformerConfig(class_config=ClassConfig(names=['a', 'b'], colors=[(1, 1, 1), (2, 2, 2)]))
    project.scenes['valid'].label_source.raster_source.transformers = [to_ids]

    assert project.plan().problems == []
