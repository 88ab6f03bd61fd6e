"""What the documentation says about the code is so."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_difference_names_a_test_that_exists():
    tests = {
        name for path in (ROOT / 'tests').rglob('*.py') for name in re.findall(r'def (test_\w+)', path.read_text())
    }
    named = set(re.findall(r'`(test_\w+)`', (ROOT / 'docs/differences.md').read_text()))

    assert named - tests == set()
    assert len(named) > 60


def test_files_that_the_readme_links_to_are_there():
    links = re.findall(r'\]\(([^)#:]+)\)', (ROOT / 'README.md').read_text())

    assert [link for link in links if not (ROOT / link).exists()] == []
