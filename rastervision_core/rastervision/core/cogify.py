"""A pipeline that makes cloud-optimized GeoTIFFs, which can be read in parts over a network."""

import os
import tempfile
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from rastervision.core.data.cog import create_cog
from rastervision.core.data.tile_image import write_tiles
from rastervision.core.data.tile_service import bounds_in, open_service, service_name
from rastervision.core.data.web_tiles import is_tile_service
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.manifest import run_step
from rastervision.pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from rastervision.core.cogify_config import CogifyConfig

OPTIONS = ('block_size', 'resample_method', 'compression', 'overviews')


class Cogify(Pipeline):
    """Makes a cloud-optimized GeoTIFF of each raster; rasters that are done are not done again."""

    commands = ['cogify']  # noqa: RUF012
    split_commands = ['cogify']  # noqa: RUF012
    gpu_commands = []  # noqa: RUF012
    config: 'CogifyConfig'

    def inputs_of(self, command: str) -> list[str]:
        """The rasters, apart from tiles."""
        return [uri for uri in self.config.uris if not is_tile_service(uri)]

    def cogify(self, split_ind: int = 0, num_splits: int = 1) -> None:
        """Make the files of one split.

        Args:
            split_ind: Number of this job.
            num_splits: How many jobs share the rasters.

        Raises:
            ConfigError: If two rasters would become the same file, or an option is not valid.
            DataError: If a tile is no image, or all are missing.
            NotReadableError: If a raster cannot be read.
            NotWritableError: If a file cannot be written.
        """
        targets = targets_of(self.config)
        options = {name: getattr(self.config, name) for name in OPTIONS}
        for uri in self.config.uris[split_ind::num_splits]:
            make = self._from_tiles if is_tile_service(uri) else partial(create_cog, local_dir=self.tmp_dir)
            run_step(uri, partial(make, uri, targets[uri], **options))

    def _from_tiles(self, uri: str, target: str, **options: Any) -> None:
        """Fetch tiles into a temporary GeoTIFF, and make a cloud-optimized one of that."""
        config = self.config
        assert config.bbox is not None and config.zoom is not None  # see validate_config
        grid = open_service(uri, config.zoom)
        bounds = bounds_in(config.bbox, config.bbox_crs, grid.crs)
        os.makedirs(self.tmp_dir, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.tmp_dir) as folder:
            path = os.path.join(folder, os.path.basename(target))
            write_tiles(grid, bounds, path, config.max_tiles)
            create_cog(path, target, folder, **options)


def targets_of(config: 'CogifyConfig') -> dict[str, str]:
    """Where each raster goes.

    Raises:
        ConfigError: If two rasters would become the same file, or a raster would be replaced by its own result.
    """
    names = {uri: f'{_name(uri, config)}.tif' for uri in config.uris}
    for name, count in Counter(names.values()).items():
        if count > 1:
            same = ', '.join(repr(uri) for uri in names if names[uri] == name)
            raise ConfigError(f'uris: {same} would all become {name!r}. Give them different folders to go to.')
    targets = {uri: os.path.join(config.root_uri or '', name) for uri, name in names.items()}
    for uri, target in targets.items():
        if os.path.abspath(uri) == os.path.abspath(target):
            raise ConfigError(f'root_uri: {uri!r} would be replaced by its own result. Choose another folder.')
    return targets


def _name(uri: str, config: 'CogifyConfig') -> str:
    """What the result of a raster is called, without its ending."""
    if is_tile_service(uri):
        return f'{service_name(uri)}-{config.zoom}'
    return os.path.splitext(os.path.basename(uri.rstrip('/')))[0]
