"""The notebooks, run as a user would, with less training."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

FOLDER = Path(__file__).resolve().parents[2] / 'docs/notebooks'
SIZES = {
    'semantic_segmentation': 'EPOCHS, SAMPLES = 2, 8',
    'object_detection': 'EPOCHS, SAMPLES = 2, 6',
    'chip_classification': 'EPOCHS, SAMPLES = 2, 24',
}
# Over all classes. So little training does not find buildings yet.
LEAST_RECALL = {'semantic_segmentation': 0.5, 'object_detection': 0.0, 'chip_classification': 0.5}
RESULT = """
import json
result = {'recall': metrics.loc['average', 'metrics.recall'], 'losses': log['train_loss'].tolist()}
with open(join(FOLDER, 'result.json'), 'w') as file:
    json.dump(result, file)
"""
NO_WIDGETS = 'IProgress not found'  # what tqdm says where a library imports it

each_notebook = pytest.mark.parametrize('name', sorted(SIZES))


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / f'{name}.ipynb', as_version=4)


def test_each_notebook_is_run():
    assert {path.stem for path in FOLDER.glob('*.ipynb')} == set(SIZES)


@each_notebook
def test_it_is_kept_without_outputs(name):
    cells = [cell for cell in read(name).cells if cell.cell_type == 'code']

    assert [cell.outputs for cell in cells] == [[] for _ in cells]
    assert {cell.execution_count for cell in cells} == {None}


@each_notebook
@pytest.mark.e2e
@pytest.mark.slow
def test_it_trains_predicts_and_evaluates(name, tmp_path, monkeypatch):
    monkeypatch.setenv('TQDM_DISABLE', '1')
    monkeypatch.setenv('TMPDIR', str(tmp_path))
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path / 'ipython'))
    before = set(FOLDER.iterdir())

    cells = run(name, f'FOLDER = {str(tmp_path)!r}\n{SIZES[name]}', RESULT)

    outputs = [output for cell in cells for output in cell.get('outputs', [])]
    warnings = [output.text for output in outputs if output.get('name') == 'stderr']
    assert [text for text in warnings if NO_WIDGETS not in text] == []
    result = json.loads((tmp_path / 'result.json').read_text())
    assert result['losses'][-1] < result['losses'][0]
    assert LEAST_RECALL[name] <= result['recall'] <= 1
    assert (tmp_path / 'bundle/model-bundle.zip').is_file()
    assert set(FOLDER.iterdir()) == before


def run(name: str, parameters: str, last: str) -> list[nbformat.NotebookNode]:
    """The cells of a notebook, run with other parameters and with one more cell."""
    notebook = read(name)
    place = next(n for n, cell in enumerate(notebook.cells) if 'parameters' in cell.metadata.get('tags', []))
    notebook.cells.insert(place + 1, new_code_cell(parameters))
    notebook.cells.append(new_code_cell(last))
    NotebookClient(notebook, timeout=300, resources={'metadata': {'path': str(FOLDER)}}).execute()
    return list(notebook.cells)
