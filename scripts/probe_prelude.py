"""What the probes of `probe_api.py` refer to without saying: imports, a small image, labels, subclasses.

The image has 20 x 30 pixels of 10 m, 3 bands. The labels are two rectangles: class 1 at rows 2-8, columns 2-8, class 0
at rows 10-18, columns 12-22.
"""

# ruff: noqa: D101, D102, D103, F401
import json
import os
import tempfile
from os.path import join
from unittest.mock import patch

import albumentations as A
import geopandas as gpd
import matplotlib as mpl
import numpy as np
import rasterio
import torch
from affine import Affine
from probe_api import canon
from pydantic import ValidationError
from rasterio.warp import transform_geom
from shapely.geometry import MultiPolygon, Point, mapping
from shapely.geometry import box as sbox
from torch import nn
from torch.utils.data import DataLoader
from xarray import DataArray

import rastervision.core.data as D
import rastervision.core.data.utils as DU
import rastervision.core.evaluation as E
import rastervision.pipeline.config as RC
import rastervision.pipeline.file_system as FS
import rastervision.pipeline.file_system.utils as FU
import rastervision.pytorch_learner as L
import rastervision.pytorch_learner.dataset.transform as TR
import rastervision.pytorch_learner.utils as LU
from rastervision.core.box import Box
from rastervision.core.data import *  # noqa: F403
from rastervision.core.data.label_store.utils import boxes_to_geojson
from rastervision.core.evaluation import *  # noqa: F403
from rastervision.core.raster_stats import RasterStats
from rastervision.core.rv_pipeline import *  # noqa: F403
from rastervision.pipeline import registry_ as registry
from rastervision.pipeline import rv_config_ as rv_config
from rastervision.pipeline.config import Config, ConfigError, Field, build_config, register_config, upgrade_config
from rastervision.pipeline.file_system import (
    download_if_needed,
    file_exists,
    file_to_json,
    file_to_str,
    list_paths,
    make_dir,
    str_to_file,
    sync_from_dir,
    unzip,
)
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pytorch_learner import *  # noqa: F403
from rastervision.pytorch_learner.dataset.transform import apply_transform
from rastervision.pytorch_learner.object_detection_utils import BoxList

mpl.use('Agg')
T = tempfile.mkdtemp()
I = join(T, 'image.tif')  # noqa: E741
LAB = join(T, 'labels.json')

with rasterio.open(
    I,
    'w',
    driver='GTiff',
    width=30,
    height=20,
    count=3,
    dtype='uint8',
    crs='EPSG:3857',
    transform=Affine(10, 0, 0, 0, -10, 1000),
) as _dataset:
    _dataset.write(np.random.default_rng(0).integers(1, 255, (3, 20, 30), dtype=np.uint8))


def feat(geometry, **properties):
    return {'type': 'Feature', 'geometry': geometry and mapping(geometry), 'properties': properties}


def on_map(xmin, ymin, xmax, ymax):
    """A rectangle of pixels in longitude and latitude."""
    return transform_geom(
        'EPSG:3857', 'EPSG:4326', mapping(sbox(10 * xmin, 1000 - 10 * ymax, 10 * xmax, 1000 - 10 * ymin))
    )


with open(LAB, 'w') as _file:
    json.dump(
        {
            'type': 'FeatureCollection',
            'features': [
                {'type': 'Feature', 'geometry': on_map(*sides), 'properties': {'class_id': class_id}}
                for sides, class_id in [((2, 2, 8, 8), 1), ((12, 10, 22, 18), 0)]
            ],
        },
        _file,
    )


def cc(**kwargs):
    return D.ClassConfig(names=['a', 'b'], **kwargs)


def ccn():
    return cc(null_class='a')


def vs(uri=LAB):
    return D.GeoJSONVectorSource(uri, D.RasterioCRSTransformer.from_uri(I))


EXTENT = Box(0, 0, 20, 30)


def scene(kind='ss', aoi=True):
    source = {
        'ss': lambda: D.SemanticSegmentationLabelSource(D.RasterizedSource(vs(), 0, bbox=EXTENT), ccn()),
        'od': lambda: D.ObjectDetectionLabelSource(vs(), bbox=EXTENT),
    }[kind]()
    return D.Scene('x', D.RasterioSource(I), source, aoi_polygons=[sbox(0, 0, 30, 20)] if aoi else [])


class MockScene:
    """A scene without an id."""

    def __init__(self):
        self.raster_source = D.RasterioSource(I)
        self.label_source = self.label_store = None
        self.aoi_polygons = []
        self.aoi_polygons_bbox_coords = []
        self.extent = self.bbox = EXTENT

    def __getitem__(self, window):
        return self.raster_source[window], None


