"""The quickstart with a model that costs next to nothing; for benchmarks."""

import sys
from os.path import abspath, dirname, join

from rastervision.core.rv_pipeline import SemanticSegmentationConfig
from rastervision.pytorch_learner import ExternalModuleConfig, SemanticSegmentationModelConfig, SolverConfig

HERE = dirname(abspath(__file__))
sys.path.insert(0, join(dirname(HERE), 'examples'))

import quickstart  # noqa: E402


def get_config(
    runner: str, data_uri: str, root_uri: str, stride: int | None = None, smooth: bool = False
) -> SemanticSegmentationConfig:
    """The quickstart with the light model.

    Args:
        runner: Name of the runner.
        data_uri: Folder that `examples/town.py` wrote.
        root_uri: Folder to write to.
        stride: Pixels from window to window in prediction. None: no overlap.
        smooth: Write scores too.
    """
    config = quickstart.get_config(runner, data_uri, root_uri, num_epochs=1)
    model = ExternalModuleConfig(uri=join(HERE, 'light_model'), name='light_model', entrypoint='light_model')
    config.backend.model = SemanticSegmentationModelConfig(external_def=model)
    config.backend.solver = SolverConfig(lr=1e-2, num_epochs=1, batch_sz=8)
    config.predict_options = type(config.predict_options)(chip_sz=256, stride=stride, batch_sz=8)
    for scene in config.dataset.validation_scenes:
        scene.label_store.smooth_output = smooth
    return config
