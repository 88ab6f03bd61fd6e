"""Measures how bright images are.

rastervision run local examples/brightness.py -a uris '["a.tif", "b.tif"]' -a root_uri output
"""

import json

from rastervision.{{ cookiecutter.package }}.brightness_config import {{ cookiecutter.class_prefix }}BrightnessConfig


def get_config(runner: str, uris: str, root_uri: str) -> {{ cookiecutter.class_prefix }}BrightnessConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        uris: The images, as a list in JSON.
        root_uri: The folder to write to.
    """
    images = json.loads(uris) if isinstance(uris, str) else uris
    return {{ cookiecutter.class_prefix }}BrightnessConfig(uris=images, root_uri=root_uri)
