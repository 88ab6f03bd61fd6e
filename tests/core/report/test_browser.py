"""Reports in a real browser: there is something to see, and nothing is asked for from elsewhere."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from rastervision.core.report.report import make_report

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
WIDTH, HEIGHT = 1200, 2000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='needs chromium')


def look_at(page: Path, folder: Path) -> tuple[np.ndarray, list[str], set[str]]:
    """A page as a browser shows it, what it says on its console, and what it asks for beside the page."""
    shot, requests = folder / 'shot.png', folder / 'requests.json'
    command = [str(CHROMIUM), '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run']
    command += ['--disable-background-networking', '--disable-component-update', f'--user-data-dir={folder / "user"}']
    command += [f'--window-size={WIDTH},{HEIGHT}', f'--screenshot={shot}', f'--log-net-log={requests}']
    command += ['--enable-logging=stderr', page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in done.stderr.splitlines() if 'CONSOLE' in line]
    return cv2.imread(str(shot)), console, asked_for(requests.read_text())


def asked_for(net_log: str) -> set[str]:
    """URLs that pages asked for, of a network log; the browser's own errands are left out."""
    text = net_log if net_log.rstrip().endswith('}') else net_log.rstrip().rstrip(',') + ']}'
    log = json.loads(text)
    started = log['constants']['logEventTypes']['URL_REQUEST_START_JOB']
    events = [event.get('params', {}) for event in log['events'] if event['type'] == started]
    return {p['url'] for p in events if re.match('https?:', p.get('url', '')) and p.get('initiator') != 'not an origin'}


def check(page: Path, folder: Path) -> None:
    pixels, console, urls = look_at(page, folder)

    assert pixels.shape == (HEIGHT, WIDTH, 3)
    inked = (pixels < 250).any(axis=2)
    assert 0.02 < inked.mean() < 0.95
    assert inked[: HEIGHT // 4].any() and inked[HEIGHT // 2 :].any()
    assert console == []
    assert urls == set()


def test_the_check_sees_scripts_that_fail_and_pictures_from_elsewhere(tmp_path):
    page = tmp_path / 'bad.html'
    page.write_text('<p>Bad</p><img src="http://127.0.0.1:9/x.png"><script>console.error("oh")</script>')

    pixels, console, urls = look_at(page, tmp_path)

    assert (pixels == 255).mean() > 0.98
    assert any('oh' in line for line in console)
    assert urls == {'http://127.0.0.1:9/x.png'}


@pytest.mark.parametrize('task', ['ss', 'od', 'cc'])
def test_a_report_can_be_looked_at(task, finished, tmp_path):
    check(finished(task) / 'report/report.html', tmp_path)


def test_a_comparison_can_be_looked_at(finished, make_run, tmp_path):
    make_report([str(finished('ss')), str(make_run('ss'))], str(tmp_path / 'out'))

    check(tmp_path / 'out/comparison.html', tmp_path)
