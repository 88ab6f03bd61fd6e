"""Pixels that are no data change nothing around them: from chips, in files or scenes, to predictions of a bundle.

All that is data has one value, so whatever else a model sees, or says, comes from the gaps.
"""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.predictor import Predictor
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingConfig
from rastervision.core.rv_pipeline.object_detection_config import (
    ObjectDetectionChipOptions,
    ObjectDetectionConfig,
    ObjectDetectionPredictOptions,
    ObjectDetectionWindowSamplingConfig,
)
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
)
from rastervision.pipeline.config.resolve import resolve
from rastervision.pytorch_backend.pytorch_chip_classification_config import PyTorchChipClassificationConfig
from rastervision.pytorch_backend.pytorch_object_detection_config import PyTorchObjectDetectionConfig
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.learner_config.classification_data import (
    ClassificationGeoDataConfig,
    ClassificationImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.learner_config.object_detection_data import (
    ObjectDetectionGeoDataConfig,
    ObjectDetectionImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.tasks.classification_config import ClassificationModelConfig
from rastervision.pytorch_learner.tasks.object_detection_config import ObjectDetectionModelConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationModelConfig

SIZE, CHIP, LEVEL, GAP = 32, 16, 200, 255
CLASSES = ClassConfig(names=['land', 'null'], colors=['green', 'black'], null_class='null')

# The models say how bright what they see is, zeros apart; in training they see that it is the one value.
HUBCONF = """
import torch
from torch import nn
dependencies = ['torch']

class Brightness(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def see(self, x):
        if self.training:
            assert (((x - 200 / 255).abs() < 1e-4) | (x == 0)).all(), x.unique()
            assert (x == 0).any()
        return 0 * self.weight

    def mean(self, x):
        return (x.sum((1, 2, 3)) / (x != 0).sum((1, 2, 3)))[:, None]

class Pixels(Brightness):
    def forward(self, x):
        bright = 5 * x.mean(1, keepdim=True) + self.see(x)
        return torch.cat([bright, -bright], 1)

class Chips(Brightness):
    def forward(self, x):
        bright = self.mean(x) + self.see(x)
        return torch.cat([bright, -bright], 1)

class Boxes(Brightness):
    def forward(self, images, targets=None):
        x = torch.stack(list(images))
        zero = self.see(x)
        if self.training:
            return {'loss': zero.sum()}
        height, width = x.shape[-2:]
        box = torch.tensor([[0.0, 0.0, width, height]])
        return [{'boxes': box, 'labels': torch.ones(1).long(), 'scores': score} for score in self.mean(x)]

pixels, chips, boxes = Pixels, Chips, Boxes
"""


def write(path, *, gap):
    pixels = np.full((3, SIZE, SIZE), LEVEL, np.uint8)
    if gap:
        for rows, columns in (
            (slice(3, 11), slice(5, 8)),
            (slice(14, 23), slice(13, 20)),
            (slice(26, 27), slice(30, 32)),
        ):
            pixels[:, rows, columns] = GAP
    profile = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'count': 3, 'dtype': 'uint8', 'nodata': GAP}
    with rasterio.open(path, 'w', **profile, crs='EPSG:32633', transform=from_origin(5e5, 5e6, 10, 10)) as file:
        file.write(pixels)
    return str(path)


def labels(folder, task):
    ring = [[5e5, 5e6], [5e5 + 320, 5e6], [5e5 + 320, 5e6 - 320], [5e5, 5e6 - 320], [5e5, 5e6]]
    feature = {
        'type': 'Feature',
        'properties': {'class_name': 'land'},
        'geometry': {'type': 'Polygon', 'coordinates': [ring]},
    }
    crs = {'type': 'name', 'properties': {'name': 'urn:ogc:def:crs:EPSG::32633'}}
    (folder / 'labels.json').write_text(json.dumps({'type': 'FeatureCollection', 'crs': crs, 'features': [feature]}))
    vectors = GeoJSONVectorSourceConfig(uris=str(folder / 'labels.json'))
    if task == 'pixels':
        with rasterio.open(
            folder / 'labels.tif', 'w', driver='GTiff', height=SIZE, width=SIZE, count=1, dtype='uint8',
            crs='EPSG:32633', transform=from_origin(5e5, 5e6, 10, 10),
        ):  # fmt: skip
            pass
        raster = RasterioSourceConfig(uris=str(folder / 'labels.tif'))
        return SemanticSegmentationLabelSourceConfig(raster_source=raster)
    if task == 'boxes':
        return ObjectDetectionLabelSourceConfig(vector_source=vectors)
    return ChipClassificationLabelSourceConfig(
        vector_source=vectors, infer_cells=True, cell_sz=CHIP, background_class_id=1, use_intersection_over_cell=True
    )


# Pipeline, backend, data in files and of scenes, model, options of chips and windows, and of predictions.
TASKS = {
    'pixels': (
        SemanticSegmentationConfig,
        PyTorchSemanticSegmentationConfig,
        (SemanticSegmentationImageDataConfig, SemanticSegmentationGeoDataConfig),
        SemanticSegmentationModelConfig,
        (SemanticSegmentationChipOptions, WindowSamplingConfig),
        SemanticSegmentationPredictOptions,
    ),
    'chips': (
        ChipClassificationConfig,
        PyTorchChipClassificationConfig,
        (ClassificationImageDataConfig, ClassificationGeoDataConfig),
        ClassificationModelConfig,
        (ChipOptions, WindowSamplingConfig),
        PredictOptions,
    ),
    'boxes': (
        ObjectDetectionConfig,
        PyTorchObjectDetectionConfig,
        (ObjectDetectionImageDataConfig, ObjectDetectionGeoDataConfig),
        ObjectDetectionModelConfig,
        (ObjectDetectionChipOptions, ObjectDetectionWindowSamplingConfig),
        ObjectDetectionPredictOptions,
    ),
}


def train(folder, task, img_sz, *, from_files):
    """Train on an image with gaps, and give the bundle."""
    (folder / 'hub').mkdir()
    (folder / 'hub/hubconf.py').write_text(HUBCONF)
    pipeline, backend, data, model, (chips, sampling), predict = TASKS[task]
    scenes = [
        SceneConfig(
            id=name,
            raster_source=RasterioSourceConfig(uris=write(folder / f'{name}.tif', gap=True)),
            label_source=labels(folder, task),
        )
        for name in ('train', 'valid')
    ]
    config = resolve(
        pipeline(
            root_uri=str(folder / 'run'),
            dataset=DatasetConfig(class_config=CLASSES, train_scenes=scenes[:1], validation_scenes=scenes[1:]),
            backend=backend(
                data=data[not from_files](img_sz=img_sz, num_workers=0),
                model=model(
                    external_def=ExternalModuleConfig(uri=str(folder / 'hub'), entrypoint=task, name='brightness')
                ),
                solver=SolverConfig(num_epochs=1, batch_sz=2, ignore_class_index=None),
                log_tensorboard=False,
            ),
            chip_options=chips(sampling=sampling(size=CHIP)),
            predict_options=predict(chip_sz=CHIP, stride=CHIP),
        )
    )
    (folder / 'tmp').mkdir()
    built = config.build(str(folder / 'tmp'))
    for command in ('chip', 'train', 'bundle') if from_files else ('train', 'bundle'):
        getattr(built, command)()
    return config.get_model_bundle_uri()


def predict(bundle, folder, task, *, gap):
    """Scores of what is data in an image."""
    folder.mkdir()
    image = write(folder / 'image.tif', gap=gap)
    predictor = Predictor(bundle, str(folder / 'tmp'), trust=True)
    if task == 'pixels':
        predictor.scene_config.label_store.smooth_output = True
        predictor.predict([image], str(folder / 'out'))
        with rasterio.open(image) as file, rasterio.open(folder / 'out/scores.tif') as scores:
            return scores.read(1)[file.read(1) != GAP]
    predictor.predict([image], str(folder / 'out.json'))
    features = json.loads((folder / 'out.json').read_text())['features']
    assert len(features) == 4
    values = [feature['properties'] for feature in features]
    return np.array([each['scores'][0] if task == 'chips' else each['score'] for each in values])


def as_earlier(bundle, path):
    """The bundle, without what its card says of gaps."""
    with zipfile.ZipFile(bundle) as outer, zipfile.ZipFile(path, 'w') as target:
        for name in outer.namelist():
            content = outer.read(name)
            if name == 'model-bundle.zip':
                inner_path = path.with_name('inner.zip')
                with zipfile.ZipFile(outer.open(name)) as inner, zipfile.ZipFile(inner_path, 'w') as changed:
                    for part in inner.namelist():
                        data = inner.read(part)
                        if part == 'model-card.json':
                            card = json.loads(data)
                            assert card['properties'].pop('rastervision:no_data') == 'apart'
                            data = json.dumps(card)
                        changed.writestr(part, data)
                content = inner_path.read_bytes()
            target.writestr(name, content)
    return str(path)


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('img_sz', [11, 29], ids=['smaller', 'larger'])
@pytest.mark.parametrize('from_files', [True, False], ids=['chips in files', 'scenes'])
def test_gaps_change_nothing_around_them(tmp_path: Path, task, img_sz, from_files):
    bundle = train(tmp_path, task, img_sz, from_files=from_files)

    expected = predict(bundle, tmp_path / 'whole', task, gap=False)
    found = predict(bundle, tmp_path / 'gappy', task, gap=True)

    assert np.ptp(expected) < 1e-6
    assert found == pytest.approx(expected[0], abs=1e-5)


@pytest.mark.parametrize('task', TASKS)
def test_bundles_that_do_not_say_so_are_given_images_as_they_learned(tmp_path: Path, task):
    bundle = as_earlier(train(tmp_path, task, 29, from_files=False), tmp_path / 'earlier.zip')

    expected = predict(bundle, tmp_path / 'whole', task, gap=False)
    found = predict(bundle, tmp_path / 'gappy', task, gap=True)

    assert np.abs(found - expected[0]).max() > 1e-3
