"""What is known to be wrong with a pipeline before it runs."""

import logging
from collections.abc import Sequence

from rastervision.pipeline.errors import ConfigError
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
        pipelines: Others that run with it; it may read what they write.

    Returns:
        Local files that would be read and are not there; and other problems.
    """
    others = [Manifest(other) for other in pipelines if other is not pipeline]
    missing = Manifest(pipeline).missing_inputs(pending)
    missing = [uri for uri in missing if not any(other.makes(uri) for other in others)]
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
