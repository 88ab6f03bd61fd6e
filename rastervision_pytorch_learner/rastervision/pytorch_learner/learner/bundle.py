"""Model bundles: a zip with weights, config, and the external code that they need."""

import logging
import os
import shutil
import tempfile
import zipfile
from typing import TYPE_CHECKING, Any

from rastervision.core.bundle_files import model_config_dict
from rastervision.core.layout import BUNDLE_FILE, MODEL_CARD_FILE
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.errors import BundleError, MissingConfigError
from rastervision.pipeline.file_system.archive_members import BUNDLE_LIMITS
from rastervision.pipeline.file_system.json_reader import DOCUMENT
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.file_system.utils import download_if_needed, file_to_json, json_to_file, unzip, zipdir
from rastervision.pipeline.masking import mask_data
from rastervision.pipeline.overriding import is_overridden
from rastervision.pytorch_learner.learner import files
from rastervision.pytorch_learner.learner.card import NO_DATA, is_described, model_card
from rastervision.pytorch_learner.learner.weights import save_weights
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig
from rastervision.pytorch_learner.own_class import own_class
from rastervision.pytorch_learner.transform_dict import LAMBDA_PATH_KEY
from rastervision.pytorch_learner.user_code import code_digest, file_digest
from rastervision.pytorch_learner.utils.torch_hub import get_hubconf_dir_from_cfg, loss_modules_dir

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner.learner import Learner
    from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig

log = logging.getLogger(__name__)

# Arguments that let functions that make networks fetch weights.
WEIGHT_ARGS = ('weights', 'weights_backbone', 'encoder_weights', 'pretrained', 'checkpoint_path', 'cache_dir')
TRUST = 'If you trust its origin, allow it: --trust on the command line, trust=True in Python.'


def unpack(uri: str, tmp_dir: str) -> str:
    """Unzip a bundle into a new folder: that of a model, or the one inside the bundle of a pipeline.

    Args:
        uri: The bundle, local or remote.
        tmp_dir: Where the folder is made.

    Raises:
        BundleError: If it is not a zip file.
    """
    path = download_if_needed(uri)
    if not zipfile.is_zipfile(path):
        raise BundleError(f'{uri}: not a model bundle, since it is not a zip file.')
    os.makedirs(tmp_dir, exist_ok=True)
    folder = tempfile.mkdtemp(prefix='model-bundle-', dir=tmp_dir)
    unzip(path, folder, BUNDLE_LIMITS)
    inner = os.path.join(folder, BUNDLE_FILE)
    if not os.path.isfile(inner):
        return folder
    if not zipfile.is_zipfile(inner):
        raise BundleError(f'{uri}: the {BUNDLE_FILE} in it is not a zip file.')
    target = os.path.join(folder, 'model')
    unzip(inner, target, BUNDLE_LIMITS)
    return target


def get_learner_config_from_bundle_dir(model_bundle_dir: str) -> LearnerConfig:
    """Read the config from an unpacked bundle, of any version. No code of the bundle is run.

    What it has learned of pixels without data, its card says; without that, they were mixed into others.

    Args:
        model_bundle_dir: The folder.

    Raises:
        BundleError: If there is none.
    """

    def read(name: str) -> Any:
        path = os.path.join(model_bundle_dir, name)
        return file_to_json(path, DOCUMENT) if os.path.isfile(path) else None

    config_dict = model_config_dict(read)
    if config_dict is None:
        there = ', '.join(sorted(os.listdir(model_bundle_dir))) or 'nothing'
        raise MissingConfigError(
            f'{model_bundle_dir}: not a model bundle: there is no {files.CONFIG_FILENAME}, only {there}.'
        )
    for tf_path_holder in _lambda_transforms(config_dict.get('data')):
        file_name = os.path.basename(tf_path_holder[LAMBDA_PATH_KEY])
        tf_path_holder[LAMBDA_PATH_KEY] = os.path.join(model_bundle_dir, files.TRANSFORMS_DIRNAME, file_name)
    config = Config.from_dict(config_dict)
    if not isinstance(config, LearnerConfig):
        raise BundleError(f'its {files.CONFIG_FILENAME} is a {type(config).__name__}, not the config of a learner.')
    if 'no_data' not in config_dict:
        card = read(MODEL_CARD_FILE)
        properties = card.get('properties') if isinstance(card, dict) else None
        says_apart = isinstance(properties, dict) and properties.get(NO_DATA) == 'apart'
        config.no_data = 'apart' if says_apart else 'mixed'
    return config


def keep_to_itself(cfg: LearnerConfig) -> None:
    """Let a bundle's config fetch nothing from elsewhere, and send nothing there.

    Args:
        cfg: The config, which is changed.
    """
    if cfg.model is not None:
        cfg.model.init_weights = None
        cfg.model.extra_args = {name: v for name, v in cfg.model.extra_args.items() if name not in WEIGHT_ARGS}
    cfg.loggers, cfg.run_tensorboard = [], False


