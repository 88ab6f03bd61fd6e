"""Makes reports of runs."""

import os
from collections.abc import Sequence

from rastervision.core.layout import COMPARISON_FILE, REPORT_DIR, REPORT_FILE
from rastervision.core.report.blocks import Section, pictures_in
from rastervision.core.report.comparison import comparison_sections
from rastervision.core.report.maps import map_blocks, window_blocks
from rastervision.core.report.metrics import confidence_blocks, metrics_blocks
from rastervision.core.report.objects import object_blocks
from rastervision.core.report.page import render
from rastervision.core.report.places import data_blocks
from rastervision.core.report.run import Run, load_runs
from rastervision.core.report.scenes import Scans, scan_run
from rastervision.core.report.settings import config_blocks
from rastervision.core.report.summary import summary_blocks
from rastervision.core.report.training import sample_blocks, training_blocks
from rastervision.pipeline.errors import ArgumentError, DataError, about
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.file_system.utils import str_to_file

MAX_SCENES = 12


def make_report(root_uris: Sequence[str], output_uri: str | None = None, *, max_scenes: int = MAX_SCENES) -> str:
    """Write a report of a run, or of several side by side: one HTML file with all in it, and its pictures as files.

    What a run has not left, because a command did not run or its files were moved, the report says is missing. The same
    run gives the same bytes.

    Time grows with the area of the scenes that were evaluated, each of which is read once. Memory does not depend on
    the size of scenes; it holds the pictures of `max_scenes` scenes, and the boxes of all.

    Args:
        root_uris: Roots of runs.
        output_uri: Folder for the report. None: `report` under the first root.
        max_scenes: Of how many scenes to show pictures, those with most errors.

    Returns:
        URI of the HTML file.

    Raises:
        NotReadableError: If there is no config of a run at a root.
        ConfigError: If it is not that of a pipeline of scenes.
    """
    if not root_uris:
        raise ArgumentError('There is nothing to report on. Give the root_uri of one run at least.')
    runs = load_runs(tuple(root_uris))
    with about(', '.join(root_uris), DataError):
        return _make_report(runs, output_uri, max_scenes)


def _make_report(runs: list[Run], output_uri: str | None, max_scenes: int) -> str:
    folder = output_uri or os.path.join(runs[0].root, REPORT_DIR)
    if len(runs) == 1:
        (run,) = runs
        name, sections = REPORT_FILE, run_sections(run, scan_run(run, max_scenes))
        page = render(f'Report: {run.name}', run.root, sections)
    else:
        scans = [scan_run(run, max_scenes, prefix=f'run-{i + 1}-', outputs=False) for i, run in enumerate(runs)]
        name, sections = COMPARISON_FILE, comparison_sections(runs, scans)
        page = render(
            f'Comparison: {", ".join(run.name for run in runs)}', ', '.join(run.root for run in runs), sections
        )
    for section in sections:
        for picture in pictures_in(section.blocks):
            _write(picture.data, os.path.join(folder, f'{picture.name}.{picture.form.replace("jpeg", "jpg")}'))
    uri = os.path.join(folder, name)
    str_to_file(page, uri)
    return uri


def run_sections(run: Run, scans: Scans) -> list[Section]:
    """The sections of the report of one run.

    Args:
        run: The run.
        scans: Its scanned scenes.
    """
    objects = object_blocks(run, scans)
    return [
        Section('Summary', summary_blocks(run)),
        Section('Metrics', metrics_blocks(run, scans)),
        Section('Errors', map_blocks(run, scans)),
        Section('Worst windows', window_blocks(scans)),
        *([Section('Objects', objects)] if objects else []),
        Section('Confidence', confidence_blocks(run, scans)),
        Section('Training', training_blocks(run)),
        Section('Data', data_blocks(run)),
        Section('Chips', sample_blocks(run)),
        Section('Config', config_blocks(run)),
    ]


def _write(data: bytes, uri: str) -> None:
    with publish_file(uri) as path, open(path, 'wb') as file:
        file.write(data)
