"""The command that removes what killed processes have left."""

import os
import shutil
from collections.abc import Iterator

import click

from rastervision.pipeline.plain_text import echo


@click.command('clean', short_help='Remove what killed jobs have left.')
@click.argument('root_uri', type=click.Path())
@click.option('--dry-run', is_flag=True, help='Only say what would be removed.')
def clean(root_uri: str, dry_run: bool) -> None:
    """Remove what jobs that were killed have left of the run in ROOT_URI: half-written files, temporary folders.

    Only what Raster Vision has made is removed, and only if the process that made it has ended. What belongs to
    processes on other machines stays for a week.
    """
    from rastervision.pipeline.file_system.atomic import clear_away
    from rastervision.pipeline.file_system.local_file_system import to_path
    from rastervision.pipeline.file_system.utils import file_exists, is_local
    from rastervision.pipeline.records import records_dir
    from rastervision.pipeline.rv_config import rv_config_
    from rastervision.pipeline.temporary import left_behind

    if not file_exists(root_uri):
        raise click.UsageError(f'{root_uri!r} does not exist. Give the folder that root_uri names.')
    removed = 0
    for path in _parts_of_run(to_path(root_uri), records_dir(root_uri)) if is_local(root_uri) else ():
        echo(path)
        removed += 1
        if not dry_run:
            clear_away(path)
    for path in left_behind(rv_config_.get_tmp_dir_root()):
        echo(path)
        removed += 1
        if not dry_run:
            shutil.rmtree(path, ignore_errors=True)
    echo(f'{removed} folders {"would be" if dry_run else "were"} removed.')


def _parts_of_run(root: str, records: str) -> Iterator[str]:
    """Unfinished parts in the folder of a run, in that of its records, and beside it."""
    from rastervision.pipeline.file_system.atomic import stale_parts

    root = os.path.abspath(root)
    yield from (path for path in stale_parts(os.path.dirname(root)) if os.path.basename(root) in os.path.basename(path))
    for folder in dict.fromkeys([root, records]):
        for parent, folders, _ in os.walk(folder):
            found = stale_parts(parent)
            yield from found
            folders[:] = [name for name in folders if os.path.join(parent, name) not in found]
