"""The index of a model zoo: which bundles there are, what each does, and where it lies.

An index may come from anybody. It is read at a bounded cost, and names nothing on this machine unless it lies here.
"""

import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from rastervision.pipeline.errors import ArgumentError, DataError, did_you_mean
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.json_reader import JsonLimits
from rastervision.pipeline.file_system.local_file_system import SCHEME, stays_inside, to_path
from rastervision.pipeline.file_system.utils import file_to_json, is_local, str_to_file

INDEX_FILE = 'index.json'
VERSION = 1
LIMITS = JsonLimits(4 << 20, 10, is_strict=True)
MAX_MODELS, MAX_ITEMS, MAX_TEXT, MAX_URL = 10_000, 10_000, 500, 4000
MAX_SIZE = 1 << 40  # bytes of a bundle
MAX_LISTED = 20  # names in a message
NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,99}')
SHA256 = re.compile(r'[0-9a-f]{64}')
REMOTE_SCHEMES = ('http', 'https', 's3')


@dataclass(frozen=True)
class Model:
    """A bundle in an index.

    Attributes:
        name: What to ask for; a plain name, which could be that of a file.
        task: What it does, as model cards name it, such as 'semantic-segmentation'.
        classes: Names of its classes, by class id.
        bands: Names of the bands of an image that it takes.
        metres_per_pixel: Of the images that it was trained with; None if not known.
        license: Its license, as an SPDX identifier; None if not known.
        url: Where the bundle lies: a path relative to the index, or a URI.
        size: Bytes of the bundle.
        sha256: SHA-256 of the bundle, as 64 hexadecimal digits.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    bands: tuple[str, ...]
    metres_per_pixel: float | None
    license: str | None
    url: str
    size: int
    sha256: str

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Index:
    """The models of a zoo.

    Attributes:
        uri: The file that lists them.
        models: The models, in the order of the file.
    """

    uri: str
    models: tuple[Model, ...]

    @classmethod
    def read(cls, uri: str) -> 'Index':
        """Read an index.

        Args:
            uri: A JSON file on any file system, or the folder with an `index.json`.

        Raises:
            NotReadableError: If it cannot be read, or is no JSON.
            DataError: If it is no index, or an entry of it is not what it should be.
        """
        is_folder = uri.endswith('/') or (is_local(uri) and os.path.isdir(to_path(uri)))
        uri = os.path.join(uri, INDEX_FILE) if is_folder else uri
        data = file_to_json(uri, LIMITS)
        if not isinstance(data, dict) or not isinstance(data.get('models'), list):
            raise DataError(
                f'{uri!r} is no index of models: it is not like {{"version": {VERSION}, "models": [...]}}. '
                '`rastervision zoo index` makes one.'
            )
        if data.get('version') != VERSION:
            raise DataError(
                f'{uri!r} cannot be read here: its version is {data.get("version")!r:.100}, not {VERSION}. A newer '
                'version of Raster Vision may read it.'
            )
        if len(data['models']) > MAX_MODELS:
            raise DataError(f'{uri!r} lists {len(data["models"]):,} models; {MAX_MODELS:,} are the most that it may.')
        models = tuple(read_model(uri, number, entry) for number, entry in enumerate(data['models']))
        seen: set[str] = set()
        for model in models:
            if model.name in seen:
                raise DataError(f'{uri!r} lists two models with the name {model.name!r}. Names must differ.')
            seen.add(model.name)
        return cls(uri, models)

    def write(self) -> None:
        """Write the index to its URI, the same models as the same bytes.

        Raises:
            NotWritableError: If it cannot be written.
        """
        data = {'version': VERSION, 'models': [model.dict() for model in self.models]}
        str_to_file(json.dumps(data, indent=2) + '\n', self.uri)

    def find(self, name: str) -> Model:
        """The model of a name.

        Raises:
            ArgumentError: If there is none, with the nearest name.
        """
        names = [model.name for model in self.models]
        if name in names:
            return self.models[names.index(name)]
        known = f' Known: {", ".join(sorted(names)) or "none"}.' if len(names) <= MAX_LISTED else ''
        raise ArgumentError(f'{self.uri!r} has no model {name!r}{did_you_mean(name, names) or "."}{known}')

    def uri_of(self, model: Model) -> str:
        """Where the bundle of a model lies."""
        if SCHEME.match(model.url) or os.path.isabs(model.url):
            return model.url
        if urlsplit(self.uri).scheme.lower() in ('http', 'https'):
            return urljoin(self.uri, model.url)
        return os.path.join(os.path.dirname(self.uri), model.url)


def read_model(uri: str, number: int, entry: Any) -> Model:
    """A model from its entry in an index.

    Args:
        uri: The index.
        number: Place of the entry in it, counted from 0; for messages.
        entry: Plain data, as `Model.dict` gives it. Other keys are left out.

    Raises:
        DataError: If the entry is not what it should be; with the field.
    """

    def refuse(what: str, hint: str) -> DataError:
        return DataError(f'{uri!r}: models[{number}]{what}. {hint}')

    if not isinstance(entry, dict):
        raise refuse(f' is {entry!r:.100}, not an object', '`rastervision zoo index` writes what an entry is.')
    values: dict[str, Any] = {}
    for field, (is_right, expected) in FIELDS.items():
        value = entry.get(field)
        if not is_right(value):
            given = 'is missing' if field not in entry else f'is {value!r:.100}'
            raise refuse(f'.{field} {given}', f'It must be {expected}.')
        values[field] = tuple(value) if isinstance(value, list) else value
    problem = _problem_of_url(uri, values['url'])
    if problem:
        raise refuse(f'.url is {values["url"]!r:.200}, {problem}', 'Give a path relative to the index, or a whole URI.')
    return Model(**values)


def _problem_of_url(index_uri: str, url: str) -> str | None:
    """What is wrong with the place of a bundle, in an index that lies there; None if nothing is."""
    if url != url.strip() or not url.isprintable():
        return 'which has blanks or control characters in it'
    if is_local(index_uri):
        return None if _is_known(url) else 'which no installed file system can read'
    try:
        parts = urlsplit(url)
    except ValueError:
        return 'which is no URI'
    if parts.scheme:
        whole = parts.scheme in REMOTE_SCHEMES and parts.netloc and url.startswith(f'{parts.scheme}://')
        return None if whole else 'but an index that is not on this machine may name https, http and s3 only'
    return None if stays_inside(url) else 'which leads out of the folder of the index'


def _is_known(uri: str) -> bool:
    try:
        FileSystem.get_file_system(uri)
    except OSError:
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_ITEMS and all(map(_is_text, value))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _is_resolution(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (is_number and value > 0 and math.isfinite(value))


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_SIZE


FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    'name': (_is_name, 'a name of letters, digits, dots, dashes and underscores, 100 at most'),
    'task': (_is_name, "a task such as 'semantic-segmentation'"),
    'classes': (_is_list_of_texts, 'a list of the names of classes'),
    'bands': (_is_list_of_texts, 'a list of the names of bands'),
    'metres_per_pixel': (_is_resolution, 'a number above 0, or null'),
    'license': (lambda value: value is None or _is_text(value), "an SPDX identifier such as 'CC-BY-4.0', or null"),
    'url': (
        lambda value: isinstance(value, str) and 0 < len(value) <= MAX_URL,
        'where the bundle is: a path relative to the index, or a URI',
    ),
    'size': (_is_size, 'the number of bytes of the bundle'),
    'sha256': (
        lambda value: isinstance(value, str) and SHA256.fullmatch(value) is not None,
        'the SHA-256 of the bundle, 64 hexadecimal digits in lower case',
    ),
}
