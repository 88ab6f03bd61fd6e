"""Names of the files in a training folder and in a model bundle."""

import os

CHECKPOINTS_DIRNAME = 'checkpoints'
MODULES_DIRNAME = 'modules'
TRANSFORMS_DIRNAME = 'custom_albumentations_transforms'
DATALOADERS_DIRNAME = 'dataloaders'
TENSORBOARD_DIRNAME = 'tb-logs'

CONFIG_FILENAME = 'learner-config.json'
LOG_FILENAME = 'log.csv'
LAST_MODEL_FILENAME = 'last-model.pth'
RESUME_FILENAME = os.path.join(CHECKPOINTS_DIRNAME, 'resume.pt')

BUNDLE_MODEL_WEIGHTS_FILENAME = 'model.pth'
BUNDLE_SAFE_WEIGHTS_FILENAME = 'model.safetensors'
BUNDLE_MODEL_ONNX_FILENAME = 'model.onnx'
OLD_BUNDLE_CONFIG_FILENAME = 'pipeline-config.json'


def checkpoint_filename(epoch: int) -> str:
    """The weights after an epoch, when all are kept."""
    return os.path.join(CHECKPOINTS_DIRNAME, f'model-ckpt-epoch-{epoch}.pth')
