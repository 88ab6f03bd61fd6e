"""Passwords, signatures and tokens in what is shown or kept: in URIs, above all.

The one place that knows them. What people see (errors, logs, terminals, reports) and what travels (bundles, model
cards) goes through here; only the config under the root of a run keeps what its jobs need to read their data.
"""

import re
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
SECRET_NAME = re.compile(rf'[\w.-]{{0,60}}?{WORD}', re.IGNORECASE)


def mask(text: str) -> str:
    """A text with `***` in the place of passwords, signatures and tokens.

    They are found in URIs (`https://user:password@host`, `?X-Amz-Signature=...`, `?sig=...`), in connection strings
    (`password=...`) and in headers. What is masked already stays as it is.
    """
    if '@' in text:
        text = USER.sub(rf'\1{MASK}@', text)
    if '=' in text or '%3' in text:
        text = ASSIGNMENT.sub(rf'\1{MASK}', QUERY.sub(rf'\1{MASK}', text))
    return BEARER.sub(rf'\1{MASK}', text)


def mask_data(data: Any) -> Any:
    """A copy of plain data (dicts, lists, texts, ...) with all secrets masked; also fields with the name of one."""
    if isinstance(data, str):
        return mask(data)
    if isinstance(data, dict):
        return {
            key: MASK if isinstance(value, str) and value and is_secret_name(key) else mask_data(value)
            for key, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [mask_data(item) for item in data]
    return data


def is_secret_name(name: Any) -> bool:
    """Whether a setting or field of this name holds a secret."""
    return isinstance(name, str) and SECRET_NAME.fullmatch(name) is not None


def has_secret(text: str) -> bool:
    """Whether there is something to mask in a text."""
    return mask(text) != text
