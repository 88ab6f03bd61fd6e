"""The command zoo: list, get, index."""

from typing import TYPE_CHECKING

import click

from rastervision.pipeline.plain_text import echo, echo_json

if TYPE_CHECKING:
    from rastervision.core.zoo.index import Index

with_index = click.option(
    '--index',
    'index_uri',
    metavar='URI',
    help='The index: a JSON file or its folder, here, on a web server or on S3. Default: the setting zoo_index.',
)


@click.group('zoo', short_help='Find and fetch models that others have trained.')
def zoo() -> None:
    """Models to use with predict, from an index that anybody can host."""


@zoo.command('list')
@with_index
@click.option('--task', help='Only models of this task, such as semantic-segmentation.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def list_models(index_uri: str | None, task: str | None, as_json: bool) -> None:
    """Show the models of an index: what they find, in which images, under which license."""
    from rastervision.core.zoo.table import table

    index = _read(index_uri)
    models = [model for model in index.models if task is None or _same(model.task, task)]
    if task is not None and not models:
        tasks = ', '.join(sorted({model.task for model in index.models})) or 'none'
        echo(f'No model of {index.uri} has the task {task!r}. Its tasks: {tasks}.', err=True)
    if as_json:
        echo_json([{**model.dict(), 'url': index.uri_of(model)} for model in models])
    elif models:
        echo(table(models))


@zoo.command('get')
@click.argument('name')
@click.argument('out', type=click.Path())
@with_index
def get(name: str, out: str, index_uri: str | None) -> None:
    """Fetch the model NAME to the file OUT, or into the folder OUT.

    Its size and SHA-256 must be those of the index. What is at OUT already stays as it is.
    """
    from rastervision.core.zoo.fetch import fetch

    path = fetch(_read(index_uri), name, out)
    echo(f'{name} is in {path}. `rastervision info` says what it needs, `rastervision predict` uses it.')


@zoo.command('index')
@click.argument('folder', type=click.Path())
def index(folder: str) -> None:
    """Write index.json for the bundles (NAME.zip) in FOLDER, so that they can be listed and fetched.

    Put the folder on a web server or on S3, and others can use it: --index with the address of index.json.
    """
    from rastervision.core.zoo.making import make_index

    made = make_index(folder)
    echo(f'{made.uri} lists {", ".join(model.name for model in made.models)}.')


def _read(uri: str | None) -> 'Index':
    from rastervision.core.zoo.index import Index
    from rastervision.pipeline.rv_config import rv_config_

    uri = uri or rv_config_.get_namespace_option('rastervision', 'zoo_index')
    if not uri:
        raise click.UsageError(
            'No index of models is named. Give --index URI, or set RASTERVISION_ZOO_INDEX, or zoo_index in the section '
            'rastervision of your settings. To make one, of bundles in a folder: rastervision zoo index FOLDER.'
        )
    return Index.read(uri)


def _same(task: str, asked: str) -> bool:
    """Whether two spellings mean one task: `Semantic_Segmentation` is `semantic-segmentation`."""
    plain, other = (text.casefold().replace('_', '-').replace(' ', '-') for text in (task, asked))
    return plain == other
