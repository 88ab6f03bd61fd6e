"""The model card of a trained model: what its config says, and what only the model and its data know."""

import hashlib
import importlib.metadata
import inspect
import os
import platform
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from rastervision.core.evaluation.class_order import leading_classes
from rastervision.pytorch_learner.dataset.combination import num_samples, set_epoch
from rastervision.pytorch_learner.learner import files
from rastervision.pytorch_learner.learner.selection import best_index
from rastervision.pytorch_learner.learner_config.card import Card
from rastervision.pytorch_learner.metrics import name_in_metrics
from rastervision.pytorch_learner.utils.input_check import INPUT_RANGE, input_range
from rastervision.pytorch_learner.utils.torch_hub import HUBCONF, get_hubconf_dir_from_cfg

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner.learner import Learner

MAX_RANGED = 32  # samples whose pixels are looked at
MAX_COUNTED = 200  # samples whose labels are counted
PACKAGES = ('rastervision_pipeline', 'torch', 'torchvision', 'albumentations', 'numpy')
SEMVER = re.compile(r'\d+\.\d+\.\d+(\+[0-9A-Za-z.-]+)?')
NOT_METRICS = ('epoch', 'train_time', 'valid_time')
CLASS_METRICS = ('precision', 'recall', 'f1', 'iou')  # how names of metrics of a class end
WEIGHTED_AVERAGES = ('avg_precision', 'avg_recall', 'avg_f1', 'accuracy')  # by how much there is of each class
DIGITS = 6
MAX_TEXT = 20_000  # characters of what describes a model

NO_DATA = 'rastervision:no_data'  # in the card: `LearnerConfig.no_data`, which config files leave out mostly

PICKLE, SAFE, ONNX = (
    files.BUNDLE_MODEL_WEIGHTS_FILENAME,
    files.BUNDLE_SAFE_WEIGHTS_FILENAME,
    files.BUNDLE_MODEL_ONNX_FILENAME,
)
WEIGHTS = {
    SAFE: ('Weights.', 'application/octet-stream', 'safetensors.torch.save_file'),
    PICKLE: ('The same weights, for earlier versions.', 'application/octet-stream', 'torch.save'),
    ONNX: ('The model in ONNX format.', 'application/octet-stream', 'torch.onnx.export'),
}


def model_card(learner: 'Learner', folder: str) -> Card:
    """The card of a learner's model: a STAC item. The same model, data and package versions give the same card.

    Reads up to `MAX_COUNTED` training samples, to count the classes of their labels.

    Args:
        learner: The learner.
        folder: The files of the bundle, but for the card itself.

    Returns:
        Plain data; `href` of the assets are relative to the bundle.
    """
    cfg = learner.cfg.copy()
    if is_described(learner):
        card = cfg.model_card()
    else:
        cfg.model = None
        card = cfg.model_card()
        _describe(card, learner.bare_model)
    parameters = [*learner.bare_model.parameters()]
    values = [*parameters, *learner.bare_model.buffers()]
    weights = next(path for path in (os.path.join(folder, name) for name in (SAFE, PICKLE)) if os.path.isfile(path))
    card['id'] = f'{card["id"]}-{_digest(weights)}'
    versions, training_data = _versions(), _training_data(learner)
    version = versions['torch']
    card['properties'] |= {
        **({'mlm:framework_version': version} if SEMVER.fullmatch(version) else {}),
        'mlm:total_parameters': sum(each.numel() for each in parameters),
        'mlm:memory_size': sum(each.numel() * each.element_size() for each in values),
        NO_DATA: cfg.no_data,
        'rastervision:metrics': _leading(_metrics(learner), learner, training_data.get('class_shares', {})),
        'rastervision:training_data': training_data,
        'rastervision:versions': versions,
    }
    card['assets'] = _assets(learner, folder, bands=card['properties']['mlm:input'][0]['bands'])
    return card


