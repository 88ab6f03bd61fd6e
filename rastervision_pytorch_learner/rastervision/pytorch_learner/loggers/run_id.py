"""Which run on a server belongs to an output folder."""

import os
from pathlib import Path

from rastervision.pipeline.file_system.publish import publish_file


def read_run_id(state_dir: str, service: str) -> str | None:
    """The id of the run that records a training, or None if there is none yet.

    Args:
        state_dir: See :class:`.TrainingRun`.
        service: Name of the service.
    """
    path = _path(state_dir, service)
    return path.read_text().strip() if path.is_file() else None


def write_run_id(state_dir: str, service: str, run_id: str) -> None:
    """Keep the id of a run, for `read_run_id`."""
    os.makedirs(state_dir, exist_ok=True)
    with publish_file(str(_path(state_dir, service))) as tmp_path:
        Path(tmp_path).write_text(run_id)


def _path(state_dir: str, service: str) -> Path:
    return Path(state_dir) / f'{service}-run.txt'
