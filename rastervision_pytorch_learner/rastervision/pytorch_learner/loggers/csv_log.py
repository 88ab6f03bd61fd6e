"""The log of training as a CSV file, which training also goes on from."""

import csv
import os
from collections.abc import Sequence
from typing import Any

from rastervision.pipeline.file_system.publish import publish_file


def write_log(csv_path: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write metrics, one row for each epoch. Atomic.

    Args:
        csv_path: Local path.
        rows: The metrics. The keys of the first are the columns; what later rows have beyond is left out.
    """
    if not rows:
        return
    with publish_file(csv_path) as tmp_path, open(tmp_path, 'w', newline='') as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), extrasaction='ignore')
        writer.writeheader()
        writer.writerows(rows)


def read_log(csv_path: str) -> list[dict[str, Any]]:
    """Read what `write_log` wrote; values are text. Empty if there is no file."""
    if not os.path.isfile(csv_path):
        return []
    with open(csv_path, newline='') as file:
        return list(csv.DictReader(file))


def log_metrics_to_csv(csv_path: str, metrics: dict[str, Any]) -> None:
    """Add a row of metrics to a CSV file, which is made if need be."""
    write_log(csv_path, [*read_log(csv_path), metrics])
