"""The files in a training folder and in a model bundle."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from rastervision.core.layout import MODEL_CONFIG_FILE, SAMPLES_DIR, TRAIN_LOG_FILE
from rastervision.pipeline.file_system.utils import is_local, sync_from_dir, sync_to_dir

CHECKPOINTS_DIRNAME = 'checkpoints'
MODULES_DIRNAME = 'modules'
TRANSFORMS_DIRNAME = 'custom_albumentations_transforms'
DATALOADERS_DIRNAME = SAMPLES_DIR
TENSORBOARD_DIRNAME = 'tb-logs'

CONFIG_FILENAME = MODEL_CONFIG_FILE
LOG_FILENAME = TRAIN_LOG_FILE
LAST_MODEL_FILENAME = 'last-model.pth'
BEST_MODEL_FILENAME = os.path.join(CHECKPOINTS_DIRNAME, 'best-model.pth')
RESUME_FILENAME = os.path.join(CHECKPOINTS_DIRNAME, 'resume.pt')

BUNDLE_MODEL_WEIGHTS_FILENAME = 'model.pth'
BUNDLE_SAFE_WEIGHTS_FILENAME = 'model.safetensors'
BUNDLE_MODEL_ONNX_FILENAME = 'model.onnx'


def checkpoint_filename(epoch: int) -> str:
    """The weights after an epoch, when all are kept."""
    return os.path.join(CHECKPOINTS_DIRNAME, f'model-ckpt-epoch-{epoch}.pth')


def discard_training(output_uri: str, tmp_dir: str) -> None:
    """Remove log, weights, checkpoints and kept code from a training folder, so that training in it starts anew.

    The bundle and what was evaluated stay until the new ones are written.

    Args:
        output_uri: The folder, local or remote; a remote one is copied here and back.
        tmp_dir: Folder for scratch files.
    """
    if is_local(output_uri):
        _remove_training_files(Path(output_uri))
        return
    with TemporaryDirectory(dir=tmp_dir) as folder:
        sync_from_dir(output_uri, folder)
        _remove_training_files(Path(folder))
        sync_to_dir(folder, output_uri, delete=True)


def _remove_training_files(folder: Path) -> None:
    for name in (LOG_FILENAME, LAST_MODEL_FILENAME):
        (folder / name).unlink(missing_ok=True)
    for name in (CHECKPOINTS_DIRNAME, TENSORBOARD_DIRNAME, MODULES_DIRNAME):
        shutil.rmtree(folder / name, ignore_errors=True)
