"""The machine that training runs on."""

import logging
import os
import platform
import sys

import psutil
import torch

log = logging.getLogger(__name__)


def log_system_details() -> None:
    """Log what machine this is and what of it can be used."""
    memory = psutil.virtual_memory()
    log.info('Platform: %s, Python %s', platform.platform(), sys.version.split()[0])
    log.info('PyTorch %s, CUDA %s', torch.__version__, torch.version.cuda)
    log.info('CPUs: %s, memory: %.1f GB, %.1f GB free', os.cpu_count(), memory.total / 1e9, memory.available / 1e9)
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        log.info('GPU %d: %s, %.1f GB', index, properties.name, properties.total_memory / 1e9)
