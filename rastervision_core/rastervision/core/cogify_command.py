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
@click.option(
    '--bbox',
    type=float,
    nargs=4,
    metavar='XMIN YMIN XMAX YMAX',
    help='Of tiles: the part that is made; west, south, east and north in degrees, unless --bbox-crs says otherwise.',
)
@click.option('--bbox-crs', help="Of tiles: the CRS of --bbox, such as 'EPSG:32617'.")
@click.option('--zoom', type=int, help='Of tiles: the zoom.')
@click.option('--max-tiles', type=int, help='Of tiles: how many may be fetched for one image; 10000 unless given.')
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
    **options: str | int | tuple[float, ...] | None,
) -> None:
    """Make a cloud-optimized GeoTIFF in the folder OUTPUT_URI of each of URIS, which GDAL can read.

    Tiles of a map service or in a folder become one, too: XYZ: or TMS: and a template such as
    https://example.org/{z}/{x}/{y}.png, or WMTS: and the address of its capabilities (,layer=NAME,tilematrixset=NAME),
    with --bbox and --zoom.
    """
    from rastervision.core.cogify_config import CogifyConfig
    from rastervision.pipeline.cli.running import run_pipelines
    from rastervision.pipeline.registry import registry_

    given = {name: value for name, value in options.items() if value is not None}
    config = CogifyConfig.from_dict(
        {'root_uri': output_uri, 'uris': list(uris), 'overviews': list(overviews) or None, **given}
    )
    chosen = registry_.get_runner(runner)()
    chosen.configure({} if chosen.waits else {'wait': 'true'})
    run_pipelines(chosen, [config], (), num_splits=splits, rerun=rerun)
