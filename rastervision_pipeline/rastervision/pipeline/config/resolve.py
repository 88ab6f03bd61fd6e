"""From a user's config to the one that is saved and run."""

from typing import TypeVar

from rastervision.pipeline.config.base import Config

T = TypeVar('T', bound=Config)


def resolve(config: T) -> T:
    """A filled-in, validated deep copy; the given config stays as it is. Idempotent.

    Raises:
        ConfigError: If something in the tree is not valid, with its path.
    """
    resolved = config.copy()
    resolved.update()
    resolved.revalidate()
    resolved.recursive_validate_config()
    return resolved
