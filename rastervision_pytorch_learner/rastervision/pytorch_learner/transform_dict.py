"""The shape of a serialised albumentations transform.

A config holds transforms as plain dicts and looks at their structure only; whether albumentations can make them is
seen when they are built, by `rastervision.pytorch_learner.dataset.transform_io`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from rastervision.pipeline.errors import ConfigError

LAMBDA_PATH_KEY = 'lambda_transforms_path'
CLASS_KEY = '__class_fullname__'

# Transforms of albumentations that take images of three bands only, or of three or one.
THREE_BANDS = frozenset(
    {
        'ChromaticAberration',
        'HEStain',
        'ISONoise',
        'PlanckianJitter',
        'RandomFog',
        'RandomGravel',
        'RandomRain',
        'RandomSnow',
        'RandomSunFlare',
        'Spatter',
    }
)
THREE_BANDS_OR_ONE = frozenset(
    {'CLAHE', 'ColorJitter', 'Equalize', 'HueSaturationValue', 'RGBShift', 'ToGray', 'ToRGB', 'ToSepia'}
)


def validate_transform_dict(tf_dict: dict[str, Any] | None) -> dict[str, Any] | None:
    """Check that a dict looks like what `albumentations.to_dict` gives.

    Args:
        tf_dict: The dict; None is passed through.

    Raises:
        ConfigError: If it does not.
    """
    if tf_dict is None:
        return None
    transform = tf_dict.get('transform')
    if not isinstance(transform, dict) or not isinstance(transform.get(CLASS_KEY), str):
        raise ConfigError(
            f'{tf_dict!r:.200} is not a serialised albumentations transform: it needs a key "transform" with a dict '
            f'that has {CLASS_KEY!r}. Make one with albumentations.to_dict(transform).'
        )
    return tf_dict


def check_bands(names: Iterable[str], bands: int, place: str) -> None:
    """Refuse transforms that cannot take images of a number of bands.

    Args:
        names: Names of the transforms.
        bands: The number.
        place: The field of the config, for the message.

    Raises:
        ConfigError: Naming the first such transform, and what can be used.
    """
    for name in names:
        if (name in THREE_BANDS and bands != 3) or (name in THREE_BANDS_OR_ONE and bands not in (1, 3)):
            raise ConfigError(
                f'{place}: {name} is for images of three bands, and these have {bands}. Leave it out, or use '
                'transforms for any number of bands, such as RandomBrightnessContrast or GaussianBlur.'
            )


def transform_names(tf_dict: Any) -> Iterator[str]:
    """Names of the transforms in a dict, without their modules."""
    if isinstance(tf_dict, dict):
        if isinstance(tf_dict.get(CLASS_KEY), str):
            yield tf_dict[CLASS_KEY].rpartition('.')[2]
        for inner in (tf_dict.get('transform'), *(tf_dict.get('transforms') or ())):
            yield from transform_names(inner)
