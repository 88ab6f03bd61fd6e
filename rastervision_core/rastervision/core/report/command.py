"""The command report."""

import click

from rastervision.pipeline.plain_text import echo


@click.command('report', short_help='Show how good a run is and where it fails, as HTML.')
@click.argument('root_uris', nargs=-1, required=True, metavar='ROOT_URI...', type=click.Path())
@click.option('--output', '-o', 'output_uri', default=None, help='Folder for the report. Default: ROOT_URI/report.')
@click.option(
    '--scenes',
    'max_scenes',
    type=click.IntRange(min=0),
    default=12,
    show_default=True,
    help='Of how many scenes to show pictures: those with most errors.',
)
def report(root_uris: tuple[str, ...], output_uri: str | None, max_scenes: int) -> None:
    """Write a report of the run at ROOT_URI: one HTML file with all in it, and its pictures beside it.

    Of several runs, a comparison is written. What a run has not left yet is said to be missing. The file needs no
    server and no network.
    """
    from rastervision.core.report.report import make_report

    echo(make_report(root_uris, output_uri, max_scenes=max_scenes))
