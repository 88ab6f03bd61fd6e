"""Keeps libraries from calling home.

Some look for updates when they are imported, or report how they are used. This is set before any of them is imported
here; what the user has set himself stays.
"""

import os

SETTINGS = {
    'NO_ALBUMENTATIONS_UPDATE': '1',  # albumentations asks PyPI for newer versions
    'HF_HUB_DISABLE_TELEMETRY': '1',  # of huggingface_hub, which timm fetches weights with
    'MLFLOW_DISABLE_TELEMETRY': 'true',
    'WANDB_ERROR_REPORTING': 'false',
    'DO_NOT_TRACK': '1',
}


def turn_off() -> None:
    """Turn off what calls home, for this process and those that it starts."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
