"""Constrained types for the fields of configs."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

from rastervision.core.defaults import MAX_CHANNELS, MAX_SIDE, MAX_ZOOM
from rastervision.pipeline.errors import ConfigError

INT64 = 2**63 - 1  # what arrays of numbers hold
INT32 = 2**31 - 1  # of pixels along a side: what GDAL holds

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


class InRange:
    """Marks a number so that an error about it gives the whole range, not only the side that it is beyond."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace all errors of the number by one that says what it may be."""
        schema = handler(source)
        return core_schema.custom_error_schema(
            schema, custom_error_type='number', custom_error_message=f'must be {range_text(dict(schema))}'
        )


def range_text(schema: dict[str, Any]) -> str:
    """What numbers a schema of pydantic takes, as text: 'a whole number from 1 to 300'.

    Args:
        schema: Of an int or a float.
    """
    text = 'a whole number' if schema['type'] == 'int' else 'a number'
    if 'multiple_of' in schema:
        text = f'a multiple of {schema["multiple_of"]}'
    low = f'from {schema["ge"]}' if 'ge' in schema else f'larger than {schema["gt"]}' if 'gt' in schema else ''
    high = f'to {schema["le"]}' if 'le' in schema else f'less than {schema["lt"]}' if 'lt' in schema else ''
    if schema.get('le') == INT64:  # no limit that anybody needs to know
        high = 'upwards' if 'ge' in schema else ''
    elif high.startswith('to') and 'ge' not in schema:
        high = high.replace('to', 'at most')
    elif low and not high:
        high = 'upwards' if 'ge' in schema else ''
    joint = ' ' if high.startswith(('to', 'upwards')) else ' and '
    sides = joint.join(side for side in (low, high) if side)
    if schema['type'] == 'float' and not ('le' in schema or 'lt' in schema):
        sides = f'{sides}, and finite' if sides else 'that is finite'
    return f'{text} {sides}'.strip()


def check_order(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Refuse a box whose end is not beyond its start.

    Raises:
        ConfigError: If it is not, along one of the axes.
    """
    if box[2] <= box[0] or box[3] <= box[1]:
        raise ConfigError(
            f'{box!r} holds nothing: the third number must be larger than the first, the fourth larger than the '
            'second. One across the 180th meridian is two.'
        )
    return box


IN_RANGE = InRange()

NonEmptyStr = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Proportion = Annotated[float, Field(ge=0, le=1), IN_RANGE]
PosProportion = Annotated[float, Field(gt=0, le=1), IN_RANGE]
ProportionBelow1 = Annotated[float, Field(ge=0, lt=1), IN_RANGE]
InnerProportion = Annotated[float, Field(gt=0, lt=1), IN_RANGE]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False), IN_RANGE]
PosFloat = Annotated[float, Field(gt=0, allow_inf_nan=False), IN_RANGE]
NonNegFloat = Annotated[float, Field(ge=0, allow_inf_nan=False), IN_RANGE]
PosInt = Annotated[int, Field(gt=0, le=INT64), IN_RANGE]
NonNegInt = Annotated[int, Field(ge=0, le=INT64), IN_RANGE]
Side = Annotated[int, Field(gt=0, le=MAX_SIDE), IN_RANGE]  # of a chip, in pixels
Diameter = Annotated[int, Field(ge=0, le=MAX_SIDE), IN_RANGE]  # of a disc, in pixels; 0: none
BlockSide = Annotated[int, Field(ge=16, le=MAX_SIDE, multiple_of=16), IN_RANGE]  # of a block of a TIFF, in pixels
ChannelCount = Annotated[int, Field(gt=0, le=MAX_CHANNELS), IN_RANGE]
ChannelIndex = Annotated[int, Field(ge=0, lt=MAX_CHANNELS), IN_RANGE]
OverviewFactor = Annotated[int, Field(ge=2, le=INT32), IN_RANGE]
PixelValue = Annotated[int, Field(ge=-INT64 - 1, le=2 * INT64 + 1), IN_RANGE]  # of any type of integers
Pixel = Annotated[int, Field(ge=-INT32, le=INT32), IN_RANGE]
Zoom = Annotated[int, Field(ge=0, le=MAX_ZOOM), IN_RANGE]  # of web tiles
Latitude = Annotated[float, Field(ge=-90, le=90), IN_RANGE]
Longitude = Annotated[float, Field(ge=-540, le=540), IN_RANGE]  # a turn more, across the antimeridian
PixelBox = Annotated[tuple[Pixel, Pixel, Pixel, Pixel], AfterValidator(check_order)]
FiniteBox = Annotated[tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat], AfterValidator(check_order)]
DegreeBox = Annotated[tuple[Latitude, Longitude, Latitude, Longitude], AfterValidator(check_order)]
Vector = Sequence[float]
License = Annotated[str, AfterValidator(check_license)]
