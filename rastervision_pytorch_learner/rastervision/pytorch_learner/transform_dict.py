"""The shape of a serialised albumentations transform.

A config holds transforms as plain dicts and looks at their structure only; whether albumentations can make them is
seen when they are built, by `rastervision.pytorch_learner.dataset.transform_io`.
"""

from typing import Any

from rastervision.pipeline.errors import ConfigError

LAMBDA_PATH_KEY = 'lambda_transforms_path'
CLASS_KEY = '__class_fullname__'


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
