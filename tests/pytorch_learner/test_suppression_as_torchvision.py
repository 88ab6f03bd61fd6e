"""Core's non-maximum suppression, which needs no torch, drops the same boxes as torchvision's."""

import time

import numpy as np
import pytest
import torch
from torchvision.ops import batched_nms, nms

from rastervision.core.data.label.boxes import non_max_suppression


def around(middles, sizes):
    return np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1)


def pile(rng, count):
    return around(500 + rng.normal(0, 3, (count, 2)), rng.uniform(60, 100, (count, 2)))


def nested(rng, count):
    return around(np.full((count, 2), 500.0), np.exp(rng.uniform(0, 8, (count, 2))))


def crossed(rng, count):
    sizes = np.stack([rng.uniform(1, 3, count), rng.uniform(300, 500, count)], axis=1)
    sizes[::2] = sizes[::2, ::-1]
    return around(500 + rng.uniform(-50, 50, (count, 2)), sizes)


def whole_pixels(rng, count):
    return around(rng.integers(0, 40, (count, 2)) * 1.0, 2.0 * rng.integers(0, 9, (count, 2)))  # some without area


def spread_and_pile(rng, count):
    lone = around(rng.uniform(1000, 5000, (count // 2, 2)), rng.uniform(5, 30, (count // 2, 2)))
    return np.concatenate([lone, pile(rng, count - count // 2)])


@pytest.mark.parametrize('kind', [pile, nested, crossed, whole_pixels, spread_and_pile])
@pytest.mark.parametrize('thresh', [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize('classes', [1, 3])
def test_the_same_boxes_are_dropped(kind, thresh, classes):
    rng = np.random.default_rng(4)
    boxes, scores, ids = kind(rng, 1500), np.linspace(1, 0, 1500), rng.integers(0, classes, 1500)

    kept = non_max_suppression(boxes, scores, thresh, ids if classes > 1 else None)

    tensors = torch.tensor(boxes[:, [1, 0, 3, 2]]), torch.tensor(scores)
    expected = nms(*tensors, thresh) if classes == 1 else batched_nms(*tensors, torch.tensor(ids), thresh)
    assert kept.tolist() == expected.tolist()


@pytest.mark.parametrize('thresh', [0.1, 0.5, 0.9])
@pytest.mark.parametrize('classes', [1, 5])
def test_a_pile_of_many_boxes_takes_little_time(thresh, classes):
    rng = np.random.default_rng(5)
    boxes, scores, ids = pile(rng, 20_000), rng.permutation(20_000) / 20_000, rng.integers(0, classes, 20_000)
    start = time.process_time()

    kept = non_max_suppression(boxes, scores, thresh, ids)

    assert time.process_time() - start < 1  # 0.02 s to 0.2 s are usual
    assert classes <= len(kept) < 3000
