"""Ground truth for chip classification."""

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rastervision.core.box import ON_EDGE, Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.features import Features, check_are_areas
from rastervision.core.data.geojson import features_to_geodataframe, geodataframe_to_features
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label_source.cells import NO_CLASS, CellRules, classify_cells
from rastervision.core.data.label_source.label_source import LabelSource
from rastervision.pipeline.errors import ConfigError, LabelError

if TYPE_CHECKING:
    import geopandas as gpd

    from rastervision.core.data.label_source.chip_classification_label_source_config import (
        ChipClassificationLabelSourceConfig,
    )
    from rastervision.core.data.vector_source.vector_source import VectorSource


log = logging.getLogger(__name__)


class ChipClassificationLabelSource(LabelSource):
    """Gives cells of a scene a class.

    The cells are the bounds of the features. With `infer_cells`, they are a grid, and features are objects that they
    are classified by; see `CellRules`. A window that is no such cell is classified in that way too.
    """

    def __init__(
        self,
        label_source_config: 'ChipClassificationLabelSourceConfig',
        vector_source: 'VectorSource',
        bbox: Box | None = None,
        lazy: bool = False,
    ) -> None:
        """Make a source.

        Args:
            label_source_config: What cells are, and how they are classified.
            vector_source: Where the features come from; each must have a class id.
            bbox: The part of the scene to give labels for, in pixels. None: the extent of the features.
            lazy: Whether to find labels only when they are asked for. Features are read now in any case: those around
                the bbox, if the vector source can read parts.

        Raises:
            LabelError: If a feature has no class id, or no area; or there are features, and none of them has a class.
            DataError: If there are features, and all lie far away.
            ConfigError: If cells are to be inferred, but their size is not set.
        """
        self.cfg = label_source_config
        self.vector_source = vector_source
        self.lazy = lazy
        self._bbox = bbox
        with vector_source.naming_files():
            self._check(bbox)
            _ = self._features.class_ids
            check_are_areas(self._features, f'{vector_source!r}')
        self._labels: ChipClassificationLabels | None = None
        self._by_pixels: tuple[ChipClassificationLabels, dict[Box, Box]] | None = None
        if not lazy:
            self.populate_labels()

    @property
    def bbox(self) -> Box:
        """The part of the scene that labels are given for, in pixels of the scene."""
        return self.vector_source.extent if self._bbox is None else self._bbox

    @property
    def labels(self) -> ChipClassificationLabels:
        """The labels that `get_labels` gives of all cells, in pixels of the scene."""
        return self.get_labels()

    @property
    def labels_df(self) -> 'gpd.GeoDataFrame':
        """The features, with their class ids, in pixels of the scene."""
        return features_to_geodataframe(self._features)

    @property
    def _features(self) -> Features:
        """Features among which are all that intersect the bbox."""
        return self._features_around(self._bbox)

    def _features_around(self, region: Box | None) -> Features:
        """Features among which are all that intersect a region in pixels of the scene; None: everywhere."""
        source = self.vector_source
        return source.get_features() if region is None else source.features_around(region)

    @property
    def crs_transformer(self) -> CRSTransformer:
        """Transforms between map coordinates and pixels of the scene."""
        return self.vector_source.crs_transformer

    def set_bbox(self, bbox: Box) -> None:
        """Give labels for another part of the scene."""
        if bbox == self._bbox:
            return
        self._check(bbox)
        self._bbox = bbox
        self._labels = None
        if not self.lazy:
            self.populate_labels()

    def _check(self, bbox: Box | None) -> None:
        if bbox is not None:
            self.vector_source.check_meets(bbox)
        self.vector_source.check_some_have_a_class(bbox)

    def validate_labels(self, df: 'gpd.GeoDataFrame') -> None:
        """Check that all rows have a class id.

        Raises:
            LabelError: Saying which has not.
        """
        _ = geodataframe_to_features(df).class_ids

    # ------------------------------------------------------------------- labels
    def populate_labels(self, cells: Iterable[Box] | None = None) -> None:
        """Find the labels of cells, which `get_labels` gives from then on.

        Args:
            cells: In pixels of the scene. None: the cells that the config says.
        """
        if cells is not None or self.cfg.infer_cells:
            self._labels = self.infer_cells(cells)
        else:
            self._labels = _read_labels(self._features, self._bbox)

    def infer_cells(self, cells: Iterable[Box] | None = None) -> ChipClassificationLabels:
        """Classify cells by the features in them, in one go; see `classify_cells` for the cost.

        Args:
            cells: In pixels of the scene. None: a grid that covers the bbox, with cells of the size in the config.

        Returns:
            Labels of the cells. Those without features are left out if there is no class for the background.

        Raises:
            ConfigError: If there are neither cells nor a size.
        """
        cells = self._grid() if cells is None else list(cells)
        bounds = Box.to_npboxes(cells).reshape(-1, 4)
        region = Box(*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist()) if cells else self._bbox
        return _infer_labels(cells, self._features_around(region), self._rules)

    def get_labels(self, window: Box | None = None) -> ChipClassificationLabels:
        """Labels of cells.

        Args:
            window: In pixels relative to `bbox`. None: all cells.

        Returns:
            All labels, or that of the window as a single cell, in pixels of the scene.
        """
        if window is None:
            if self._labels is None:
                self.populate_labels()
            return self._labels  # type: ignore[return-value]
        cell = window.to_global_coords(self.bbox)
        known = self._known_cells.get(cell.to_window())
        if known is None or self._labels is None:
            return self.infer_cells([cell])
        return ChipClassificationLabels({cell: tuple(self._labels[known])})

    def labeled_windows(self, windows: Sequence[Box]) -> list[Box]:
        """Those of some windows that have a label, in their order; costs what `infer_cells` does for new ones.

        Args:
            windows: In pixels relative to `bbox`.
        """
        cells = [window.to_global_coords(self.bbox) for window in windows]
        known = self._known_cells
        inferred = self.infer_cells([cell for cell in cells if cell.to_window() not in known])
        pairs = zip(windows, cells, strict=True)
        return [window for window, cell in pairs if cell.to_window() in known or cell in inferred]

    def __getitem__(self, key: Any) -> Any:
        """The class id of a window; see the base class.

        Raises:
            LabelError: If it has none.
        """
        if not isinstance(key, Box):
            return super().__getitem__(key)
        labels = self.get_labels(key)
        if len(labels) == 0:
            raise LabelError(
                f'Window {key!r} has no label in {self.vector_source!r}, and no background_class_id is set. Set it, '
                'or restrict the scene to what is labelled with aoi_uris.'
            )
        return labels.get_class_ids()[0]

    @property
    def _known_cells(self) -> dict[Box, Box]:
        """The labelled cells, by the whole pixels that are nearest to each: those of a window that shows it."""
        if self._labels is None:
            return {}
        if self._by_pixels is None or self._by_pixels[0] is not self._labels:
            self._by_pixels = self._labels, {cell.to_window(): cell for cell in self._labels.get_cells()}
        return self._by_pixels[1]

    @property
    def _rules(self) -> CellRules:
        cfg = self.cfg
        return CellRules(cfg.ioa_thresh, cfg.use_intersection_over_cell, cfg.pick_min_class_id, cfg.background_class_id)

    def _grid(self) -> list[Box]:
        if not self.cfg.cell_sz:
            raise ConfigError(
                'cell_sz is not set, but infer_cells is. Set the side of a cell in pixels; in a pipeline, it is the '
                'chip size.'
            )
        return self.bbox.get_windows(self.cfg.cell_sz, self.cfg.cell_sz)


