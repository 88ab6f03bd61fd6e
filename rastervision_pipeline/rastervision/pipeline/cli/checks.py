"""What is known to be wrong with a pipeline before it runs."""

import logging
from collections.abc import Collection, Iterator, Sequence

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.problems import Problem

log = logging.getLogger(__name__)


def look_ahead(
    manifest: Manifest, pending: Sequence[str], asked: Collection[str], manifests: Sequence[Manifest] = ()
) -> tuple[list[str], list[Problem]]:
    """What is known to be wrong with a pipeline before it runs. Cheap: nothing is read but headers.

    Args:
        manifest: That of the pipeline.
        pending: The commands that are to run.
        asked: The commands that were asked for: those and others, which are done, or run elsewhere.
        manifests: Those of the pipelines that run with it; it may read what they write.

    Returns:
        Local files that would be read and are not there; and other problems.
    """
    missing = [uri for uri in manifest.missing_inputs(pending) if not any(other.makes(uri) for other in manifests)]
    problems = list(manifest.pipeline.find_problems(pending)) if pending else []
    return missing, [*problems, *_left_behind(manifest, pending, asked)]


def _left_behind(manifest: Manifest, pending: Sequence[str], asked: Collection[str]) -> Iterator[Problem]:
    """What commands would use of earlier ones that have run, are not up to date, and were not asked for."""
    for command in pending:
        for name in manifest.pipeline.upstream_of(command):
            if name in asked or not any(record['outputs'] for _, record in manifest.store_of(name).jobs(name)):
                continue
            status = manifest.statuses([name])[name]
            if not status.done:
                what = f'{command} uses what {name} has made, which is not up to date: {status.reason}.'
                yield Problem(f'{what} Run {name}, too.', is_error=False)


def refuse_problems(
    manifest: Manifest, pending: Sequence[str], asked: Collection[str], manifests: Sequence[Manifest] = ()
) -> None:
    """Log what looks wrong with a pipeline before it runs; see `look_ahead`.

    Raises:
        ConfigError: If it would fail; with all that is wrong.
    """
    missing, problems = look_ahead(manifest, pending, asked, manifests)
    for problem in problems:
        if not problem.is_error:
            log.warning('%s', problem.message)
    errors = [f'{manifest.pipeline.name_input(uri)}: there is no such file.' for uri in missing]
    errors += [problem.message for problem in problems if problem.is_error]
    if errors:
        raise ConfigError('\n'.join(errors))
