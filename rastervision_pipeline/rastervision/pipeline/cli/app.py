"""The group of all commands, and what holds for each of them."""

import logging
import signal
import sys
import threading
from typing import Any, NoReturn

import click

from rastervision.pipeline.cli.commands import COMMANDS
from rastervision.pipeline.cli.failures import report
from rastervision.pipeline.registry import registry_

log = logging.getLogger(__name__)

STOPPED = 130


class PluginGroup(click.Group):
    """A group with the commands of plugins in it, which are imported when first needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted({*super().list_commands(ctx), *registry_.get_plugin_command_names()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, or None."""
        return super().get_command(ctx, cmd_name) or registry_.get_plugin_command(cmd_name)


@click.group(cls=PluginGroup)
@click.option('--profile', '-p', help='Profile of settings, a file in ~/.rastervision.')
@click.option('-v', '--verbose', count=True, help='Log more, and show tracebacks; -vv: still more.')
@click.option('--tmpdir', help='Folder for temporary files.')
@click.version_option(package_name='rastervision_pipeline', prog_name='rastervision')
def main(profile: str | None, verbose: int, tmpdir: str | None) -> None:
    """Deep learning on satellite and aerial imagery."""
    from rastervision.pipeline.rv_config import rv_config_
    from rastervision.pipeline.verbosity import Verbosity

    rv_config_.set_verbosity(Verbosity(min(verbose + 1, Verbosity.DEBUG)))
    rv_config_.set_tmp_dir_root(tmpdir)
    rv_config_.set_everett_config(profile=profile)


for command in COMMANDS:
    main.add_command(command)


def _main() -> NoReturn:
    """Run the command line, and exit: 0 done, 1 an error, 2 a wrong command line, 130 stopped by Ctrl-C."""
    if threading.current_thread() is threading.main_thread():
        # Ending by an exception lets what is half written be removed, and the jobs of a runner be stopped.
        signal.signal(signal.SIGTERM, _exit_on_signal)
    try:
        sys.exit(main.main(prog_name='rastervision', standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo('Stopped.', err=True)
        sys.exit(STOPPED)
    except Exception as error:
        report(error)
        sys.exit(1)


def _exit_on_signal(number: int, frame: Any) -> NoReturn:
    sys.exit(128 + number)
