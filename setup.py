"""The meta distribution `rastervision`: installs all parts.

From a checkout the parts come from that checkout, by path: the package registry holds older packages of the same
names. From an sdist, which holds no parts, they come from the registry, in exactly this version or newer.
"""

import tomllib
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
VERSION = tomllib.loads((HERE / 'pyproject.toml').read_text())['tool']['rastervision']['version']
PARTS = (
    'rastervision_pipeline',
    'rastervision_core',
    'rastervision_pytorch_learner',
    'rastervision_pytorch_backend',
    'rastervision_aws_s3',
    'rastervision_aws_batch',
)


def requirement(part: str) -> str:
    """The requirement of one part: its folder in this checkout if there is one, else its version."""
    folder = HERE / part
    return f'{part} @ {folder.as_uri()}' if folder.is_dir() else f'{part}>={VERSION}'


setup(
    name='rastervision',
    version=VERSION,
    description='An open framework for deep learning on satellite and aerial imagery.',
    long_description=(HERE / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.11',
    py_modules=[],
    packages=[],
    install_requires=[requirement(part) for part in PARTS],
    extras_require={'dask': [requirement('rastervision_pipeline').replace('_pipeline', '_pipeline[dask]', 1)]},
)