def infer_cells(
    cells: list[Box],
    labels_df: 'gpd.GeoDataFrame',
    ioa_thresh: float,
    use_intersection_over_cell: bool,
    pick_min_class_id: bool,
    background_class_id: int | None,
) -> ChipClassificationLabels:
    """Classify cells by polygons; see `CellRules` for the arguments, and `classify_cells` for the cost.

    Args:
        cells: The cells.
        labels_df: Polygons with a column `class_id`, in the same coordinates.
        ioa_thresh: See `CellRules`.
        use_intersection_over_cell: See `CellRules`.
        pick_min_class_id: See `CellRules`.
        background_class_id: See `CellRules`.
    """
    rules = CellRules(ioa_thresh, use_intersection_over_cell, pick_min_class_id, background_class_id)
    return _infer_labels(cells, geodataframe_to_features(labels_df), rules)


def read_labels(labels_df: 'gpd.GeoDataFrame', bbox: Box | None = None) -> ChipClassificationLabels:
    """Labels of cells that are given as polygons.

    Args:
        labels_df: Polygons with a column `class_id`. The bounds are the cells.
        bbox: Leave out cells that do not overlap this box.
    """
    return _read_labels(geodataframe_to_features(labels_df), bbox)


def _infer_labels(cells: list[Box], features: Features, rules: CellRules) -> ChipClassificationLabels:
    class_ids = classify_cells(Box.to_npboxes(cells).reshape(-1, 4), features, rules)
    return _make_labels(cells, class_ids)


def _read_labels(features: Features, bbox: Box | None) -> ChipClassificationLabels:
    bounds = shapely.bounds(features.geometries).reshape(-1, 4)[:, [1, 0, 3, 2]]
    class_ids = features.class_ids
    if bbox is not None:
        upper, lower = np.array([bbox.ymax, bbox.xmax]) - ON_EDGE, np.array([bbox.ymin, bbox.xmin]) + ON_EDGE
        inside = (bounds[:, :2] < upper).all(axis=1) & (bounds[:, 2:] > lower).all(axis=1)
        bounds, class_ids = bounds[inside], class_ids[inside]
    cells = [Box(*row).snapped() for row in bounds.tolist()]
    labels = _make_labels(cells, class_ids)
    _warn_of_contradictions(cells, class_ids, labels)
    return labels


def _make_labels(cells: list[Box], class_ids: np.ndarray) -> ChipClassificationLabels:
    pairs = zip(cells, class_ids.tolist(), strict=True)
    return ChipClassificationLabels({cell: (class_id, None) for cell, class_id in pairs if class_id != NO_CLASS})


def _warn_of_contradictions(cells: list[Box], class_ids: np.ndarray, labels: ChipClassificationLabels) -> None:
    """Tell if a cell is there several times, with different classes."""
    if len(labels) == len(cells):
        return
    pairs = zip(cells, class_ids.tolist(), strict=True)
    wrong = {cell: class_id for cell, class_id in pairs if labels.get_cell_class_id(cell) != class_id}
    if wrong:
        log.warning(
            '%d cells are labelled more than once, with different classes. The last label counts. One of them is %r.',
            len(wrong),
            next(iter(wrong)),
        )
