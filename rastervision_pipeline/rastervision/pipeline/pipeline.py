"""A pipeline: commands that run one after another."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline_config import PipelineConfig


class Pipeline:
    """A sequence of commands, some of which can be split into independent jobs.

    A command is a method. One that is in `split_commands` takes `split_ind` and `num_splits`.

    Attributes:
        commands: Names of all commands, in the order they run.
        split_commands: Those that can be split.
        gpu_commands: Those that profit from a GPU.
    """

    commands: list[str] = ['test_cpu', 'test_gpu']  # noqa: RUF012  (plugins override it with a plain list)
    split_commands: list[str] = ['test_cpu']  # noqa: RUF012
    gpu_commands: list[str] = ['test_gpu']  # noqa: RUF012

    def __init__(self, config: 'PipelineConfig', tmp_dir: str) -> None:
        """Keep the config.

        Args:
            config: The resolved config.
            tmp_dir: A folder that is removed when the command ends.
        """
        self.config = config
        self.tmp_dir = tmp_dir

    def test_cpu(self, split_ind: int = 0, num_splits: int = 1) -> None:
        """Do nothing, on a CPU; to try a runner."""

    def test_gpu(self) -> None:
        """Do nothing, on a GPU; to try a runner."""
