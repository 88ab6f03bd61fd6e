"""When two names of classes are the same."""

import math
import unicodedata
from collections.abc import Sequence
from typing import Any


def canonical(name: Any) -> str | None:
    """A name in the form in which it is compared.

    Letters with marks may be one character or two, such as in names of folders that macOS has made; files may have
    names that are numbers as numbers. Neither makes another name.

    Args:
        name: What a file or a config calls a class.

    Returns:
        Its text; None if this cannot be a name.
    """
    if isinstance(name, str):
        return unicodedata.normalize('NFC', name)
    if isinstance(name, bool) or not isinstance(name, int | float) or (isinstance(name, float) and math.isnan(name)):
        return None
    return str(int(name)) if float(name).is_integer() else str(name)


def ids_of_names(names: Sequence[str]) -> dict[str | None, int]:
    """Class ids by name in canonical form; of equal names the first counts."""
    return {canonical(name): class_id for class_id, name in reversed(list(enumerate(names)))}