# ---------------------------------------------------------------- transformers and sources
class Double(D.CRSTransformer):
    def __init__(self):
        super().__init__(transform=None, image_crs=None, map_crs=None)

    def _map_to_pixel(self, point):
        return point[0] * 2.0, point[1] * 2.0

    def _pixel_to_map(self, point):
        return point[0] / 2, point[1] / 2


class Shift2(D.CRSTransformer):
    def __init__(self, by):
        super().__init__(transform=None, image_crs='epsg:3857', map_crs='epsg:4326')
        self.by = by

    def _map_to_pixel(self, point):
        return point[0] + self.by, point[1] + self.by

    def _pixel_to_map(self, point):
        return point[0] - self.by, point[1] - self.by


class Rnd(D.RasterioCRSTransformer):
    def _map_to_pixel(self, point):
        x, y = super()._map_to_pixel(point)
        return x + 1, y + 1


class OnlyTransform(D.RasterTransformer):
    def transform(self, chip, channel_order=None):
        return np.ones((*chip.shape[:-1], 1), dtype=np.uint8)


class SubGJ(D.GeoJSONVectorSource):
    def _get_geojson(self):
        return {'type': 'FeatureCollection', 'features': [feat(Point(0.0001, 0.001).buffer(0.0001), class_id=0)]}


class SubGJ2(D.GeoJSONVectorSource):
    def _get_geojson_single(self, uri):
        return {'type': 'FeatureCollection', 'features': [feat(Point(0.0001, 0.001).buffer(0.0001), class_id=0)]}


class MyLS(D.LabelSource):
    def get_labels(self, window=None):
        return 1

    def set_bbox(self, bbox):
        pass

    @property
    def bbox(self):
        return EXTENT

    @property
    def crs_transformer(self):
        return D.IdentityCRSTransformer()

    def __getitem__(self, key):
        return 1 if isinstance(key, Box) else super().__getitem__(key)


class CLS(D.LabelSource):
    """A label source of a raster, with its own __getitem__."""

    def __init__(self, raster_source, class_config):
        self.raster_source, self.class_config = raster_source, class_config

    def get_labels(self, window=None):
        raise NotImplementedError

    def set_bbox(self, bbox):
        self.raster_source.set_bbox(bbox)

    @property
    def bbox(self):
        return self.raster_source.bbox

    @property
    def crs_transformer(self):
        return self.raster_source.crs_transformer

    def __getitem__(self, key):
        if isinstance(key, Box):
            return self.raster_source.get_chip(key)[..., 0]
        return super().__getitem__(key)


# ---------------------------------------------------------------- datasets
SSR = L.SemanticSegmentationRandomWindowGeoDataset
SSS = L.SemanticSegmentationSlidingWindowGeoDataset
ODR = L.ObjectDetectionRandomWindowGeoDataset


class OverrideItem(SSR):
    def __getitem__(self, i):
        window = self.sample_window()
        return L.GeoDataset.__getitem__(self, window), window


class SampleW(SSR):
    def sample_window(self):
        return Box(0, 0, 7, 7)


class SampleW2(SSR):
    def _sample_window(self):
        return Box(0, 0, 7, 7)


class SizeHook(SSR):
    def sample_window_size(self):
        return 4, 6


class LocHook(SSR):
    def sample_window_size(self):
        return 5, 5

    def sample_window_loc(self, h, w):
        return 2, 3  # x, y


class PolyWin(L.GeoDataset):
    """Windows of its own."""

    def __init__(self, scene, size, stride, transform_type):
        super().__init__(scene, transform_type=transform_type)
        self.windows = scene.extent.get_windows(size, stride)

    def init_windows(self):
        pass

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, i):
        return super().__getitem__(self.windows[i])


# ---------------------------------------------------------------- visualizers
seen = {}


class MyViz(L.SemanticSegmentationVisualizer):
    def get_plot_ncols(self, **kwargs):
        return 4

    def plot_xyz(self, axs, x, y, z=None, plot_title=True):
        seen.update(x=tuple(x.shape), axs=tuple(np.shape(axs)), y=tuple(y.shape))


class MyViz1(L.SemanticSegmentationVisualizer):
    def get_plot_ncols(self, **kwargs):
        return 1

    def plot_xyz(self, axs, x, y, z=None, plot_title=True):
        seen.update(x1=tuple(x.shape), n1=tuple(np.shape(axs)))


# ---------------------------------------------------------------- learners
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        return self.conv(x)


