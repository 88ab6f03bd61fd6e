"""What a run has recorded, once it is known to be what it should be: the files may have been made by anyone."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rastervision.core.evaluation.semantic_segmentation_evaluation import VECTOR_OUTPUTS
from rastervision.pipeline.errors import DataError

Item = dict[str, Any]
COUNTS = ('gt_count', 'pred_count', 'true_pos', 'false_pos', 'false_neg')


def checked_evaluation(content: Any, uri: str, num_classes: int) -> dict[str, Any]:
    """The content of an eval.json.

    Args:
        content: What was read. Earlier versions wrote a list of what is now 'overall'.
        uri: The file.
        num_classes: How many classes the run has.

    Raises:
        DataError: If it is something else.
    """
    if isinstance(content, list):
        content = {'overall': content, 'per_scene': {}}
    if not isinstance(content, dict):
        raise DataError(f'{uri}: is no evaluation: it holds a {type(content).__name__}.')
    evaluation: dict[str, Any] = _checked_items(content, uri, num_classes)
    if VECTOR_OUTPUTS in content:
        objects = content[VECTOR_OUTPUTS]
        if not isinstance(objects, dict):
            raise DataError(f'{uri}: is no evaluation: its {VECTOR_OUTPUTS!r} is a {type(objects).__name__}.')
        evaluation[VECTOR_OUTPUTS] = _checked_items(objects, uri, num_classes)
    return evaluation


def _checked_items(content: Mapping[str, Any], uri: str, num_classes: int) -> dict[str, Any]:
    """The metrics of all scenes and of each."""
    overall, per_scene = content.get('overall') or [], content.get('per_scene') or {}
    if not isinstance(per_scene, dict):
        raise DataError(f"{uri}: is no evaluation: its 'per_scene' is a {type(per_scene).__name__}.")
    for place, items in [('overall', overall), *per_scene.items()]:
        if not isinstance(items, list):
            raise DataError(f'{uri}: is no evaluation: {place!r} is a {type(items).__name__}, not a list.')
        for item in items:
            wrong = _wrong_part(item, num_classes)
            if wrong is not None:
                raise DataError(
                    f'{uri}: is no evaluation: in {place!r} is an item whose {wrong} is not what it should be.'
                )
    return {'overall': overall, 'per_scene': per_scene}


def _wrong_part(item: Any, num_classes: int) -> str | None:
    """What is wrong in the metrics of a class or average; None if nothing is."""
    if not isinstance(item, dict):
        return 'type'
    if not isinstance(item.get('class_name'), str):
        return 'class_name'
    metrics = item.get('metrics')
    if not isinstance(metrics, dict) or not all(is_number(value) or value is None for value in metrics.values()):
        return 'metrics'
    for name in COUNTS:
        if name in item and not is_number(item[name]):
            return name
    class_id = item.get('class_id', 0)
    if not isinstance(class_id, int) or not 0 <= class_id < num_classes:
        return 'class_id'
    size = 2 if 'class_id' in item else num_classes  # of a class: whether it is true, and predicted
    return None if _is_matrix(item.get('conf_mat'), size) else 'conf_mat'


def _is_matrix(value: Any, size: int) -> bool:
    if value is None:
        return True
    if not isinstance(value, list) or len(value) != size:
        return False
    rows = (row for row in value if isinstance(row, list) and len(row) == size)
    return sum(all(cell is None or is_number(cell) for cell in row) for row in rows) == size


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def times_of(record: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """When the job of a record began and ended; None if it has not ended, or this is no record of a job."""
    try:
        started, ended = datetime.fromisoformat(record['started']), datetime.fromisoformat(record['ended'])
        return (started, ended) if started <= ended else None
    except (KeyError, TypeError, ValueError):
        return None


def most_memory(records: Sequence[Mapping[str, Any]]) -> float | None:
    """The most memory that one of some jobs had, in MiB; None if not known."""
    known = [record.get('peak_memory_mb') for record in records]
    return max((value for value in known if is_number(value) and value), default=None)
