"""The model card of a learner: what its config says about a model, as a STAC item with the MLM extension.

The item follows https://github.com/stac-extensions/mlm, version 1.4. What only a trained model knows is added by
`rastervision.pytorch_learner.learner.card`, what only a pipeline knows by
`rastervision.core.rv_pipeline.model_card`. Fields that STAC has no name for start with `rastervision:`.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rastervision.core.data.colors import color_to_triple
from rastervision.pytorch_learner.transform_dict import LAMBDA_PATH_KEY

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.pytorch_learner.learner_config.learner import LearnerConfig
    from rastervision.pytorch_learner.learner_config.model import ModelConfig

Card = dict[str, Any]

STAC_VERSION = '1.1.0'
MLM_SCHEMA = 'https://stac-extensions.github.io/mlm/v1.4.0/schema.json'
RASTER_SCHEMA = 'https://stac-extensions.github.io/raster/v1.1.0/schema.json'  # for the bands, which are in assets
# A model holds for any time; STAC asks for a date or a span.
ANY_TIME = {'datetime': None, 'start_datetime': '1900-01-01T00:00:00Z', 'end_datetime': '9999-12-31T23:59:59Z'}
ANY_SIZE = -1
CLASS = 'class'  # a dimension of the output: one number for each class
BOX = 'box-class-score'  # a dimension of the output: the six numbers of a box
SOURCE = 'mlm:pretrained_source'

NOT_HYPERPARAMETERS = ('type_hint', 'sync_interval', 'state_interval', 'external_loss_def')


@dataclass(frozen=True)
class TaskCard:
    """What a model card says about a task.

    Attributes:
        task: Its name in the MLM extension.
        dims: Names of the dimensions of the output.
        description: What the output means.
        postprocessing: Python expression that makes scores of the output.
    """

    task: str
    dims: tuple[str, ...]
    description: str
    postprocessing: str | None = None


def card_of_config(cfg: 'LearnerConfig') -> Card:
    """What a config says about the model that it makes.

    Args:
        cfg: The config, of this or an earlier version, after its update.

    Returns:
        A STAC item as plain data, without assets: they are files of the bundle.
    """
    name = _name(cfg)
    properties: dict[str, Any] = {
        'title': name,
        'description': cfg.description,
        'license': cfg.license,
        **ANY_TIME,
        'mlm:name': name,
        'mlm:architecture': _architecture(cfg.model),
        'mlm:tasks': [cfg.card.task] if cfg.card is not None else [],
        'mlm:framework': 'PyTorch',
        **_pretraining(cfg.model),
        'mlm:batch_size_suggestion': cfg.solver.batch_sz if cfg.solver is not None else None,
        'mlm:input': [_input(cfg)],
        'mlm:output': [_output(cfg)],
        'mlm:hyperparameters': _hyperparameters(cfg),
        'rastervision:code': cfg.bundled_code(),
    }
    known = {key: value for key, value in properties.items() if value is not None or key in ('datetime', SOURCE)}
    return {
        'type': 'Feature',
        'stac_version': STAC_VERSION,
        'stac_extensions': [MLM_SCHEMA, RASTER_SCHEMA],
        'id': name,
        'geometry': None,
        'properties': known,
        'links': [],
        'assets': {},
    }


def _name(cfg: 'LearnerConfig') -> str:
    task = cfg.card.task if cfg.card is not None else 'model'
    return re.sub(r'[^A-Za-z0-9]+', '-', f'{task} {_architecture(cfg.model)}').strip('-').lower()


def _architecture(model: 'ModelConfig | None') -> str:
    if model is None:
        return 'custom'
    if model.external_def is not None:
        return model.external_def.entrypoint
    if model.name is not None:
        return model.name
    head, backbone = getattr(model, 'architecture', None), model.get_backbone_str()
    return f'{head} {backbone}' if head else backbone


def _pretraining(model: 'ModelConfig | None') -> dict[str, Any]:
    """Whether the first weights were trained before, where the config can tell."""
    if model is None or model.external_def is not None:
        return {}
    if model.init_weights is not None:
        return {'mlm:pretrained': True}
    source = 'torchvision' if model.name is None else model.name
    return {'mlm:pretrained': model.pretrained, SOURCE: source if model.pretrained else None}


def _bands(cfg: 'LearnerConfig') -> list[str]:
    return [f'channel-{index}' for index in range(cfg.data.img_channels or 0)]


def _input(cfg: 'LearnerConfig') -> dict[str, Any]:
    size, bands = cfg.data.img_sz, _bands(cfg)
    channels = 'bands' if bands else 'channel'
    first: dict[str, Any] = {
        'name': 'image',
        'description': f'Chips, resized to {size} pixels a side. Unsigned integers are scaled to 0 to 1.',
        'bands': bands,
        'input': {
            'shape': [ANY_SIZE, len(bands) or ANY_SIZE, size, size],
            'dim_order': ['batch', channels, 'height', 'width'],
            'data_type': 'float32',
        },
        'resize_type': 'interpolation-linear',
    }
    if cfg.data.base_transform is not None:
        transform = {key: value for key, value in cfg.data.base_transform.items() if key != LAMBDA_PATH_KEY}
        first['pre_processing_function'] = {'format': 'albumentations', 'expression': transform}
    return first


def _output(cfg: 'LearnerConfig') -> dict[str, Any]:
    card = cfg.card or TaskCard('', ('batch', 'value'), 'What the model gives.')
    size = cfg.data.img_sz
    sizes = {CLASS: len(cfg.data.class_names) or ANY_SIZE, 'height': size, 'width': size, BOX: 6}
    output: dict[str, Any] = {
        'name': 'predictions',
        'tasks': [card.task] if card.task else [],
        'description': card.description,
        'result': {
            'shape': [sizes.get(dim, ANY_SIZE) for dim in card.dims],
            'dim_order': list(card.dims),
            'data_type': 'float32',
        },
    }
    if card.postprocessing is not None:
        output['post_processing_function'] = {'format': 'python', 'expression': card.postprocessing}
    if cfg.data.class_config is not None:
        output['classification:classes'] = _classes(cfg.data.class_config)
    return output


def _classes(config: 'ClassConfig') -> list[dict[str, Any]]:
    """The classes as the classification extension has them: names of letters, digits, dashes and underscores."""
    classes = []
    for class_id, (name, color) in enumerate(zip(config.names, config.colors or (), strict=True)):
        known: dict[str, Any] = {'value': class_id, 'name': re.sub(r'[^0-9A-Za-z_-]+', '_', name) or '_'}
        known |= {'description': name or '_', 'color_hint': ''.join(f'{part:02X}' for part in color_to_triple(color))}
        classes.append({**known, 'nodata': True} if name == config.null_class else known)
    return classes


def _hyperparameters(cfg: 'LearnerConfig') -> dict[str, Any]:
    """What training can be repeated with, by the names of the config's fields."""
    data = cfg.data
    values: dict[str, Any] = {'seed': cfg.seed, 'img_sz': data.img_sz}
    values['augmentation'] = data.augmentors if data.aug_transform is None else 'custom'
    if cfg.solver is not None:
        values |= cfg.solver.dict(mode='json')
    return {key: value for key, value in values.items() if value is not None and key not in NOT_HYPERPARAMETERS}
