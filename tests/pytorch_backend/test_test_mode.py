"""A pipeline is made tiny, and all of it runs, apart from what the real one has written."""

import json
import zipfile

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from rasterio.transform import from_origin

from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import SemanticSegmentationEvaluatorConfig
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
)
from rastervision.pipeline.cli.commands import run
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.learner_config.loggers import MLflowLoggerConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationModelConfig

CHIP, SIDE = 32, 192  # 36 windows
CLASSES = ClassConfig(names=['dark', 'bright', 'null'], colors=['black', 'white', 'blue'])


def scene(folder, name):
    pixels = np.random.default_rng(0).integers(1, 255, (3, SIDE, SIDE), dtype=np.uint8)
    place = {'crs': 'EPSG:32633', 'transform': from_origin(5e5, 5e6, 1, 1), 'width': SIDE, 'height': SIDE}
    for file, data in ((f'{name}.tif', pixels), (f'{name}-labels.tif', (pixels[:1] > 120).astype(np.uint8))):
        with rasterio.open(folder / file, 'w', driver='GTiff', count=len(data), dtype='uint8', **place) as dataset:
            dataset.write(data)
    return SceneConfig(
        id=name,
        raster_source=RasterioSourceConfig(uris=[str(folder / f'{name}.tif')], transformers=[StatsTransformerConfig()]),
        label_source=SemanticSegmentationLabelSourceConfig(
            raster_source=RasterioSourceConfig(uris=[str(folder / f'{name}-labels.tif')])
        ),
        label_store=SemanticSegmentationLabelStoreConfig(uri=str(folder / 'elsewhere' / name)),
    )


@pytest.fixture
def config(tmp_path):
    def make(data=SemanticSegmentationImageDataConfig, **sampling):
        names = ['a', 'b'], ['c', 'd'], ['e', 'f']
        train, valid, test = ([scene(tmp_path, name) for name in split] for split in names)
        dataset = DatasetConfig(
            class_config=CLASSES,
            train_scenes=train,
            validation_scenes=valid,
            test_scenes=test,
            scene_groups={'some': {'a', 'b'}, 'others': {'b', 'd'}},
        )
        return SemanticSegmentationConfig(
            root_uri=str(tmp_path / 'run'),
            predict_uri=str(tmp_path / 'predicted'),
            dataset=dataset,
            backend=PyTorchSemanticSegmentationConfig(
                model=SemanticSegmentationModelConfig(pretrained=False, architecture='lraspp'),
                solver=SolverConfig(num_epochs=50, batch_sz=16),
                data=data(img_sz=CHIP, rare_class_ids=[1], desired_prob=0.9),
                loggers=[MLflowLoggerConfig()],
                log_tensorboard=False,
            ),
            analyzers=[StatsAnalyzerConfig(output_uri=str(tmp_path / 'elsewhere/stats'))],
            evaluators=[SemanticSegmentationEvaluatorConfig(output_uri=str(tmp_path / 'elsewhere/eval'))],
            chip_options=SemanticSegmentationChipOptions(sampling=WindowSamplingConfig(size=CHIP, **sampling)),
            predict_options=SemanticSegmentationPredictOptions(chip_sz=CHIP, batch_sz=2),
        )

    return make


@pytest.mark.parametrize(
    ('data', 'saved'), [(SemanticSegmentationImageDataConfig, True), (SemanticSegmentationGeoDataConfig, False)]
)
def test_all_of_a_tiny_run_works_and_writes_to_a_folder_of_its_own(config, tmp_path, data, saved):
    (resolve(config(data)) if saved else config(data)).to_file(str(tmp_path / 'config.json'))

    result = CliRunner().invoke(
        run, ['inprocess', str(tmp_path / 'config.json'), '--test-mode'], catch_exceptions=False
    )

    root = tmp_path / 'run/test_mode'
    assert result.exit_code == 0, result.output
    with rasterio.open(root / 'predict/c/labels.tif') as labels:
        assert (labels.read() != CLASSES.null_class_id).sum() == 4 * CHIP * CHIP
    assert sorted(path.name for path in (root / 'predict').iterdir() if path.is_dir()) == ['c', 'e']
    assert len((root / 'train/log.csv').read_text().splitlines()) == 1 + 2
    assert json.loads((root / 'eval/validation_scenes/eval.json').read_text())['overall']
    assert (root / 'analyze/stats/train_scenes/stats.json').is_file()
    assert (root / 'bundle/model-bundle.zip').is_file()
    if data is SemanticSegmentationImageDataConfig:
        (path,) = (root / 'chip').glob('*.zip')
        names = zipfile.ZipFile(path).namelist()
        assert sum(name.startswith('train/img') for name in names) == 8
        assert sum(name.startswith('valid/img') for name in names) == 8
    written = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert written <= {'run', 'mlruns'} and {path.name for path in (tmp_path / 'run').iterdir()} == {
        'test_mode',
        '.test_mode.manifest',
    }


@pytest.mark.parametrize('method', ['sliding', 'random'])
def test_what_is_small_stays_so_and_the_config_is_not_changed(config, method):
    whole = config(method=method, limit=3)
    before = whole.dict()

    tiny = whole.for_test_mode()

    assert whole.dict() == before
    assert tiny.chip_options.sampling.limit == 3
    assert tiny.backend.solver.num_epochs == 2 and tiny.backend.solver.batch_sz == 4
    assert tiny.backend.loggers == [] and tiny.backend.data.rare_class_ids is None
    assert tiny.predict_options.limit == 4 and tiny.predict_options.batch_sz == 2
    assert tiny.dataset.scene_groups == {'some': {'a'}}
    assert [scene.id for scene in tiny.dataset.all_scenes] == ['a', 'c', 'e']
    assert resolve(tiny).predict_uri == f'{whole.root_uri}/test_mode/predict'


def test_a_pipeline_that_has_no_test_mode_says_so():
    with pytest.raises(ConfigError, match='PipelineConfig has no test mode'):
        PipelineConfig(root_uri='a').for_test_mode()
