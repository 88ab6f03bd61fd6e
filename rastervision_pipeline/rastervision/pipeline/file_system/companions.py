"""Files that belong to another file, by their names: world files, masks, overviews, parts of a shapefile."""

import os

ANY_IMAGE = ('*.aux.xml', '*.msk', '*.msk.ovr', '*.ovr')
WITH_WORLD_FILE = ('.tif', '.tiff', '.png', '.jpg', '.jpeg', '.jp2', '.j2k', '.gif', '.bmp', '.webp')
WITH_HEADER = ('.bil', '.bip', '.bsq', '.flt', '.raw')
# By the ending of the file: endings that take its place, or with `*` follow it.
COMPANIONS: dict[str, tuple[str, ...]] = {
    '.shp': ('.shx', '.dbf', '.prj', '.cpg', '.qix', '.sbn', '.sbx'),
    '.tab': ('.dat', '.map', '.id', '.ind'),
    '.asc': ('.prj', *ANY_IMAGE),
    '.img': ('.ige', '.rrd', '.rde', '.aux', '*.aux', *ANY_IMAGE),
    **dict.fromkeys(('.nc', '.h5', '.hdf', '.grib', '.grib2', '.ecw', '.sid'), ANY_IMAGE),
    **dict.fromkeys(WITH_HEADER, ('.hdr', '*.hdr', '.prj', '.clr', '.stx', '.blw', *ANY_IMAGE)),
    # a.tif has a.tfw, a.tifw or a.wld
    **{
        suffix: (f'{suffix[:2]}{suffix[-1]}w', f'{suffix}w', '.wld', '.prj', '.tab', *ANY_IMAGE)
        for suffix in WITH_WORLD_FILE
    },
}


def companion_endings(name: str) -> tuple[str, ...]:
    """The endings of files that may belong to a file, for `companion`.

    Args:
        name: Path or URI of the file.
    """
    return COMPANIONS.get(os.path.splitext(path_of(name))[1].lower(), ())


def companion(name: str, ending: str) -> str:
    """The name of a file that belongs to another.

    Args:
        name: Path or URI of the other. The query of an http(s) URI stays at the end.
        ending: One of `companion_endings`.
    """
    address = path_of(name)
    query = name[len(address) :]
    if ending.startswith('*'):
        return f'{address}{ending[1:]}{query}'
    stem, suffix = os.path.splitext(address)
    return f'{stem}{ending.upper() if suffix.isupper() else ending}{query}'


def path_of(uri: str) -> str:
    """A URI without the query of an http(s) one."""
    if not uri.lower().startswith(('http://', 'https://')):
        return uri
    return uri[: min((place for mark in '?#' if (place := uri.find(mark)) >= 0), default=len(uri))]
