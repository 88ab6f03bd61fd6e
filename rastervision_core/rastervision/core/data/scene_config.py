"""Configures Scene."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from rastervision.core import compat
from rastervision.core.data.config_uris import is_same_file, uris_in
from rastervision.core.data.label_source.label_source_config import LabelSourceConfig
from rastervision.core.data.label_store.label_store_config import LabelStoreConfig
from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.raster_source.raster_source import RasterSource
    from rastervision.core.data.scene import Scene
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

lazy.also_give(
    __name__,
    'rastervision.core.data.scene: Scene',
    'rastervision.core.data.vector_source.geojson_vector_source: get_polygons_from_uris',
)


OPTIONAL = ('label_source', 'label_store', 'aoi_uris')


def scene_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict of an earlier version to the next one."""
    return compat.refuse_if_set(cfg_dict, 'aoi_geometries', 'aoi_uris') if version == 4 else cfg_dict


@register_config('scene', upgrader=scene_config_upgrader)
class SceneConfig(Config):
    """Configure a :class:`.Scene`: imagery of an area with its labels."""

    id: str = Field(description='Name of the scene, unique within its data split. Names the files of its predictions.')
    raster_source: RasterSourceConfig = Field(description='The imagery.')
    label_source: LabelSourceConfig | None = Field(None, description='Ground truth. None: not known.')
    label_store: LabelStoreConfig | None = Field(
        None, description="Where predictions go. None: the default of the task, under the pipeline's predict folder."
    )
    aoi_uris: list[str] | None = Field(
        None,
        description='Vector files of polygons: the areas of interest, to which chips and evaluation are limited. '
        '|layername=... at the end of a URI chooses a layer.',
    )

    def build(self, class_config: 'ClassConfig', tmp_dir: str | None = None, use_transformers: bool = True) -> 'Scene':
        """Open the imagery and the labels.

        Args:
            class_config: The classes.
            tmp_dir: A folder for downloaded files. None: the cache.
            use_transformers: False to get raw pixels, without the raster transformers.

        Raises:
            RasterVisionError: If something cannot be opened; the message names the scene.
            ConfigError: If predictions would take the place of a file that the scene is read from.
        """
        from rastervision.core.data.scene import Scene, naming_scene

        with naming_scene(self.id):
            self.check_store()
            image = self.raster_source.as_imagery().build(tmp_dir, use_transformers=use_transformers)
            context = (class_config, image.crs_transformer, image.bbox, tmp_dir)
            return Scene(
                self.id,
                image,
                label_source=self.label_source.build(*context) if self.label_source else None,
                label_store=self.label_store.build(*context) if self.label_store else None,
                aoi_polygons=self._read_aoi(image),
            )

    def only(self, parts: Collection[str]) -> Self:
        """A copy to be built by who does not need the rest.

        Args:
            parts: Which of label_source, label_store and aoi_uris to keep.
        """
        return self.model_copy(update={name: None for name in OPTIONAL if name not in parts})

    def update(self, pipeline: 'RVPipelineConfig | None' = None) -> None:
        """Add the default label store of the pipeline, and fill what is inside."""
        if pipeline is not None and self.label_store is None:
            self.label_store = pipeline.get_default_label_store(scene=self)
        super().update(pipeline=pipeline, scene=self)

    def check_store(self) -> None:
        """See that predictions are not written to a file that the scene is read from.

        Raises:
            ConfigError: If they would be.
        """
        store = getattr(self.label_store, 'uri', None)
        read = uris_in(self, skip=('label_store',))
        if isinstance(store, str) and any(is_same_file(uri, store) for uri in read):
            raise ConfigError(
                f'Predictions would be written to {store!r}, which is also read: as imagery, labels or area of '
                'interest. Write them to another place (label_store.uri).'
            )

    def _read_aoi(self, image: 'RasterSource') -> list[Any] | None:
        """Areas of interest in pixel coordinates; None where none are given."""
        if not self.aoi_uris:
            return None
        from rastervision.core.data.vector_source.aoi import read_aoi

        return read_aoi(self.aoi_uris, image)
