"""The commands `run`, `run_command`, `explain` and `jobs`.

What they need is imported inside, so that `rastervision --help` stays quick.
"""

import click

ARG = click.option(
    '--arg', '-a', 'args', type=(str, str), multiple=True, metavar='KEY VALUE', help='Argument for get_config.'
)


@click.command('run')
@click.argument('runner')
@click.argument('cfg_module')
@click.argument('commands', nargs=-1)
@ARG
@click.option(
    '--splits', '-s', type=click.IntRange(min=1), default=1, show_default=True, help='Jobs per splittable command.'
)
@click.option('--pipeline-run-name', default='raster-vision', show_default=True, help='Name of the run.')
@click.option(
    '--option',
    '-o',
    'options',
    type=(str, str),
    multiple=True,
    metavar='NAME VALUE',
    help='Setting of the runner, such as gpu_splits 2.',
)
@click.option('--wait', is_flag=True, help='Wait for the jobs to end, also if they are handed to a cluster.')
@click.option('--dry-run', is_flag=True, help='Show what would run and why; write nothing.')
@click.option('--rerun', is_flag=True, help='Run finished commands again, too.')
def run(
    runner: str,
    cfg_module: str,
    commands: tuple[str, ...],
    args: tuple[tuple[str, str], ...],
    splits: int,
    pipeline_run_name: str,
    options: tuple[tuple[str, str], ...],
    wait: bool,
    dry_run: bool,
    rerun: bool,
) -> None:
    """Run COMMANDS, or all, of the pipelines in CFG_MODULE.

    RUNNER is inprocess, local, slurm, or one that a plugin adds. CFG_MODULE is a Python file or module with a function
    get_config, or a saved pipeline-config.json. A command that is finished already is left out.
    """
    from rastervision.pipeline.cli.config_module import get_configs
    from rastervision.pipeline.cli.running import run_pipelines
    from rastervision.pipeline.registry import registry_

    configs = get_configs(cfg_module, runner, dict(args))
    chosen = registry_.get_runner(runner)()
    chosen.configure(dict(options) | ({'wait': 'true'} if wait and not chosen.waits else {}))
    run_pipelines(
        chosen,
        configs,
        commands,
        num_splits=splits,
        pipeline_run_name=pipeline_run_name,
        dry_run=dry_run,
        rerun=rerun,
    )


@click.command('run_command')
@click.argument('cfg_json_uri')
@click.argument('command')
@click.option('--split-ind', type=int, help='Which split to run, from 0.')
@click.option('--num-splits', type=int, help='How many splits there are.')
@click.option('--runner', default='inprocess', show_default=True, help='Runner that started this; tells the split.')
def run_command(cfg_json_uri: str, command: str, split_ind: int | None, num_splits: int | None, runner: str) -> None:
    """Run COMMAND of the saved config CFG_JSON_URI; how runners start a job."""
    from rastervision.pipeline import execution
    from rastervision.pipeline.registry import registry_
    from rastervision.pipeline.runner.parent import follow_parent

    follow_parent()
    if num_splits is not None and split_ind is None:
        split_ind = registry_.get_runner(runner)().get_split_ind()
    execution.run_command(cfg_json_uri, command, split_ind, num_splits)


@click.command('explain')
@click.argument('cfg_module')
@ARG
@click.option('--runner', default='inprocess', show_default=True, help='Runner name that get_config is given.')
def explain(cfg_module: str, args: tuple[tuple[str, str], ...], runner: str) -> None:
    """Show the resolved config of CFG_MODULE, and where each value comes from."""
    from rastervision.pipeline.cli.config_module import get_configs
    from rastervision.pipeline.config.explain import explain as explain_config

    for config in get_configs(cfg_module, runner, dict(args)):
        click.echo('\n'.join(map(str, explain_config(config))))


@click.command('jobs')
@click.argument('root_uri')
@click.option('--wait', is_flag=True, help='Follow them until all have ended.')
@click.option('--cancel', is_flag=True, help='Cancel those that have not ended.')
def jobs(root_uri: str, wait: bool, cancel: bool) -> None:
    """Show the jobs that were last handed to a cluster for the run at ROOT_URI."""
    from rastervision.pipeline.cli.running import show_jobs

    show_jobs(root_uri, wait=wait, cancel=cancel)


COMMANDS = (run, run_command, explain, jobs)