def is_described(learner: 'Learner') -> bool:
    """Whether the config of a learner says how to build its model; it may be another one that was passed.

    A model of the config is built for it, without memory for its weights, if one was passed.
    """
    config = learner.cfg.model
    if not learner.model_was_passed or learner.onnx_mode:
        return True
    if config is None or config.external_def is not None:
        return config is not None
    config = config.copy()
    config.pretrained = False
    try:
        with torch.device('meta'):
            options = learner.model_options()
            built = config.build(learner.cfg.data.num_classes, learner.in_channels, **options)
    except Exception:  # what cannot be built here cannot be built when the bundle is loaded
        return False
    shapes = {name: value.shape for name, value in built.state_dict().items()}
    found = learner.bare_model.state_dict()
    prefix = next((each for each in ('', 'model.') if {f'{each}{name}' for name in shapes} == found.keys()), None)
    return prefix is not None and all(found[f'{prefix}{name}'].shape == shape for name, shape in shapes.items())


def _describe(card: Card, model: nn.Module) -> None:
    """Say in a card what a model is that no config describes: its class, its layers, its code if that is known."""
    cls = type(model)
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):  # typed into a shell, say
        source = None
    known = {'class': f'{cls.__module__}.{cls.__qualname__}', 'layers': repr(model), 'source': source}
    card['properties']['mlm:architecture'] = cls.__name__
    card['properties']['rastervision:model'] = {name: text[:MAX_TEXT] for name, text in known.items() if text}


def _digest(path: str) -> str:
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()[:12]


