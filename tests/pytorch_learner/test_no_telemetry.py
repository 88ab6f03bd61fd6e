"""No library calls home."""

import subprocess
import sys

import pytest

# Every attempt to look up a host is an error that says where; those that libraries swallow are seen, too.
CODE = """
import socket, sys

asked = []

def refuse(host, *args, **kwargs):
    asked.append(host)
    raise OSError('no network here')

socket.getaddrinfo = socket.create_connection = refuse
{code}
import time
time.sleep(0.2)
print(asked)
"""

USES = {
    'transforms': 'import rastervision.pytorch_learner.dataset.transform, albumentations',
    'learner': 'from rastervision.pytorch_learner import SemanticSegmentationLearner',
    'models by name': 'from rastervision.pytorch_learner import SemanticSegmentationModelConfig\n'
    'SemanticSegmentationModelConfig(name="unet/timm:convnext_atto", pretrained=False).build(2, 3)',
    'mlflow': 'import rastervision.pytorch_learner, mlflow, tempfile, os\n'
    'os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"\n'
    'mlflow.MlflowClient(tracking_uri=tempfile.mkdtemp()).create_experiment("x")',
}


@pytest.mark.parametrize('code', USES.values(), ids=USES)
def test_libraries_do_not_call_home(code):
    done = subprocess.run([sys.executable, '-c', CODE.format(code=code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == '[]'


def test_what_the_user_has_set_stays(monkeypatch):
    from rastervision.pytorch_learner.no_telemetry import turn_off

    monkeypatch.setenv('HF_HUB_DISABLE_TELEMETRY', '0')
    monkeypatch.delenv('NO_ALBUMENTATIONS_UPDATE', raising=False)
    turn_off()
    import os

    assert os.environ['HF_HUB_DISABLE_TELEMETRY'] == '0'
    assert os.environ['NO_ALBUMENTATIONS_UPDATE'] == '1'
