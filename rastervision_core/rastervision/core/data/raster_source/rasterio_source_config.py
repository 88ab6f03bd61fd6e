"""Configures RasterioSource."""

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
from rastervision.core.defaults import MAP_CRS
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.rasterio_source import RasterioSource

__getattr__ = lazy.names(__name__, 'rastervision.core.data.raster_source.rasterio_source:RasterioSource')

lazy.also_give(__name__, 'rastervision.core.box: Box')


def rasterio_source_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict from a version of the core plugin to the next.

    Raises:
        ConfigError: If it uses what there is no longer.
    """
    cfg_dict = dict(cfg_dict)
    if version == 5:
        shifts = [cfg_dict.pop(name, 0) for name in ('x_shift', 'y_shift')]
        if any(shifts):
            raise ConfigError(
                f'rasterio_source: x_shift and y_shift {shifts!r} are not supported any longer. '
                'Use a shift_transformer for the labels.'
            )
    return cfg_dict


@register_config('rasterio_source', upgrader=rasterio_source_config_upgrader)
class RasterioSourceConfig(RasterSourceConfig):
    """Configure a :class:`.RasterioSource`."""

    uris: str | list[str] = Field(
        ...,
        description='The image, or several that together make one: of the same CRS, resolution and bands, the later '
        'ones on top.',
    )
    allow_streaming: bool = Field(
        False, description='Read remote images in parts, as they are needed, instead of downloading them.'
    )
    expand_palette: bool | None = added_field(
        None,
        'Use the colours (red, green, blue) that the colour table of an image gives, not the indices that it stores. '
        'None: colours in the imagery of a scene, unless channel_order picks one channel; indices in labels.',
    )
    map_crs: str | None = added_field(
        MAP_CRS,
        'CRS of map coordinates: of predictions written as GeoJSON, which name it if it is not EPSG:4326, and of '
        'GeoJSON labels that do not name one. None: that of the image.',
    )
    trust_references: bool = added_field(
        False,
        'Let an image that describes others (VRT, MRF) read files outside of its folder and from the network. An image '
        'from a stranger could read any file of this machine so. Has no effect in a bundle: there, --trust does it.',
    )

    def as_imagery(self) -> Self:
        """A copy that gives the colours of a colour table, if the config does not say what it gives."""
        config = self.copy()
        if config.expand_palette is None:
            config.expand_palette = config.channel_order is None or len(config.channel_order) > 1
        return config

    def build(self, tmp_dir: str | None = None, use_transformers: bool = True) -> 'RasterioSource':
        """Make the raster source; see the base class."""
        from rastervision.core.data.raster_source.rasterio_source import RasterioSource

        return RasterioSource(
            self.uris,
            raster_transformers=self.build_transformers() if use_transformers else [],
            allow_streaming=self.allow_streaming,
            channel_order=self.channel_order,
            bbox=self.build_bbox(),
            tmp_dir=tmp_dir,
            expand_palette=bool(self.expand_palette),
            map_crs=self.map_crs,
            trust_references=self.trust_references,
        )
