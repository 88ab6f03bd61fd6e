"""References in the place of passwords, signatures and tokens, in the config that the jobs of a run read.

`https://$RASTERVISION_SECRET_1F4C92AB_1@host/a.tif` names a variable of the environment with the password, or the key
`secret_1f4c92ab_1` of the section `rastervision` of other settings. What starts a run sets the variables in its own
process, so that the jobs that it starts inherit them. Nothing is kept on a disk.

A name says for which servers the secret is: nobody can write a config that sends it to another one.
"""

import hashlib
import os
import re
from typing import Any

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.masking import MASK, mask, replace_in_data, replace_secrets
from rastervision.pipeline.rv_config import OWN_SECTION, SECRET_VARIABLES, rv_config_

SECRETS = SECRET_VARIABLES.rstrip('_').lower()  # as a section of settings
REFERENCE = re.compile(r'\$(?P<name>RASTERVISION_SECRET_(?P<place>[0-9A-F]{8})_\d{1,9})(?!\w)')
# What is before a server in a URI, which may be quoted in another one, then a password, and the server.
SERVER = re.compile(r'(?:://|%3A%2F%2F)(?:[^/?#]*@)?([^/?#@%]*)', re.IGNORECASE)
PLAIN_SERVER = re.compile(r'[\w.:\[\]-]+')
# All variables together: a process cannot be started with much more.
MAX_BYTES = 500_000
MOST_NAMED = 5


def refer_to_secrets(data: Any) -> tuple[Any, dict[str, str]]:
    """Put references in the place of secrets.

    Args:
        data: Plain data: dicts, lists, texts, ...

    Returns:
        A copy with references, and what the variables that they name have to be. The same data with other secrets give
        the same names.

    Raises:
        ConfigError: If there are more secrets than the environment of a process can hold.
    """
    known: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}

    def refer(value: str, place: str) -> str:
        value = REFERENCE.sub(lambda found: values.get(found['name'], found[0]), value)
        if value == MASK or REFERENCE.fullmatch(value):
            return value
        if (place, value) not in known:
            counts[place] = counts.get(place, 0) + 1
            known[place, value] = f'{SECRET_VARIABLES}{place}_{counts[place]}'
            values[known[place, value]] = value
        return f'${known[place, value]}'

    def replaced(text: str, name: str | None) -> str:
        place = _place(text, name)
        return refer(text, place) if name is not None else replace_secrets(text, lambda value: refer(value, place))

    values: dict[str, str] = {}
    copy = replace_in_data(data, replaced)
    used = references_in(copy)
    values = {name: value for name, value in values.items() if name in used}
    _check_values(values)
    return copy, values


def resolve_secrets(data: Any) -> Any:
    """Put secrets, as the settings of this machine tell them, in the place of references. Unknown ones stay.

    Args:
        data: Plain data. Those that came with a model bundle are not to be given to this.
    """

    def replaced(text: str, name: str | None) -> str:
        if SECRET_VARIABLES not in text or _masked(text) != REFERENCE.sub(MASK, text):
            return text  # where some are in the open, such as a server that looks like a password, we did not write it
        place = _place(text, name)
        return REFERENCE.sub(lambda found: _value(found['name']) if found['place'] == place else found[0], text)

    return replace_in_data(data, replaced)


def references_in(data: Any) -> dict[str, str]:
    """The variables that references in plain data name, each with what it is for, in words."""
    found: dict[str, str] = {}

    def note(text: str, name: str | None) -> str:
        for reference in REFERENCE.finditer(text):
            found.setdefault(reference['name'], f'the field {name!r}' if name is not None else _role(text, reference))
        return text

    replace_in_data(data, note)
    return found


def check_resolved(data: Any) -> None:
    """See that all secrets are known.

    Args:
        data: Plain data, as `resolve_secrets` gives them.

    Raises:
        ConfigError: If not, with the variables to set.
    """
    unknown = references_in(data)
    if unknown:
        lines = [f'  {name}: {role}' for name, role in list(unknown.items())[:MOST_NAMED]]
        lines += [f'  and {len(unknown) - MOST_NAMED} more'] if len(unknown) > MOST_NAMED else []
        raise ConfigError(
            'Passwords, signatures or tokens that this config refers to are not known here. Use the config file (.py) '
            'that has them, or set these variables of the environment:\n' + '\n'.join(lines)
        )


def _place(text: str, name: str | None) -> str:
    """What the servers that a text names are called in the names of variables.

    It is the same with secrets, references or masks in the text. One without a server, or with one of which programs
    may think differently, stands for itself.
    """
    if name is not None:
        return _digest(f'field {name}')
    masked = _masked(text)
    servers = [found[1].lower() for found in SERVER.finditer(masked)]
    is_plain = servers and all(PLAIN_SERVER.fullmatch(server) for server in servers)
    return _digest(' '.join(dict.fromkeys(servers)) if is_plain else masked)


def _role(text: str, reference: re.Match[str]) -> str:
    """What a reference in a text stands for, in words."""
    before = text[: reference.start()]
    parameter = re.search(r'([\w.-]+)\s?(?:=|%3D)$', before)
    what = 'user and password' if before.endswith('://') else repr(parameter[1]) if parameter else 'a secret'
    return f'{what} of {_masked(text)!r:.200}'


def _masked(text: str) -> str:
    return mask(REFERENCE.sub(MASK, text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8].upper()


def _value(name: str) -> str:
    """What a reference stands for; itself, if that is not known."""
    key = name.removeprefix(f'{OWN_SECTION}_'.upper()).lower()
    return str(rv_config_.get_namespace_option(OWN_SECTION, key, f'${name}'))


def _check_values(values: dict[str, str]) -> None:
    size = sum(len(os.fsencode(f'{name}={value}')) + 1 for name, value in values.items())
    if size > MAX_BYTES:
        raise ConfigError(
            f'The config has {len(values)} passwords, signatures or tokens of {size:,} bytes together, and jobs can be '
            f'given {MAX_BYTES:,}. Use credentials that are good for many files: those of s3://, a .netrc, one token '
            'for a folder.'
        )
    odd = next((name for name, value in values.items() if '\0' in value), None)
    if odd is not None:
        raise ConfigError('The config has a zero byte in a password, signature or token.')
