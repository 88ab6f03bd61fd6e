"""The command line that runs a job."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rastervision.pipeline.rv_config import rv_config_

MODULE = 'rastervision.pipeline.cli'


def job_command_line(
    cfg_json_uri: str,
    command: str,
    opts: Mapping[str, Any] | None = None,
    *,
    python: str = sys.executable,
    cli_options: Sequence[str] | None = None,
) -> list[str]:
    """Program and arguments of a job.

    Args:
        cfg_json_uri: The saved config.
        command: The command.
        opts: Options of `run_command`, without dashes: `{'num-splits': 2, 'split-ind': 0}`.
        python: The interpreter, where the job runs.
        cli_options: Options for `rastervision` itself. None: what was set in this process.
    """
    group = rv_config_.get_cli_options() if cli_options is None else cli_options
    options = [text for name, value in (opts or {}).items() for text in (f'--{name}', str(value))]
    # Here, what lies in the working directory is not imported; a container has its own, and the command line of 0.31.
    safe = ['-P'] if python == sys.executable else []
    return [python, *safe, '-m', MODULE, *group, 'run_command', cfg_json_uri, command, *options]
