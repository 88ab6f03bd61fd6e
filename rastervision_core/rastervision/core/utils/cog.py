"""Older path of :mod:`rastervision.core.data.cog`."""

from rastervision.pipeline import lazy

CODE = 'rastervision.core.data.cog'
NAMES = ('create_cog', 'gdal_cog_commands', 'run_cmd', 'COGIFY')
DEFAULTS = ('DEFAULT_BLOCK_SIZE', 'DEFAULT_RESAMPLE_METHOD', 'DEFAULT_COMPRESSION', 'DEFAULT_OVERVIEWS')
__getattr__ = lazy.names(__name__, *(f'{CODE}:{name}' for name in NAMES + DEFAULTS))

lazy.also_give(__name__, 'rastervision.pipeline.file_system.utils: download_or_copy upload_or_copy')
