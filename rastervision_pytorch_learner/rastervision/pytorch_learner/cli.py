"""The command tensorboard."""

import os
import subprocess

import click

from rastervision.pipeline.plain_text import echo


@click.command('tensorboard', short_help='Look at the training of runs with TensorBoard.')
@click.argument('root_uri', type=click.Path())
@click.option('--port', type=int, default=6006, show_default=True, help='Port to serve on.')
@click.option('--host', help='Name or address to serve on; 0.0.0.0 for all. Default: the setting, or localhost.')
def tensorboard(root_uri: str, port: int, host: str | None) -> None:
    """Serve the logs of all runs under ROOT_URI, until Ctrl-C. Those of a remote run are downloaded first."""
    from rastervision.pipeline.errors import NotReadableError, RunError
    from rastervision.pipeline.file_system.local_file_system import to_path
    from rastervision.pipeline.file_system.utils import get_tmp_dir, is_local, sync_from_dir
    from rastervision.pytorch_learner.loggers.tensorboard_logger import server_command

    with get_tmp_dir() as tmp_dir:
        folder = to_path(root_uri) if is_local(root_uri) else os.path.join(tmp_dir, 'logs')
        if not is_local(root_uri):
            sync_from_dir(os.path.join(root_uri, 'train', 'tb-logs'), folder)
        if not any('tfevents' in name for _, _, names in os.walk(folder) for name in names):
            raise NotReadableError(f'{root_uri!r} has no logs for TensorBoard. Train with log_tensorboard=True first.')
        command = server_command(folder, host, port)
        echo(f'http://{command[command.index("--host") + 1]}:{port}/')
        code = subprocess.run(command, check=False).returncode
    if code:
        raise RunError(f'TensorBoard ended with exit code {code}. Is port {port} taken? Choose another with --port.')
