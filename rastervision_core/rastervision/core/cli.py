"""The commands predict, predict_scene and info."""

from typing import Any

import click

from rastervision.pipeline import lazy
from rastervision.pipeline.plain_text import echo, echo_json

__getattr__ = lazy.names(
    __name__, 'rastervision.core.predictor:Predictor', 'rastervision.core.predictor:ScenePredictor'
)

lazy.also_give(__name__, 'rastervision.pipeline.file_system.utils: get_tmp_dir')


class OptionEatAll(click.Option):
    """An option that takes all values up to the next option, such as `--channel-order 2 1 0`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what `click.Option` takes; the callback gets a tuple of strings."""
        kwargs.setdefault('type', click.UNPROCESSED)
        super().__init__(*args, **kwargs)

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser hand this option the values after the first, too."""
        super().add_to_parser(parser, ctx)
        tables = (parser._long_opt, parser._short_opt)
        for option in {
            id(table[name]): table[name] for table in tables for name in self.opts if name in table
        }.values():
            option.process = _eat_all(option.process, tuple(parser._opt_prefixes))


def _eat_all(take: Any, prefixes: tuple[str, ...]) -> Any:
    def process(value: Any, state: Any) -> None:
        values = [value]
        while state.rargs and not state.rargs[0].startswith(prefixes):
            values.append(state.rargs.pop(0))
        take(tuple(values), state)

    return process


def _to_ints(ctx: click.Context, param: click.Parameter, value: tuple[str, ...] | None) -> list[int] | None:
    if value is None:
        return None
    try:
        return [int(text) for text in value]
    except ValueError as error:
        raise click.BadParameter(f'{" ".join(value)!r} are no channel indices. Give numbers from 0 on.') from error


STRICT_HELP = 'An image unlike those of the training (dtype, range of values, resolution) is an error, not a warning.'


@click.command('predict', short_help='Predict an image with a model bundle.')
@click.argument('model_bundle', type=click.Path())
@click.argument('image_uri', type=click.Path())
@click.argument('label_uri', type=click.Path())
@click.option('--update-stats', '-a', is_flag=True, help='Use statistics of the image, not those in the bundle.')
@click.option(
    '--channel-order',
    cls=OptionEatAll,
    callback=_to_ints,
    metavar='INDEX...',
    help='Indices of the channels to use, such as 2 1 0. Put it last, or before another option.',
)
@click.option('--scene-group', default=None, help='Scene group whose statistics to use.')
@click.option('--trust', is_flag=True, help='Execute code that comes with the bundle, such as a model definition.')
@click.option('--strict', is_flag=True, help=STRICT_HELP)
@click.option(
    '--tta',
    type=click.Choice(['none', 'flips', 'turns', 'all']),
    help='Predict each window flipped and turned too, and put the results together (test-time augmentation).',
)
@click.option('--stride', type=click.IntRange(min=1), help='Pixels from one window to the next.')
@click.option(
    '--blend',
    type=click.Choice(['mean', 'linear', 'cosine']),
    help='Semantic segmentation: how much windows that overlap count towards their edges. mean: as much as elsewhere.',
)
@click.option(
    '--export-config',
    type=click.Path(),
    metavar='URI',
    help='Write how the image is read and its labels are written, as JSON that predict_scene takes.',
)
def predict(
    model_bundle: str,
    image_uri: str,
    label_uri: str,
    update_stats: bool,
    channel_order: list[int] | None,
    scene_group: str | None,
    trust: bool,
    strict: bool,
    tta: str | None,
    stride: int | None,
    blend: str | None,
    export_config: str | None,
) -> None:
    """Predict the image at IMAGE_URI with MODEL_BUNDLE.

    The result goes to LABEL_URI: a GeoJSON file, or a folder in semantic segmentation. How it is predicted is
    configured in the bundle; --tta, --stride and --blend override that.
    """
    from rastervision.core.predictor import Predictor
    from rastervision.pipeline.file_system.utils import get_tmp_dir

    changes = {'tta': tta, 'stride': stride, 'blend': blend}
    given = {name: None if value == 'none' else value for name, value in changes.items() if value is not None}
    with get_tmp_dir() as tmp_dir:
        predictor = Predictor(
            model_bundle,
            tmp_dir,
            update_stats,
            channel_order,
            scene_group,
            trust=trust,
            strict=strict,
            predict_options=given,
        )
        if export_config is not None:
            predictor.export_config([image_uri], label_uri, export_config)
        predictor.predict([image_uri], label_uri)
    echo(f'The prediction is in {label_uri}')


@click.command('predict_scene', short_help='Predict a scene with a model bundle.')
@click.argument('model_bundle_uri', type=click.Path())
@click.argument('scene_config_uri', type=click.Path())
@click.option('--predict_options_uri', default=None, help='JSON of predict options, instead of those in the bundle.')
@click.option('--trust', is_flag=True, help='Execute code that comes with the bundle, such as a model definition.')
@click.option('--strict', is_flag=True, help=STRICT_HELP)
def predict_scene(
    model_bundle_uri: str, scene_config_uri: str, predict_options_uri: str | None, trust: bool, strict: bool
) -> None:
    """Predict the scene that the JSON at SCENE_CONFIG_URI describes, with MODEL_BUNDLE_URI.

    The result goes to the label store of the scene.
    """
    from rastervision.core.predictor import ScenePredictor
    from rastervision.pipeline.file_system.utils import get_tmp_dir

    with get_tmp_dir() as tmp_dir:
        ScenePredictor(model_bundle_uri, predict_options_uri, tmp_dir, trust=trust, strict=strict).predict(
            scene_config_uri
        )


@click.command('info', short_help='Show what a model bundle, an image or labels are.')
@click.argument('uri', type=click.Path())
@click.option('--json', 'as_json', is_flag=True, help='Print JSON; of a bundle, with the whole model card.')
def info(uri: str, as_json: bool) -> None:
    """Show what URI is, and the part of a config that reads it.

    A bundle, the output of bundle or train of this or an earlier version, or the root of a pipeline: its model, how it
    was trained, and what predict needs. No code of the bundle is run.

    An image: bands, dtype, CRS, resolution, NODATA.

    A vector file: layers, geometries, CRS, properties, and which of them give features their class.
    """
    from rastervision.core.info.describe import describe

    found = describe(uri)
    if as_json:
        echo_json(found.dict())
        return
    from rastervision.core.info.report import print_description

    print_description(found)
