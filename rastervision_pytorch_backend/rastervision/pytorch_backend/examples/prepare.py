"""Prepares a data set for its example.

python -m rastervision.pytorch_backend.examples.prepare DATA_SET RAW_URI PROCESSED_URI
"""

import sys

import click

from rastervision.pipeline import lazy
from rastervision.pipeline.cli.failures import report
from rastervision.pipeline.errors import RasterVisionError

HOME = 'rastervision.pytorch_backend.examples.preparation'
DATA_SETS = ('spacenet_rio', 'isprs_potsdam', 'cowc_potsdam', 'xview')


@click.command()
@click.argument('data_set', type=click.Choice(DATA_SETS), metavar='DATA_SET')
@click.argument('raw_uri')
@click.argument('processed_uri')
def prepare(data_set: str, raw_uri: str, processed_uri: str) -> None:
    """Prepare DATA_SET for its example: spacenet_rio, isprs_potsdam, cowc_potsdam or xview.

    RAW_URI is the folder of the data set as it is handed out, local or remote; what is made goes to the folder
    PROCESSED_URI. Both are then arguments of the example.
    """
    try:
        lazy.load(f'{HOME}.{data_set}:prepare')(raw_uri, processed_uri)
    except RasterVisionError as error:
        report(error)
        sys.exit(1)


if __name__ == '__main__':
    prepare()
