"""Lists of URIs."""

from collections.abc import Sequence

from rastervision.pipeline.errors import ArgumentTypeError


def listify_uris(uris: str | Sequence[str]) -> list[str]:
    """One URI or several, as a list.

    Raises:
        ArgumentTypeError: If it is neither.
    """
    if isinstance(uris, str):
        return [uris]
    if isinstance(uris, list | tuple):
        return list(uris)
    raise ArgumentTypeError(f'{uris!r:.200} is a {type(uris).__name__}. Give a URI or a list of URIs.')


LAYER = '|layername='  # as QGIS writes it


def split_layer(uri: str) -> tuple[str, str | None]:
    """The file and the layer of a URI such as `labels.gpkg|layername=extent`; the layer is None if it names none."""
    file, _, layer = uri.partition(LAYER)
    return file, layer or None