def ss_cfg(**solver):
    return L.SemanticSegmentationLearnerConfig(
        data=L.SemanticSegmentationGeoDataConfig(class_config=ccn(), num_workers=0),
        solver=L.SolverConfig(batch_sz=2, num_epochs=1, **solver),
        run_tensorboard=False,
    )


def ss_ds():
    return SSS(scene(aoi=False), size=10, stride=10)


def mk(cls=L.SemanticSegmentationLearner, **kwargs):
    data = {'train_ds': ss_ds(), 'valid_ds': ss_ds()}
    return cls(ss_cfg(), output_dir=tempfile.mkdtemp(), model=Net(), **data, **kwargs)


log = []


def _logged(name):
    def method(self, *args, **kwargs):
        if name in ('train_epoch', 'train_end', 'validate_end', 'validate_epoch', 'on_epoch_end'):
            count = args[0] if name == 'on_epoch_end' else len(args)
            log.append((name, count) if name == 'on_epoch_end' else (name, count, sorted(kwargs)))
        else:
            log.append(name)
        return getattr(super(Hooks, self), name)(*args, **kwargs)

    return method


HOOKS = (
    'build_dataloader build_dataloaders build_epoch_scheduler build_loss build_optimizer build_sampler '
    'build_step_scheduler get_collate_fn get_start_epoch get_visualizer_class load_checkpoint log_data_stats '
    'on_epoch_end plot_predictions post_forward predict prob_to_pred setup_data setup_loss setup_model to_batch '
    'to_device train_end train_epoch train_step validate_end validate_epoch validate_step'
)
Hooks = type(
    'Hooks',
    (L.SemanticSegmentationLearner,),
    {name: _logged(name) for name in HOOKS.split() if hasattr(L.SemanticSegmentationLearner, name)},
)


class Override(L.SemanticSegmentationLearner):
    def __init__(self, cfg, output_dir, train_dl, valid_dl, model):
        self._dls = train_dl, valid_dl
        super().__init__(cfg, output_dir=output_dir, model=model)

    def setup_data(self, *args, **kwargs):
        self.train_dl, self.valid_dl = self._dls


class Metrics(L.SemanticSegmentationLearner):
    def train_step(self, batch, batch_ind):
        x, y = batch
        loss = nn.functional.cross_entropy(self.post_forward(self.model(x)), y)
        return {'train_loss': loss, 'train_bce_loss': loss.detach()}

    def validate_step(self, batch, batch_ind):
        x, y = batch
        out = self.post_forward(self.model(x))
        conf_mat = LU.compute_conf_mat(self.prob_to_pred(out).view(-1), y.view(-1), 2)
        return {'val_bce_loss': nn.functional.cross_entropy(out, y), 'conf_mat': conf_mat}

    def validate_end(self, outputs):
        conf_mat = sum(output['conf_mat'] for output in outputs)
        loss = float(sum(output['val_bce_loss'] for output in outputs)) / len(outputs)
        return {'val_bce_loss': loss, **LU.compute_conf_mat_metrics(conf_mat, ['a', 'b'])}


# ---------------------------------------------------------------- pipelines
registry.set_plugin_version('rastervision.pp', 1)


@register_config('probe_pa', plugin='rastervision.pp')
class PA(Config):
    l: list[int] = []  # noqa: E741, RUF012


@register_config('probe_pb', plugin='rastervision.pp')
class PB(PA):
    y: int = 1


@register_config('probe_pc', plugin='rastervision.pp')
class PC(Config):
    z: int


class PP(Pipeline):
    commands = ['c1', 'c2']  # noqa: RUF012
    split_commands = ['c2']  # noqa: RUF012

    def c1(self):
        str_to_file('', join(self.config.root_uri, 'c1'))

    def c2(self, split_ind=0, num_splits=1):
        str_to_file('', join(self.config.root_uri, f'c2-{split_ind}-{num_splits}'))


@register_config('probe_ppc', plugin='rastervision.pp')
class PPC(PipelineConfig):
    def build(self, tmp_dir):
        return PP(self, tmp_dir)


@register_config('probe_cvo2', plugin='rastervision.pp')
class CVO2(Config):
    class_id: int
    denoise: int = 0
    threshold: float | None = None

    def vectorize(self, mask):
        return [sbox(0, 0, 2, 2)]

    def get_uri(self, root, class_config=None):
        return join(root, f'class-{self.class_id}.json')


def item(class_id=0, tn=3):
    """A result: 5 hits, 1 false and 2 missed ones."""
    return E.ClassEvaluationItem(class_id, 'ab'[class_id], tp=5, fp=1, fn=2, tn=tn)
