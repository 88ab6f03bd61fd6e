"""The command cogify."""

import click


@click.command('cogify', short_help='Make cloud-optimized GeoTIFFs.')
@click.argument('output_uri', type=click.Path())
@click.argument('uris', nargs=-1, required=True, type=click.Path())
@click.option('--block-size', type=int, default=512, show_default=True, help='Width and height of a block.')
@click.option('--compression', default='deflate', show_default=True, help='deflate, lzw, zstd, jpeg, none, ...')
@click.option(
    '--resampling',
    'resample_method',
    default='near',
    show_default=True,
    help='Of overviews: near, average, cubic, ...',
)
@click.option('--overview', 'overviews', type=int, multiple=True, help='How many times smaller; for each overview.')
@click.option('--splits', '-s', type=click.IntRange(min=1), default=1, show_default=True, help='Jobs for it.')
@click.option('--runner', default='inprocess', show_default=True, help='What runs the jobs; local for several at once.')
@click.option('--rerun', is_flag=True, help='Make files again that are done.')
def cogify(
    output_uri: str,
    uris: tuple[str, ...],
    overviews: tuple[int, ...],
    splits: int,
    runner: str,
    rerun: bool,
    **options: str | int,
) -> None:
    """Make a cloud-optimized GeoTIFF in the folder OUTPUT_URI of each of URIS, which GDAL can read."""
    from rastervision.core.cogify_config import CogifyConfig
    from rastervision.pipeline.cli.running import run_pipelines
    from rastervision.pipeline.registry import registry_

    config = CogifyConfig.from_dict(
        {'root_uri': output_uri, 'uris': list(uris), 'overviews': list(overviews) or None, **options}
    )
    chosen = registry_.get_runner(runner)()
    chosen.configure({} if chosen.waits else {'wait': 'true'})
    run_pipelines(chosen, [config], (), num_splits=splits, rerun=rerun)
