"""Images in NumPy's files, with a fixed place on Earth."""

# ruff: noqa: B006

import numpy as np
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data import RasterioCRSTransformer, RasterSource, RasterSourceConfig
from rastervision.pipeline.config import Field, register_config
from rastervision.pipeline.file_system import download_if_needed
from rastervision.written_for_031.marks import mark

TRANSFORM = Affine(10, 0, 500_000, 0, -10, 5_000_000)
CRS = 'epsg:32633'


class NumpySource(RasterSource):
    def __init__(self, uris, raster_transformers=[], channel_order=None, bbox=None, tmp_dir=None):
        self.uris = uris
        self.image = np.load(download_if_needed(uris[0], tmp_dir))
        height, width, num_channels_raw = self.image.shape
        self._crs_transformer = RasterioCRSTransformer(TRANSFORM, CRS)
        super().__init__(
            channel_order=channel_order,
            num_channels_raw=num_channels_raw,
            dtype_raw=self.image.dtype,
            bbox=Box(0, 0, height, width) if bbox is None else bbox,
            raster_transformers=raster_transformers,
        )

    @property
    def crs_transformer(self):
        return self._crs_transformer

    def _get_chip(self, window, out_shape=None):
        mark('NumpySource._get_chip')
        window = window.to_global_coords(self.bbox)
        chip = np.zeros((window.height, window.width, self.num_channels_raw), dtype=self.image.dtype)
        inside = window.intersection(Box(0, 0, *self.image.shape[:2]))
        target = inside.to_local_coords(window)
        chip[target.ymin : target.ymax, target.xmin : target.xmax] = self.image[
            inside.ymin : inside.ymax, inside.xmin : inside.xmax
        ]
        return self.resize(chip, out_shape)


@register_config('numpy_source')
class NumpySourceConfig(RasterSourceConfig):
    uris: list[str] = Field(..., description='One .npy file of axes y, x, channels.')

    def build(self, tmp_dir=None, use_transformers=True):
        transformers = [t.build() for t in self.transformers] if use_transformers else []
        bbox = Box(*self.bbox) if self.bbox is not None else None
        return NumpySource(self.uris, transformers, self.channel_order, bbox, tmp_dir)
