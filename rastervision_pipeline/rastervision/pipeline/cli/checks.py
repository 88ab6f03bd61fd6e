"""What is known to be wrong with a pipeline before it runs."""

import logging
import os
from collections.abc import Sequence

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.file_system.local_file_system import to_path
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.problems import Problem

log = logging.getLogger(__name__)


def look_ahead(
    pipeline: Pipeline, pending: Sequence[str], pipelines: Sequence[Pipeline] = ()
) -> tuple[list[str], list[Problem]]:
    """What is known to be wrong with a pipeline before it runs. Cheap: nothing is read but headers.

    Args:
        pipeline: The pipeline.
        pending: The commands that are to run.
        pipelines: Others that run before it; it may read what they write.

    Returns:
        Local files that would be read and are not there; and other problems.
    """
    folders = [os.path.dirname(os.path.abspath(to_path(other.config.get_config_uri()))) for other in pipelines]
    roots = tuple(os.path.join(folder, '') for folder in folders)
    missing = Manifest(pipeline).missing_inputs(pending)
    missing = [uri for uri in missing if not os.path.abspath(to_path(uri)).startswith(roots)]
    return missing, list(pipeline.find_problems(pending)) if pending else []


def refuse_problems(pipeline: Pipeline, pending: Sequence[str], pipelines: Sequence[Pipeline] = ()) -> None:
    """Log what looks wrong with a pipeline before it runs; see `look_ahead`.

    Raises:
        ConfigError: If it would fail; with all that is wrong.
    """
    missing, problems = look_ahead(pipeline, pending, pipelines)
    for problem in problems:
        if not problem.is_error:
            log.warning('%s', problem.message)
    errors = [f'{pipeline.name_input(uri)}: there is no such file.' for uri in missing]
    errors += [problem.message for problem in problems if problem.is_error]
    if errors:
        raise ConfigError('\n'.join(errors))