def _lambda_transforms(data: Any) -> list[dict[str, Any]]:
    """The transform dicts in a data config that need a file with code."""
    if not isinstance(data, dict):
        return []
    plot = data.get('plot_options')
    plot_transform = plot.get('transform') if isinstance(plot, dict) else None
    transforms = (data.get('base_transform'), data.get('aug_transform'), plot_transform)
    return [tf for tf in transforms if isinstance(tf, dict) and isinstance(tf.get(LAMBDA_PATH_KEY), str)]


def check_trust(cfg: LearnerConfig, uri: str, *, trust: bool, own_model: bool, training: bool) -> None:
    """Refuse a bundle that would run code of its own, unless it is trusted.

    Args:
        cfg: The bundle's config.
        uri: The bundle.
        trust: Whether it is.
        own_model: Whether a model was passed, so that the bundle's definition is not needed.
        training: Whether the bundle's loss is needed.

    Raises:
        BundleError: If it would.
    """
    needs = [f'its {part}' for part in cfg.bundled_code(own_model=own_model, training=training)]
    if needs and not trust:
        raise BundleError(f'{uri}: {" and ".join(needs)} would be made by running code from the bundle. {TRUST}')


def find_weights(model_bundle_dir: str) -> str:
    """Path of the weights in an unpacked bundle; safetensors are preferred.

    Raises:
        BundleError: If there are none.
    """
    for name in (files.BUNDLE_SAFE_WEIGHTS_FILENAME, files.BUNDLE_MODEL_WEIGHTS_FILENAME):
        path = os.path.join(model_bundle_dir, name)
        if os.path.isfile(path):
            return path
    raise BundleError(f'{model_bundle_dir}: not a model bundle: there is no {files.BUNDLE_MODEL_WEIGHTS_FILENAME}.')


def find_onnx(model_bundle_dir: str, uri: str, *, training: bool) -> str:
    """Path of the ONNX model in an unpacked bundle.

    Raises:
        BundleError: If there is none, or it is to be trained.
    """
    if training:
        raise BundleError(f'{uri}: an ONNX model cannot be trained. Leave out use_onnx_model.')
    path = os.path.join(model_bundle_dir, files.BUNDLE_MODEL_ONNX_FILENAME)
    if not os.path.isfile(path):
        raise BundleError(
            f'{uri}: has no ONNX model, which RASTERVISION_USE_ONNX or use_onnx_model=True asks for. Leave that out, '
            'or train with export_onnx=True.'
        )
    return path


def check_model(cfg: LearnerConfig, model_bundle_dir: str, uri: str, *, own_model: bool) -> None:
    """Refuse a bundle whose model no config describes, unless a model was passed.

    Raises:
        BundleError: If there is none; it says what class is needed.
    """
    if own_model or cfg.model is not None:
        return
    path = os.path.join(model_bundle_dir, MODEL_CARD_FILE)
    card = file_to_json(path, DOCUMENT) if os.path.isfile(path) else None
    properties = card.get('properties') if isinstance(card, dict) else None
    name = properties.get('mlm:architecture') if isinstance(properties, dict) else None
    what = f'a {name}' if isinstance(name, str) else 'one'
    raise BundleError(
        f'{uri}: its model is {what:.200} that was passed to the learner, and no config says how to build it. Pass '
        'such a model: Learner.from_model_bundle(..., model=...). For the command line, train with a config that has '
        'external_def.'
    )


def definition_dirs(
    cfg: LearnerConfig, model_bundle_dir: str, *, own_model: bool, training: bool
) -> dict[str, str | None]:
    """Where the external definitions that a bundle has are, as arguments of a learner."""
    found = {}
    if cfg.model is not None and not own_model:
        found['model_def_path'] = definition_dir(model_bundle_dir, cfg.model.external_def)
    if training and cfg.solver is not None:
        modules_dir = loss_modules_dir_of(cfg, files.MODULES_DIRNAME)
        found['loss_def_path'] = definition_dir(model_bundle_dir, cfg.solver.external_loss_def, modules_dir)
    return found


def loss_modules_dir_of(cfg: LearnerConfig, modules_dir: str) -> str:
    """Where the definition of a learner's loss is kept; see :func:`.loss_modules_dir`."""
    model_def = cfg.model.external_def if cfg.model is not None else None
    return loss_modules_dir(modules_dir, model_def, cfg.solver.external_loss_def if cfg.solver is not None else None)


