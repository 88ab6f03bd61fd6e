"""The interface of what the analyze command does."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rastervision.pipeline import lazy

if TYPE_CHECKING:
    from rastervision.core.data.scene import Scene

lazy.also_give(__name__, 'rastervision.core.data.scene: Scene')


class Analyzer(ABC):
    """Gathers what later commands need to know about scenes, before chips are made."""

    @abstractmethod
    def process(self, scenes: list['Scene'], tmp_dir: str) -> None:
        """Analyze scenes and write what was found.

        Args:
            scenes: The scenes, built without raster transformers.
            tmp_dir: A local folder that is removed later.
        """
