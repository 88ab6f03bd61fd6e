"""What images are called: files, and GDAL's own names for a raster in a file, or for a file in an archive.

`NETCDF:"a.nc":red`, `GTIFF_DIR:2:a.tif`, `vrt://a.tif?bands=3,2,1` and `zip://a.zip!b.tif` are names of rasters, each
of which is read from a file that has to be there, or be downloaded.
"""

import os
import re
from dataclasses import dataclass, replace

from rastervision.pipeline.file_system.local_file_system import to_path

# By the prefix of their names, in capitals: the driver that reads a raster of a file.
PREFIX_DRIVERS = {
    'NETCDF': 'netCDF',
    'HDF5': 'HDF5Image',
    'HDF4_SDS': 'HDF4Image',
    'HDF4_EOS': 'HDF4Image',
    'GPKG': 'GPKG',
    'GTIFF_DIR': 'GTiff',
    'NITF_IM': 'NITF',
    'BAG': 'BAG',
    'S102': 'S102',
    'S104': 'S104',
    'S111': 'S111',
    'ZARR': 'Zarr',
    'SENTINEL2_L1B': 'SENTINEL2',
    'SENTINEL2_L1C': 'SENTINEL2',
    'SENTINEL2_L1C_TILE': 'SENTINEL2',
    'SENTINEL2_L2A': 'SENTINEL2',
    'DERIVED_SUBDATASET': 'DERIVED',
}
# Names of services on a network, or of what reads them.
SERVICE_DRIVERS = {'WMS': 'WMS', 'WMTS': 'WMTS', 'WCS': 'WCS', 'EEDAI': 'EEDAI', 'STACIT': 'STACIT', 'STACTA': 'STACTA'}
ARCHIVE_SCHEMES = {'zip': '/vsizip/', 'tar': '/vsitar/', 'gzip': '/vsigzip/'}
SCHEMES = {
    'http://': '/vsicurl/http://',
    'https://': '/vsicurl/https://',
    's3://': '/vsis3/',
    'gs://': '/vsigs/',
}
_FILE = r'(?P<file>(?:[A-Za-z][A-Za-z0-9+.-]*:/)?[^":]+)'  # s3://bucket/a.nc has a colon that ends nothing
_PART = re.compile(
    rf'(?P<before>(?P<prefix>{"|".join(PREFIX_DRIVERS)}):(?:off:)?(?:(?<=_DIR:off:)\d+:|(?<=_DIR:)\d+:|(?<=NITF_IM:)\d+:'
    rf'|(?<=HDF4_...:)\w+:|(?<=DERIVED_SUBDATASET:)\w+:)?)(?:"(?P<quoted>[^"]+)"|{_FILE})(?P<after>:.*)?',
    re.IGNORECASE | re.DOTALL,
)
_SERVICE = re.compile(rf'(?P<prefix>{"|".join(SERVICE_DRIVERS)}):', re.IGNORECASE)
_VRT = re.compile(r'vrt://(?P<file>[^?]+)(?P<after>\?.*)?', re.DOTALL)
_ARCHIVE_URI = re.compile(
    rf'(?P<kind>{"|".join(ARCHIVE_SCHEMES)})(?:\+(?P<scheme>[a-z0-9]+))?://(?P<file>[^!]+)(?:!/*(?P<inner>.*))?'
)
_ARCHIVE_PATH = re.compile(
    r'(?P<before>/vsi(?:zip|tar|gzip|7z|rar)/)(?:\{(?P<braced>[^{}]+)\}|(?P<file>.+?\.(?:zip|kmz|tar\.gz|tar|tgz|gz|7z|rar)))(?P<after>/.*)?$',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class RasterName:
    """The name of a raster, in parts.

    Attributes:
        before: What is before the file: '' if the file is the raster.
        file: The file, a URI; None if only GDAL finds it (`/vsicurl/...`, `WMS:...`).
        after: What is after the file.
        driver: The driver that a prefix asks for.
        is_service: Whether it is what a service on a network gives.
    """

    before: str
    file: str | None
    after: str = ''
    driver: str | None = None
    is_service: bool = False

    @classmethod
    def of(cls, uri: str) -> 'RasterName':
        """Take a URI apart."""
        if uri.startswith('<VRTDataset'):
            return cls(uri, None, driver='VRT')
        if found := _SERVICE.match(uri):
            return cls(uri, None, driver=SERVICE_DRIVERS[found['prefix'].upper()], is_service=True)
        if found := _VRT.fullmatch(uri):
            return cls('vrt://', found['file'], found['after'] or '', 'VRT')
        if found := _PART.fullmatch(uri):
            quote = '"' if found['quoted'] else ''
            driver = PREFIX_DRIVERS[found['prefix'].upper()]
            return cls(
                found['before'] + quote, found['quoted'] or found['file'], quote + (found['after'] or ''), driver
            )
        if found := _ARCHIVE_URI.fullmatch(uri):
            file = f'{found["scheme"]}://{found["file"]}' if found['scheme'] else found['file']
            return cls(
                ARCHIVE_SCHEMES[found['kind']] + '{', file, '}' + (f'/{found["inner"]}' if found['inner'] else '')
            )
        if found := _ARCHIVE_PATH.fullmatch(uri):
            if found['braced']:
                return cls(found['before'] + '{', found['braced'], '}' + (found['after'] or ''))
            return cls(found['before'], found['file'], found['after'] or '')
        return cls(uri, None) if uri.startswith('/vsi') else cls('', uri)

    @property
    def suffix(self) -> str:
        """The ending of the raster's own name, such as '.tif', in small letters; '' if it has none."""
        name = self.after.strip('}"') if self.before.startswith('/vsi') else ''
        name = name or self.file or self.before
        if '://' in name:
            name = name.partition('?')[0]
        return os.path.splitext(name.rstrip('/'))[1].lower()

    def with_file(self, file: str) -> str:
        """The name of the same raster in another file, such as a download of it."""
        return self.before + file + self.after

    def local(self) -> 'RasterName':
        """The same with the absolute path of a file that is on this machine, as GDAL wants it."""
        if self.file is None or self.file.startswith('/vsi'):
            return self
        for scheme, vsi in SCHEMES.items():
            if self.file.startswith(scheme):
                return replace(self, file=vsi + self.file.removeprefix(scheme))
        return replace(self, file=os.path.abspath(to_path(self.file)))


def files_of(uris: list[str]) -> list[str]:
    """The files that rasters of these names are read from, each once; those that only GDAL finds are left out."""
    files = [RasterName.of(uri).file for uri in uris]
    return list(dict.fromkeys(file for file in files if file is not None and not file.startswith('/vsi')))