def definition_dir(model_bundle_dir: str, external_def: Any, modules_dir: str = files.MODULES_DIRNAME) -> str | None:
    """Folder of an external definition in an unpacked bundle; None if there is no definition.

    Args:
        model_bundle_dir: The folder of the bundle.
        external_def: The definition, or None.
        modules_dir: The folder in it that definitions of the kind are in.
    """
    if external_def is None:
        return None
    modules = os.path.join(model_bundle_dir, modules_dir)
    path = get_hubconf_dir_from_cfg(external_def, parent=modules)
    if os.path.isdir(path):
        return path
    found = sorted(entry.path for entry in os.scandir(modules)) if os.path.isdir(modules) else []
    if len(found) == 1:  # earlier versions named folders differently
        return found[0]
    raise BundleError(f'{model_bundle_dir}: the definition of {external_def.entrypoint!r} is not in its modules.')


def write_bundle(learner: 'Learner', path: str, *, export_onnx: bool) -> None:
    """Write the bundle of a learner. Atomic; the same learner gives the same bytes.

    Args:
        learner: The learner.
        path: Where to.
        export_onnx: Add the model in ONNX format. If that fails there is a warning, and a bundle without it.
    """
    with tempfile.TemporaryDirectory(dir=learner.tmp_dir) as folder:
        learner.save_weights(os.path.join(folder, files.BUNDLE_MODEL_WEIGHTS_FILENAME))
        if not is_overridden(learner, 'save_weights', base=own_class(learner)):
            save_weights(learner.bare_model, os.path.join(folder, files.BUNDLE_SAFE_WEIGHTS_FILENAME))
        if export_onnx:
            _try_export(learner, os.path.join(folder, files.BUNDLE_MODEL_ONNX_FILENAME))
        cfg = learner.cfg.copy()
        if not is_described(learner):
            log.warning(
                'The model, a %s, was passed to the learner, and its config does not say how to build it. The bundle '
                'has its weights only: load it with from_model_bundle(..., model=...), or use external_def.',
                type(learner.bare_model).__name__,
            )
            cfg.model = None
        _copy_definitions(learner, folder)
        _copy_transforms(cfg, folder)
        if cfg.model is not None:
            cfg.model.init_weights = None
        config = cfg.dict(with_rv_metadata=True, mode='json')
        json_to_file(mask_data(config), os.path.join(folder, files.CONFIG_FILENAME))
        json_to_file(mask_data(model_card(learner, folder)), os.path.join(folder, MODEL_CARD_FILE))
        with publish_file(path) as tmp_path:
            zipdir(folder, tmp_path)


def _try_export(learner: 'Learner', path: str) -> None:
    try:
        learner.export_to_onnx(path)
    except Exception as error:  # a bundle without it is complete
        log.warning('The model could not be exported to ONNX: %s', error)


def _copy_definitions(learner: 'Learner', folder: str) -> None:
    """Copy the external definitions of a learner's model and loss into a bundle."""
    for definition, place in definitions_of(learner.cfg):
        source = get_hubconf_dir_from_cfg(definition, parent=os.path.join(learner.modules_dir, place))
        target = get_hubconf_dir_from_cfg(definition, parent=os.path.join(folder, files.MODULES_DIRNAME, place))
        if os.path.isdir(source):
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns('__pycache__'))


def definitions_of(cfg: LearnerConfig) -> list[tuple['ExternalModuleConfig', str]]:
    """The external definitions of a learner's model and loss, and the folders, in that of definitions, they lie in."""
    model = cfg.model.external_def if cfg.model is not None else None
    loss = cfg.solver.external_loss_def if cfg.solver is not None else None
    found = [(model, ''), (loss, loss_modules_dir_of(cfg, ''))]
    return [(definition, place) for definition, place in found if definition is not None]


def code_digests(cfg: LearnerConfig, modules_dir: str) -> list[str]:
    """What stands for the code of a learner's definitions and lambda transforms, as far as it is kept on this machine.

    Args:
        cfg: The learner's config.
        modules_dir: Where its definitions are kept.
    """
    found = []
    for definition, place in definitions_of(cfg):
        folder = get_hubconf_dir_from_cfg(definition, parent=os.path.join(modules_dir, place))
        found.append(code_digest(folder))
    for transform in cfg.data.get_custom_albumentations_transforms():
        path = transform[LAMBDA_PATH_KEY]
        found.append(file_digest(path) if os.path.isfile(path) else '')
    return found


def _copy_transforms(cfg: LearnerConfig, folder: str) -> None:
    """Copy the files of lambda transforms into a bundle. Those that share a name get another one, in `cfg` too."""
    target = os.path.join(folder, files.TRANSFORMS_DIRNAME)
    names: dict[str, str] = {}
    for index, tf_dict in enumerate(cfg.data.get_custom_albumentations_transforms()):
        uri = tf_dict[LAMBDA_PATH_KEY]
        if uri not in names:
            name = os.path.basename(uri)
            names[uri] = f'{index}-{name}' if name in names.values() else name
            os.makedirs(target, exist_ok=True)
            shutil.copy(download_if_needed(uri), os.path.join(target, names[uri]))
        if names[uri] != os.path.basename(uri):
            tf_dict[LAMBDA_PATH_KEY] = names[uri]
