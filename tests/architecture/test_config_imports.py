"""Configs are light: a laptop without torch can write, validate and submit a pipeline."""

import json
import subprocess
import sys

HEAVY = (
    'numpy',
    'rasterio',
    'shapely',
    'torch',
    'cv2',
    'pandas',
    'geopandas',
    'boto3',
    'sklearn',
    'scipy',
    'matplotlib',
)
PROGRAM = f"""
import json, sys
from rastervision.pipeline.registry import registry_
registry_.update_config_info()
from rastervision.core.rv_pipeline import SemanticSegmentationConfig
from rastervision import pytorch_backend, pytorch_learner
for package in (pytorch_learner, pytorch_backend):
    assert [getattr(package, name) for name in dir(package) if name.endswith('Config')]
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""


def test_importing_all_configs_loads_nothing_heavy():
    done = subprocess.run([sys.executable, '-c', PROGRAM], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout.splitlines()[-1]) == []
