"""Passwords, signatures and tokens in what is shown or kept: in URIs, above all.

The one place that knows them. What people see (errors, logs, terminals, reports) and what travels (bundles, model
cards) goes through here. In the config under the root of a run, references take their place; see
:mod:`.secret_references`.
"""

import re
from collections.abc import Callable
from typing import Any

MASK = '***'
# Words that make the name of a parameter, setting or field one of a secret, wherever they are in it.
WORD = (
    r'(?:signature|credential|token(?!s|_?(?:len|size|count|dim))|secret|passw(?:or)?d|passphrase|authorization'
    r'|(?:api|access|account|private|subscription)[-_.]?key)[\w.-]{0,60}'
)
USER = re.compile(r'([a-z][a-z0-9+.-]{0,30}://)[^\s/?#\'"<>]+@', re.IGNORECASE)
# In a URI, which may itself be quoted in another one.
QUERY = re.compile(
    rf'((?:{WORD}|(?:[?&;]|%3F|%26)(?:sig|sas|auth|jwt|key|pass|pwd))(?:=|%3D))(?:(?!%26|%23)[^&;#\s\'"<>,)\]}}])+',
    re.IGNORECASE,
)
# As in the connection string of a database, or a setting.
ASSIGNMENT = re.compile(rf'((?:{WORD}|\bpwd)\s?=\s?)(?:\'[^\'\n]*\'|"[^"\n]*"|[^\s,;&\'"<>()]+)', re.IGNORECASE)
BEARER = re.compile(r'\b((?:bearer|basic)(?: |%20))[\w.~+/%-]{8,}=*', re.IGNORECASE)
# When a signature was made and how long it holds, in a URI that has one.
TIME = re.compile(
    r'((?:[?&;]|%3F|%26)(?:X-(?:Amz|Goog)-(?:Date|Expires)|Expires|se|st|ske|skt)(?:=|%3D))(?:(?!%26|%23)[^&;#\s\'"<>])+',
    re.IGNORECASE,
)
SECRET_NAME = re.compile(rf'[\w.-]{{0,60}}?{WORD}', re.IGNORECASE)


def mask(text: str) -> str:
    """A text with `***` in the place of passwords, signatures and tokens.

    They are found in URIs (`https://user:password@host`, `?X-Amz-Signature=...`, `?sig=...`), in connection strings
    (`password=...`) and in headers. What is masked already stays as it is.
    """
    return replace_secrets(text, lambda _: MASK)


def mask_data(data: Any) -> Any:
    """A copy of plain data (dicts, lists, texts, ...) with all secrets masked; also fields with the name of one."""
    return replace_in_data(data, lambda text, name: MASK if name is not None else mask(text))


def mask_renewed(data: Any) -> Any:
    """A copy of plain data that stays the same when passwords, tokens and signatures, with their times, are renewed."""

    def masked(text: str, name: str | None) -> str:
        if name is not None:
            return MASK
        shown = mask(text)
        return TIME.sub(rf'\1{MASK}', shown) if MASK in shown else shown

    return replace_in_data(data, masked)


def replace_secrets(text: str, put: Callable[[str], str]) -> str:
    """A text with something else in the place of passwords, signatures and tokens; see `mask`.

    Args:
        text: The text.
        put: Gives what to put in the place of a secret. It may be asked about what it has put there.
    """

    def replaced(found: re.Match[str]) -> str:
        return found[1] + put(found[0][len(found[1]) :])

    if '@' in text:
        text = USER.sub(lambda found: f'{found[1]}{put(found[0][len(found[1]) : -1])}@', text)
    if '=' in text or '%3' in text:
        text = ASSIGNMENT.sub(replaced, QUERY.sub(replaced, text))
    return BEARER.sub(replaced, text)


def replace_in_data(data: Any, replaced: Callable[[str, str | None], str], name: str | None = None) -> Any:
    """A copy of plain data with other texts.

    Args:
        data: Dicts, lists, texts, ...
        replaced: Gives what to put in the place of a text. It is also given the name of the field, if that is one of a
            secret and the text is all of it.
        name: Name of the field that the data are in, if it is one of a secret.
    """
    if isinstance(data, str):
        return replaced(data, name) if data else data
    if isinstance(data, dict):
        return {
            key: replace_in_data(value, replaced, key if isinstance(value, str) and is_secret_name(key) else None)
            for key, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [replace_in_data(item, replaced) for item in data]
    return data


def is_secret_name(name: Any) -> bool:
    """Whether a setting or field of this name holds a secret."""
    return isinstance(name, str) and SECRET_NAME.fullmatch(name) is not None


def has_secret(text: str) -> bool:
    """Whether there is something to mask in a text."""
    return mask(text) != text
