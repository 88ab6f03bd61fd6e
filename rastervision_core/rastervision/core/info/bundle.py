"""What a model bundle is, without loading its model or running its code."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rastervision.core.bundle_files import BundleFiles, model_config_dict
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.info.bundle_tables import model_rows, training_rows
from rastervision.core.info.description import Description, Rows
from rastervision.core.layout import BUNDLE_FILE, CONFIG_FILE, MODEL_CARD_FILE, Layout
from rastervision.core.rv_pipeline.model_card import bands_of, describe_pipeline
from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig
from rastervision.pipeline.config.base import Config, descendants
from rastervision.pipeline.errors import BundleError, RasterVisionError, about
from rastervision.pipeline.file_system.utils import file_exists

Card = dict[str, Any]


@dataclass(frozen=True)
class BundleInfo(Description):
    """What is known of a bundle.

    Attributes:
        uri: Where it is.
        card: Its model card, a STAC item; of a bundle without one, such as of an earlier version, what follows from
            its configs.
        has_card: Whether the card is from the bundle.
        code: What is made by running code of the bundle, such as 'model'.
        files: Names of the files in it, those of the model's own bundle included.
        needs: What `predict` needs of an image: name -> words.
        can_predict: Whether `rastervision predict` takes it; the bundle that `train` writes has no pipeline.
    """

    uri: str
    card: Card
    has_card: bool
    code: list[str]
    files: list[str]
    needs: dict[str, str] = field(default_factory=dict)
    can_predict: bool = True

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            'kind': 'bundle',
            'uri': self.uri,
            'predict': {'possible': self.can_predict, 'needs': self.needs, 'trust': bool(self.code)},
            'code': self.code,
            'files': self.files,
            'card': self.card,
        }

    def tables(self) -> Iterator[tuple[str, Rows]]:
        """The model, how it was trained, and what `predict` needs."""
        yield 'Model', model_rows(self.card, self.files, has_card=self.has_card)
        yield 'Training', training_rows(self.card)
        yield 'To predict an image', iter(self.needs.items())

    def remarks(self) -> Iterator[str]:
        """Whether its code has to be trusted, and whether `predict` takes it."""
        if self.code:
            yield (
                f'Its {" and ".join(self.code)} would be made by running code from the bundle. predict does so with '
                '--trust only; use that if you trust its origin.'
            )
        if not self.can_predict:
            yield 'This is the output of train. predict takes the output of bundle.'


def bundle_info(uri: str) -> BundleInfo:
    """Find out what a bundle is.

    Reads the configs and the card in it, no weights; a remote bundle is downloaded.

    Args:
        uri: The bundle that `bundle` or `train` wrote, in this or an earlier version; or the root of a pipeline.

    Raises:
        BundleError: If there is none, or it cannot be read here.
    """
    uri = find_bundle(uri)
    with about(uri, BundleError):
        found = _bundle_info(uri)
        for _, rows in found.tables():
            list(rows)  # so that a card that is none is found out here
        return found


def _bundle_info(uri: str) -> BundleInfo:
    with BundleFiles.open(uri) as files, files.open_model() as model:
        nested = model is not files
        names = [*files.names, *(f'{BUNDLE_FILE}/{name}' for name in model.names)] if nested else files.names
        pipeline = _read_pipeline(files) if nested else None
        config_dict = model_config_dict(model.read_json)
        if config_dict is None and pipeline is None:
            raise BundleError(f'{uri}: is not a model bundle. In it are: {", ".join(files.names) or "no files"}.')
        config = _build(config_dict, model.uri) if config_dict is not None else None
        own = files.read_json(MODEL_CARD_FILE)
        card = _card(config, pipeline, files) if own is None else own
        needs = {} if pipeline is None else dict(_needs(card, pipeline, files))
    code = config.bundled_code() if config is not None and hasattr(config, 'bundled_code') else []
    return BundleInfo(uri, card, own is not None, code, names, needs, can_predict=pipeline is not None)


def find_bundle(uri: str) -> str:
    """The bundle itself, or the one under the root of a pipeline: that of `bundle`, else that of `train`.

    Raises:
        BundleError: If there is none under the root.
    """
    layout = Layout.under(uri)
    if not os.path.isdir(uri) and not file_exists(os.path.join(uri, CONFIG_FILE)):
        return uri
    for candidate in (layout.model_bundle, layout.trained_bundle, os.path.join(uri, BUNDLE_FILE)):
        if file_exists(candidate):
            return candidate
    raise BundleError(
        f'{uri}: there is no {BUNDLE_FILE} under it. The commands train and bundle of a pipeline make one.'
    )


def _read_pipeline(files: BundleFiles) -> RVPipelineConfig | None:
    data = files.read_json(CONFIG_FILE)
    config = _build(data, files.uri) if isinstance(data, dict) else None
    return config if isinstance(config, RVPipelineConfig) else None


def _build(data: dict[str, Any], uri: str) -> Any:
    try:
        return Config.from_dict(data)
    except (RasterVisionError, KeyError, ValueError) as error:
        raise BundleError(f'{uri}: its config cannot be read here: {error}') from error


def _card(config: Any, pipeline: RVPipelineConfig | None, files: BundleFiles) -> Card:
    """The card that a bundle without one would have, as far as its configs tell."""
    if not hasattr(config, 'model_card'):
        return {}
    card: Card = config.model_card()
    return card if pipeline is None else describe_pipeline(card, pipeline, read_stats=files.read_stats)


def _needs(card: Card, config: RVPipelineConfig, files: BundleFiles) -> Iterator[tuple[str, str]]:
    """What an image must have to be predicted, in words."""
    dataset = config.dataset
    scenes = [*dataset.validation_scenes, *dataset.test_scenes, *dataset.train_scenes]
    data = card.get('properties', {}).get('rastervision:training_data', {})
    if scenes:
        yield 'channels', _channels(scenes[0], card)
    if data.get('data_type'):
        yield 'pixels', f'{" or ".join(data["data_type"])}, as in training'
    if data.get('gsd'):
        low, high = data['gsd'][0], data['gsd'][-1]
        yield 'resolution', f'about {low} m' if low == high else f'about {low} to {high} m'
    yield 'CRS', _crs(data.get('crs', []))
    groups = _stats_groups(scenes[:1], files)
    if groups is not None:
        yield 'statistics', groups
    options = config.get_predict_options()
    yield 'windows', f'{options.chip_sz} pixels, every {options.stride} pixels'


def _channels(scene: SceneConfig, card: Card) -> str:
    order = scene.raster_source.channel_order
    count = len(bands_of(card))
    if order is None:
        return f'{count or "all"} channels'
    text = f'{len(order)} channels: bands {", ".join(str(index + 1) for index in order)} of the file'
    return f'{text}, so {max(order) + 1} or more; others with --channel-order'


def _crs(known: list[str]) -> str:
    return f'any; training had {", ".join(known)}' if known else 'any'


def _stats_groups(scenes: list[SceneConfig], files: BundleFiles) -> str | None:
    used = [each.scene_group for each in _stats_transformers(scenes)]
    if not used:
        return None
    there = sorted({name.split('/')[2] for name in files.names if name.startswith('analyze/stats/')})
    return f'those of {used[0]}, in the bundle; --scene-group: {", ".join(there)}; --update-stats: of the image itself'


def _stats_transformers(scenes: list[SceneConfig]) -> list[StatsTransformerConfig]:
    return [part for scene in scenes for part in descendants(scene) if isinstance(part, StatsTransformerConfig)]
