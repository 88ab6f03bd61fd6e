"""Cloud-optimized GeoTIFFs."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError  # what rasterio.shutil raises has no public name
from rasterio.enums import Resampling
from rasterio.errors import RasterioError

from rastervision.core.data.cog_check import check_codec, check_copy
from rastervision.core.data.rasterio_io import open_raster
from rastervision.pipeline.errors import ConfigError, NotWritableError, RunError, did_you_mean
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.file_system.utils import download_if_needed

COGIFY = 'COGIFY'
DEFAULT_BLOCK_SIZE = 512
DEFAULT_RESAMPLE_METHOD = 'near'
DEFAULT_COMPRESSION = 'deflate'
DEFAULT_OVERVIEWS = [2, 4, 8, 16, 32]
RESAMPLE_METHODS = {
    'near': Resampling.nearest,
    'nearest': Resampling.nearest,
    'bilinear': Resampling.bilinear,
    'cubic': Resampling.cubic,
    'cubicspline': Resampling.cubic_spline,
    'lanczos': Resampling.lanczos,
    'average': Resampling.average,
    'rms': Resampling.rms,
    'mode': Resampling.mode,
    'gauss': Resampling.gauss,
}
# https://gdal.org/en/stable/drivers/raster/cog.html#creation-options
COMPRESSIONS = ('none', 'deflate', 'lzw', 'zstd', 'jpeg', 'webp', 'lzma', 'lerc', 'lerc_deflate', 'lerc_zstd', 'jxl')


def create_cog(
    source_uri: str,
    dest_uri: str,
    local_dir: str,
    block_size: int = DEFAULT_BLOCK_SIZE,
    resample_method: str = DEFAULT_RESAMPLE_METHOD,
    compression: str = DEFAULT_COMPRESSION,
    overviews: Sequence[int] | None = None,
) -> None:
    """Make a cloud-optimized GeoTIFF of an image.

    Costs reading the image three times, the last to compare the result with it. Memory does not depend on its size;
    the overviews are kept in `local_dir` meanwhile.

    Args:
        source_uri: The image.
        dest_uri: The GeoTIFF, local or remote.
        local_dir: Folder for a remote image and for temporary files.
        block_size: Height and width of blocks in pixels, a multiple of 16.
        resample_method: How overviews are made: one of `RESAMPLE_METHODS`.
        compression: One of `COMPRESSIONS`.
        overviews: How many times smaller each overview is. None: `DEFAULT_OVERVIEWS`.

    Raises:
        ConfigError: If there is no such method or compression, the block size or an overview is not valid, or the
            compression cannot hold the image.
        NotReadableError: If the image is missing or none.
        NotWritableError: If the GeoTIFF cannot be written.
    """
    options = _creation_options(block_size, compression)
    method, factors = _resampling(resample_method), _factors(overviews)
    os.makedirs(local_dir, exist_ok=True)
    source_path = download_if_needed(source_uri, local_dir)
    with (
        open_raster(source_path) as source,
        tempfile.TemporaryDirectory(dir=local_dir) as folder,
        publish_file(dest_uri, local_dir) as path,
    ):
        check_codec(source, compression)
        # Overviews of a VRT are put in a file beside it, so the image itself stays as it is and is not copied.
        vrt_path = os.path.join(folder, 'image.vrt')
        try:
            rasterio.shutil.copy(os.path.abspath(source_path), vrt_path, driver='VRT')
            with rasterio.open(vrt_path, 'r+') as vrt:
                vrt.build_overviews(factors, method)
            rasterio.shutil.copy(vrt_path, path, driver='COG', **options)
        except (RasterioError, CPLE_BaseError) as error:
            raise NotWritableError(
                f'{source_uri!r} cannot be made a cloud-optimized GeoTIFF {dest_uri!r}: {error}.'
            ) from error
        check_copy(source, path, compression, dest_uri)


def gdal_cog_commands(
    input_path: str,
    tmp_dir: str,
    block_size: int = DEFAULT_BLOCK_SIZE,
    resample_method: str = DEFAULT_RESAMPLE_METHOD,
    compression: str = DEFAULT_COMPRESSION,
    overviews: Sequence[int] | None = None,
) -> tuple[list[list[str]], str]:
    """The commands that do what `create_cog` does, for machines that have GDAL's programs.

    Args:
        input_path: The image, a local file.
        tmp_dir: Folder for temporary files and the GeoTIFF.
        block_size: See `create_cog`.
        resample_method: See `create_cog`.
        compression: See `create_cog`.
        overviews: See `create_cog`.

    Returns:
        The commands, each a list of words for `run_cmd`, and the path of the GeoTIFF.

    Raises:
        ConfigError: See `create_cog`.
    """
    options = _creation_options(block_size, compression)
    method = _resampling(resample_method).name.replace('_', '')
    vrt_path, output_path = (str(Path(tmp_dir, Path(input_path).stem + end)) for end in ('.vrt', '-cog.tif'))
    creation = [word for name, value in options.items() for word in ('-co', f'{name.upper()}={value}')]
    commands = [
        ['gdal_translate', '-of', 'VRT', input_path, vrt_path],
        ['gdaladdo', '-r', method, vrt_path, *map(str, _factors(overviews))],
        ['gdal_translate', '-of', 'COG', *creation, vrt_path, output_path],
    ]
    return commands, output_path


def run_cmd(cmd: Sequence[str]) -> None:
    """Run a command, given as a list of words.

    Raises:
        RunError: If there is no such program, or it fails; with what it wrote to its standard error.
    """
    try:
        subprocess.run(list(cmd), check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise RunError(f'{shlex.join(cmd)}: there is no program {cmd[0]!r} on this machine.') from error
    except subprocess.CalledProcessError as error:
        raise RunError(f'{shlex.join(cmd)}: failed with exit status {error.returncode}: {error.stderr}') from error


def _creation_options(block_size: int, compression: str) -> dict[str, str]:
    """Options of GDAL's COG driver.

    Raises:
        ConfigError: If one of them is not valid.
    """
    if block_size <= 0 or block_size % 16:
        raise ConfigError(f'block_size {block_size!r} is not a positive multiple of 16.')
    if compression.lower() not in COMPRESSIONS:
        raise ConfigError(
            f'Unknown compression {compression!r}. Choose from {", ".join(COMPRESSIONS)}'
            f'{did_you_mean(compression, COMPRESSIONS) or "."}'
        )
    return {
        'blocksize': str(block_size),
        'compress': compression.upper(),
        'overviews': 'FORCE_USE_EXISTING',
        'bigtiff': 'IF_SAFER',
        'num_threads': 'ALL_CPUS',
    }


def _resampling(method: str) -> Resampling:
    if method.lower() not in RESAMPLE_METHODS:
        raise ConfigError(
            f'Unknown resample_method {method!r}. Choose from {", ".join(RESAMPLE_METHODS)}'
            f'{did_you_mean(method, RESAMPLE_METHODS) or "."}'
        )
    return RESAMPLE_METHODS[method.lower()]


def _factors(overviews: Sequence[int] | None) -> list[int]:
    factors = DEFAULT_OVERVIEWS if overviews is None else list(overviews)
    if any(factor < 2 for factor in factors):
        raise ConfigError(f'overviews {factors!r}: an overview is at least 2 times smaller than the image.')
    return factors
