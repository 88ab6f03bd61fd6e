"""Older path of :mod:`rastervision.core.data.cog`."""

from rastervision.core.data.cog import COGIFY as COGIFY
from rastervision.core.data.cog import DEFAULT_BLOCK_SIZE as DEFAULT_BLOCK_SIZE
from rastervision.core.data.cog import DEFAULT_COMPRESSION as DEFAULT_COMPRESSION
from rastervision.core.data.cog import DEFAULT_OVERVIEWS as DEFAULT_OVERVIEWS
from rastervision.core.data.cog import DEFAULT_RESAMPLE_METHOD as DEFAULT_RESAMPLE_METHOD
from rastervision.core.data.cog import create_cog as create_cog
from rastervision.core.data.cog import gdal_cog_commands as gdal_cog_commands
from rastervision.core.data.cog import run_cmd as run_cmd
