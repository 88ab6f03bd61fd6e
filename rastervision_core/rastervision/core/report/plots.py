"""Plots as PNG, by matplotlib, without a display. The same data gives the same bytes."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.report.blocks import Picture
from rastervision.pipeline.plain_text import plot_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 110
WIDTH, HEIGHT = 5.6, 3.4  # inches of one plot
COLORS = ('#2563a8', '#d1603d', '#3f9b57', '#8655a8', '#b08a1d', '#4aa3b5', '#a83e6b', '#6b7682')

Curves = Mapping[str, tuple[Sequence[float], Sequence[float]]]


def curves(name: str, title: str, lines: Curves, x_label: str, y_label: str, *, share: bool = False) -> Picture:
    """Lines over a common axis.

    Args:
        name: Name of the picture.
        title: What it shows.
        lines: x and y of each line, by its name; NaN leaves a gap.
        x_label: What x is.
        y_label: What y is.
        share: Whether y is a share, from 0 to 1.
    """
    figure, axes = _new()
    for (label, (xs, ys)), color in zip(lines.items(), _colors(len(lines)), strict=True):
        axes.plot(xs, ys, label=plot_label(label), color=color, linewidth=1.6, marker='.' if len(xs) < 50 else None)
    axes.set(xlabel=x_label, ylabel=y_label, **({'ylim': (-0.02, 1.02)} if share else {}))
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=8, ncols=1 if len(lines) < 6 else 2)
    return _picture(figure, name, title)


def bars(name: str, title: str, groups: Mapping[str, Sequence[float]], labels: Sequence[str], y_label: str) -> Picture:
    """Bars beside each other.

    Args:
        name: Name of the picture.
        title: What it shows.
        groups: For each colour of bars, by its name, a value for each label.
        labels: What stands below the bars.
        y_label: What the values are.
    """
    figure, axes = _new(width=max(WIDTH, min(0.35 * len(labels) * len(groups), 2.4 * WIDTH)))
    places, width = np.arange(len(labels)), 0.8 / max(len(groups), 1)
    for i, ((label, values), color) in enumerate(zip(groups.items(), _colors(len(groups)), strict=True)):
        axes.bar(places + (i - (len(groups) - 1) / 2) * width, values, width, label=plot_label(label), color=color)
    crowded = len(labels) > 6
    axes.set_xticks(
        places, list(map(plot_label, labels)), rotation=45 if crowded else 0, ha='right' if crowded else 'center'
    )
    axes.set(ylabel=y_label)
    if len(groups) > 1:
        axes.legend(frameon=False, fontsize=8)
    return _picture(figure, name, title)


def reliability(name: str, title: str, bins: np.ndarray) -> Picture:
    """How often predictions are right, by how sure they were.

    Args:
        name: Name of the picture.
        title: What it shows.
        bins: Number, sum of confidences and number of right predictions of each bin, (bins, 3).
    """
    number, confidence, right = bins.T
    used = number > 0
    figure, axes = _new()
    axes.plot([0, 1], [0, 1], color='#8a949e', linewidth=1, linestyle='--', label='as sure as right')
    axes.plot(confidence[used] / number[used], right[used] / number[used], 'o-', color=COLORS[0], label='predictions')
    edges = np.arange(len(bins)) / len(bins)
    share = number / number.sum()
    axes.bar(edges, share, 1 / len(bins), align='edge', color=COLORS[1], alpha=0.25, label='share of predictions')
    axes.set(xlabel='confidence', ylabel='share that is right', xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(frameon=False, fontsize=8, loc='upper left')
    return _picture(figure, name, title)


def footprints(
    name: str, title: str, outlines: Mapping[str, Sequence[np.ndarray]], areas: Sequence[np.ndarray]
) -> Picture:
    """Where scenes are.

    Args:
        name: Name of the picture.
        title: What it shows.
        outlines: For each split the outlines of its scenes, (points, 2), longitude and latitude or other x and y.
        areas: Outlines of areas of interest.
    """
    figure, axes = _new(width=1.4 * WIDTH, height=1.3 * HEIGHT)
    for (label, rings), color in zip(outlines.items(), _colors(len(outlines)), strict=True):
        for i, ring in enumerate(rings):
            axes.fill(*ring.T, facecolor=color, edgecolor=color, alpha=0.35)
            middle = ring[:-1].mean(axis=0)
            axes.plot(*middle, marker='o', markersize=4, color=color, label=None if i else label)
    for i, ring in enumerate(areas):
        axes.plot(*ring.T, color='black', linewidth=0.8, label=None if i else 'area of interest')
    axes.margins(0.08)
    axes.ticklabel_format(useOffset=False)
    axes.tick_params(axis='x', labelrotation=20)
    axes.set(xlabel='x (longitude)', ylabel='y (latitude)')
    axes.legend(frameon=False, fontsize=8)
    return _picture(figure, name, title)


def encode(name: str, title: str, pixels: np.ndarray, *, pixelated: bool = False) -> Picture:
    """A picture of pixels, (h, w, 3), uint8, as JPEG."""
    import cv2

    _, data = cv2.imencode('.jpg', pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return Picture(name, title, data.tobytes(), 'jpeg', pixelated)


def _colors(count: int) -> list[str]:
    return [COLORS[i % len(COLORS)] for i in range(count)]


def _new(width: float = WIDTH, height: float = HEIGHT) -> 'tuple[Figure, Axes]':
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout='constrained')
    axes = figure.subplots()
    axes.grid(color='#e3e8ec', linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    return figure, axes


def _picture(figure: 'Figure', name: str, title: str) -> Picture:
    file = io.BytesIO()
    figure.savefig(file, dpi=DPI, format='png', metadata={'Software': None})
    return Picture(name, title, file.getvalue())
