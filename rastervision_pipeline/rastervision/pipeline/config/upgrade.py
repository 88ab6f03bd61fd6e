"""Bringing config dicts of earlier versions up to date."""

from typing import Any


def upgrade_config(config_dict: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any] | list[dict[str, Any]]:
    """Placeholder until the upgraders are in: the dict as it is."""
    return config_dict
