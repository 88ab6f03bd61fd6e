"""The reference of classes and functions: a page for each package, filled by autodoc."""

import inspect
from pathlib import Path

from generator.names import load, public_names
from generator.rst import heading, write_if_changed
from rastervision.pipeline.config.base import Config

PAGES = {
    'rastervision.pipeline': 'Pipelines, settings and errors',
    'rastervision.pipeline.config': 'Configs',
    'rastervision.pipeline.file_system': 'File systems',
    'rastervision.pipeline.runner': 'Runners',
    'rastervision.core': 'Boxes, statistics, predictors',
    'rastervision.core.analyzer': 'Analyzers',
    'rastervision.core.backend': 'Backends',
    'rastervision.core.data': 'Scenes and datasets',
    'rastervision.core.data.crs_transformer': 'CRS transformers',
    'rastervision.core.data.label': 'Labels',
    'rastervision.core.data.label_source': 'Label sources',
    'rastervision.core.data.label_store': 'Label stores',
    'rastervision.core.data.raster_source': 'Raster sources',
    'rastervision.core.data.raster_transformer': 'Raster transformers',
    'rastervision.core.data.vector_source': 'Vector sources',
    'rastervision.core.data.vector_transformer': 'Vector transformers',
    'rastervision.core.evaluation': 'Evaluation',
    'rastervision.core.rv_pipeline': 'Pipelines of the three tasks',
    'rastervision.pytorch_learner': 'Learners and models',
    'rastervision.pytorch_learner.dataset': 'Datasets and plots',
    'rastervision.pytorch_backend': 'Backends that use PyTorch',
    'rastervision.aws_s3': 'Files on S3',
    'rastervision.aws_batch': 'AWS Batch',
}
# What plugins use of modules that no package lists.
MODULES = {
    'rastervision.pipeline': ('errors', 'pipeline', 'manifest', 'plugin', 'lazy', 'utils'),
    'rastervision.pipeline.runner': ('cluster_runner', 'command_line', 'plan'),
}
UNLISTED = {('rastervision.pipeline.config.base', 'Config'): 'rastervision.pipeline.config.Config'}


def write(folder: Path) -> None:
    """Write the pages."""
    found = listed()
    for page, title in PAGES.items():
        items = [(path, kind) for (path, kind), home in found.items() if home == page]
        write_if_changed(folder / 'api' / f'{page}.rst', page_text(page, title, sorted(items)))


def listed() -> dict[tuple[str, str], str]:
    """The page of each public class and function, by its path and directive; configs have pages of their own."""
    found = {}
    whole = [f'{page}.{part}' for page, parts in MODULES.items() for part in parts]
    for (module, name), path in {**public_names(), **UNLISTED}.items():
        item = load(module, name)
        if getattr(item, '__module__', None) != module or module in whole:
            continue  # a constant, or on the page of its module
        if inspect.isfunction(item):
            found[path, 'autofunction'] = page_of(module)
        elif inspect.isclass(item) and (item is Config or not issubclass(item, Config)):
            found[path, 'autoclass'] = page_of(module)
    return found


def page_of(module: str) -> str:
    """The page of a module: that of the package it is in."""
    return max((page for page in PAGES if f'{module}.'.startswith(f'{page}.')), key=len)


def page_text(page: str, title: str, items: list[tuple[str, str]]) -> str:
    """A page with the classes and functions of a package."""
    parts = [heading(title), f'``{page}``\n']
    for kind in ('autoclass', 'autofunction'):
        parts += [f'.. {kind}:: {path}\n' for path, of_kind in items if of_kind == kind]
    for part in MODULES.get(page, ()):
        parts += [heading(f'{page}.{part}', 1), f'.. automodule:: {page}.{part}\n']
    return '\n'.join(parts)
