"""Constrained types for the fields of configs."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from rastervision.pipeline.errors import ConfigError

SPDX = re.compile(r'[\w.+-]+')  # what STAC allows


def check_license(value: str) -> str:
    """Refuse what does not look like the identifier of a license.

    Raises:
        ConfigError: If it does not.
    """
    if not SPDX.fullmatch(value):
        raise ConfigError(
            f"license {value!r} is no SPDX identifier such as 'Apache-2.0' or 'CC-BY-4.0' (https://spdx.org/licenses). "
            "For a license without one give 'other', and name it in the description."
        )
    return value


NonEmptyStr = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Proportion = Annotated[float, Field(ge=0, le=1)]
PosInt = Annotated[int, Field(gt=0)]
NonNegInt = Annotated[int, Field(ge=0)]
Vector = Sequence[float]
License = Annotated[str, AfterValidator(check_license)]