def _versions() -> dict[str, str]:
    return {'python': platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def _metrics(learner: 'Learner') -> dict[str, float]:
    """The metrics of the epoch that the weights are of, as numbers."""
    rows, solver = learner.log_rows, learner.cfg.solver
    if not rows or solver is None:
        return {}
    chosen = solver.selection_metric
    row = rows[best_index(rows, chosen) if chosen is not None else -1]
    named = {name: value for name, value in row.items() if name not in NOT_METRICS}
    return {'epoch': int(row['epoch']), **{name: _rounded(value) for name, value in named.items() if _finite(value)}}


def _leading(metrics: dict[str, float], learner: 'Learner', shares: dict[str, float]) -> dict[str, float]:
    """Metrics, those of the rarest class first; at the end those of the null class and averages that it weighs in."""
    classes = learner.cfg.data.class_config
    null_class = None if classes is None else classes.null_class
    ordered = leading_classes(learner.cfg.data.class_names, shares, null_class)
    labels = {name_in_metrics(name): place for place, name in enumerate(ordered)}
    others, null_place, averages = (len(labels) + i for i in range(3))
    if null_class is not None:
        labels[name_in_metrics(null_class)] = null_place

    def place(name: str) -> int:
        if name == 'epoch':
            return -1
        if name in WEIGHTED_AVERAGES:
            return averages
        label, _, kind = name.rpartition('_')
        return labels.get(label, others) if kind in CLASS_METRICS else others

    return {name: metrics[name] for name in sorted(metrics, key=place)}


def _finite(value: Any) -> bool:
    try:
        return abs(float(value)) < float('inf')
    except ValueError:
        return False


def _rounded(value: Any) -> float:
    return float(f'{float(value):.{DIGITS}g}')


def _training_data(learner: 'Learner') -> dict[str, Any]:
    """Numbers of chips, and which part of the labels each class has."""
    chips = {split: num_samples(dataset) for split, dataset in learner.datasets.items() if dataset is not None}
    data: dict[str, Any] = {'chips': chips} if any(chips.values()) else {}
    found = _input_range(learner)
    if found is not None:
        data[INPUT_RANGE] = [_rounded(value) for value in found]
    counts, counted = count_classes(learner)
    total = int(counts.sum())
    if total:
        shares = zip(learner.cfg.data.class_names, counts.tolist(), strict=True)
        data['class_shares'] = {name: _rounded(count / total) for name, count in shares}
        data['chips_counted'] = counted
    return data


def _input_range(learner: 'Learner') -> tuple[float, float] | None:
    """From where to where the numbers go that the model is trained with, from samples spread over the data."""
    dataset, size = learner.train_ds, num_samples(learner.train_ds)
    if dataset is None or isinstance(dataset, IterableDataset):
        return None
    set_epoch(dataset, 0, learner.cfg.seed)
    return input_range(dataset[index][0] for index in range(0, size, max(1, -(-size // MAX_RANGED))))


def count_classes(learner: 'Learner') -> tuple[Tensor, int]:
    """How often each class is a label in samples that are spread evenly over the training data.

    Args:
        learner: A learner whose labels are class ids: of pixels, chips or boxes. With others nothing is counted.

    Returns:
        For each class the number of pixels, chips or boxes, (classes,), int64; and the number of samples.
    """
    counts = torch.zeros(learner.cfg.data.num_classes, dtype=torch.int64)
    dataset, size = learner.train_ds, num_samples(learner.train_ds)
    if dataset is None or isinstance(dataset, IterableDataset) or not len(counts):
        return counts, 0
    set_epoch(dataset, 0, learner.cfg.seed)
    step = max(1, -(-size // MAX_COUNTED))
    indices = list(islice(range(0, size, step), MAX_COUNTED))
    for index in indices:
        ids = _class_ids(dataset[index][1])
        if ids is None:
            return torch.zeros_like(counts), 0
        counts += torch.bincount(ids[(ids >= 0) & (ids < len(counts))], minlength=len(counts))
    return counts, len(indices)


def _class_ids(label: Any) -> Tensor | None:
    """The class ids in a label, (n,), or None if it has none."""
    if hasattr(label, 'get_field'):
        label = label.get_field('class_ids')
    if not isinstance(label, Tensor | np.ndarray | int | np.integer):
        return None
    ids = torch.as_tensor(label)
    return None if ids.is_floating_point() else ids.reshape(-1).long()


def _assets(learner: 'Learner', folder: str, *, bands: list[str]) -> dict[str, dict[str, Any]]:
    assets: dict[str, dict[str, Any]] = {}
    for name, (title, media_type, artifact) in WEIGHTS.items():
        if os.path.isfile(os.path.join(folder, name)):
            more = {'mlm:artifact_type': artifact, 'raster:bands': [{'name': band} for band in bands]}
            assets[name] = _asset(name, title, media_type, ['mlm:model', 'mlm:weights']) | more
    assets[files.CONFIG_FILENAME] = _asset(
        files.CONFIG_FILENAME, 'The config of the learner.', 'application/json', ['metadata']
    )
    for path in _code_files(folder):
        assets[path] = _asset(path, 'Code that the model needs.', 'text/x-python', ['code'])
    model = learner.cfg.model
    if model is not None and model.external_def is not None:
        path = f'{get_hubconf_dir_from_cfg(model.external_def, parent=files.MODULES_DIRNAME)}/{HUBCONF}'
        if path in assets:
            assets[path]['mlm:entrypoint'] = f'{HUBCONF.removesuffix(".py")}:{model.external_def.entrypoint}'
    return assets


def _asset(path: str, title: str, media_type: str, roles: list[str]) -> dict[str, Any]:
    return {'href': f'./{path}', 'title': title, 'type': media_type, 'roles': roles}


def _code_files(folder: str) -> list[str]:
    """Paths of the Python files in a bundle's folder, relative to it."""
    found = []
    for name in (files.MODULES_DIRNAME, files.TRANSFORMS_DIRNAME):
        for parent, _, names in os.walk(os.path.join(folder, name)):
            found += [os.path.relpath(os.path.join(parent, each), folder) for each in names if each.endswith('.py')]
    return sorted(path.replace(os.sep, '/') for path in found)
