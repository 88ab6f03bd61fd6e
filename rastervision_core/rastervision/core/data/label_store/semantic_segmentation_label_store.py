"""Keeping labels of pixels."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.windows import Window

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationDiscreteLabels,
    SemanticSegmentationLabels,
    SemanticSegmentationSmoothLabels,
)
from rastervision.core.data.label_store.label_store import LabelStore, LabelWriter, MakeLabels
from rastervision.core.data.label_store.qgis_styles import (
    class_style,
    label_raster_style,
    score_raster_style,
    style_uri,
)
from rastervision.core.data.label_store.raster_outputs import HitsArray, LabelRaster, ScoreRaster
from rastervision.core.data.label_store.rows import RowOutput, iter_rows
from rastervision.core.data.label_store.strip_writer import StripWriter
from rastervision.core.data.label_store.vector_outputs import VectorOutput, class_mask
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer
from rastervision.core.data.rasterio_io import open_raster
from rastervision.core.defaults import NULL_CLASS
from rastervision.core.layout import HITS_FILE, LABELS_FILE, SCORES_FILE, VECTORS_DIR
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, MissingFileError
from rastervision.pipeline.file_system.publish import publish_dir
from rastervision.pipeline.file_system.utils import download_if_needed, file_exists, get_local_path
from rastervision.pipeline.overriding import is_overridden
from rastervision.pipeline.rv_config import rv_config_

if TYPE_CHECKING:
    from rastervision.core.data.label_store.semantic_segmentation_label_store_config import VectorOutputConfig

lazy.also_give(
    __name__,
    'rastervision.core.data.geotiff: write_window',
    'rastervision.core.data.label_source.semantic_segmentation_label_source: SemanticSegmentationLabelSource',
    'rastervision.pipeline.errors: NotReadableError',
    'rastervision.pipeline.file_system.local_file_system: make_dir',
    'rastervision.pipeline.file_system.utils: get_tmp_dir json_to_file sync_to_dir',
)

TILE_STEP = 16  # sides of the tiles of a GeoTIFF are multiples of it
WAYS_TO_WRITE = (
    'save',
    'build_rasterio_gtiff_profile',
    'write_discrete_raster_output',
    'write_smooth_raster_output',
    'write_vector_outputs',
    'write_vector_output',
)


class SemanticSegmentationLabelStore(LabelStore):
    """Keeps labels of pixels as GeoTIFF, and scores and polygons if wanted. All pixel coordinates begin at `bbox`.

    `writer` is the way to write the predictions of a scene of any size; `save` writes labels that are in memory. Either
    puts a complete folder in place of the old one.

    Args:
        uri: Folder.
        crs_transformer: Between pixels of the image and the map.
        class_config: The classes. If there is no null class, a copy gets one.
        bbox: The part of the image that the labels cover. None: it begins at the image's corner.
        tmp_dir: A folder for temporary files.
        vector_outputs: Vector outputs to write. Of several for the same file, the last counts.
        save_as_rgb: Write colours, not class ids.
        discrete_output: Write labels.tif.
        smooth_output: Write scores.tif and pixel_hits.npy, if there are scores.
        smooth_as_uint8: Write scores as integers from 0 to 255.
        rasterio_block_size: Height and width of the GeoTIFFs' blocks; made a multiple of 16.
        qgis_style: Write a style for QGIS beside each raster and vector output.
    """

    def __init__(
        self,
        uri: str,
        crs_transformer: CRSTransformer,
        class_config: ClassConfig,
        bbox: Box | None = None,
        tmp_dir: str | None = None,
        vector_outputs: 'Sequence[VectorOutputConfig] | None' = None,
        save_as_rgb: bool = False,
        discrete_output: bool = True,
        smooth_output: bool = False,
        smooth_as_uint8: bool = False,
        rasterio_block_size: int = 512,
        *,
        qgis_style: bool = False,
    ) -> None:
        self.root_uri = uri
        self.tmp_dir = tmp_dir
        self.num_score_classes = len(class_config)
        self.class_config = class_config.copy()
        self.class_config.ensure_null_class()
        self.vector_outputs = list(vector_outputs or ())
        self.save_as_rgb = save_as_rgb
        self.discrete_output = discrete_output
        self.smooth_output = smooth_output
        self.smooth_as_uint8 = smooth_as_uint8
        self.qgis_style = qgis_style
        self.rasterio_block_size = max(-(-rasterio_block_size // TILE_STEP), 1) * TILE_STEP
        self._crs_transformer = crs_transformer
        self._bbox = bbox

    # ------------------------------------------------------------------ writing
    def writer(
        self,
        *,
        make_labels: MakeLabels | None = None,
        smooth: bool | None = None,
        crop_sz: int | None = None,
        weights: np.ndarray | None = None,
    ) -> AbstractContextManager[LabelWriter]:
        """Write the predictions of a scene as they come; see :meth:`.LabelStore.writer`.

        The same pixels as `save` writes for the same windows, but for old scores, which are replaced; and pixels that
        nothing was predicted for count as NODATA. Memory depends on the width of the scene, the size of windows and the
        number of classes.

        Args:
            make_labels: If given, all predictions are collected in memory, and `save` writes what this makes of them.
            smooth: Whether predictions are scores, (classes, height, width), or class ids, (height, width). None:
                scores if `smooth_output`.
            crop_sz: How many pixels to leave out at each side of a window that is not at an edge of the extent.
            weights: How much the scores of each pixel that is left of a window count, (height, width). None: the same.
        """
        smooth = self.smooth_output if smooth is None else smooth
        if make_labels is None and is_overridden(self, *WAYS_TO_WRITE, base=SemanticSegmentationLabelStore):
            make_labels = self._labels_maker(smooth, crop_sz, weights)
        if make_labels is not None:
            return self._collecting_writer(make_labels)
        return self._strip_writer(smooth, crop_sz, weights)

    def _labels_maker(self, smooth: bool, crop_sz: int | None, weights: np.ndarray | None) -> MakeLabels:
        """What makes labels of predictions, for subclasses that write these in their own way."""

        def make(windows: Iterable[Box], predictions: Iterable[Any]) -> Labels:
            num_classes = self.num_score_classes if smooth else len(self.class_config)
            options: dict[str, Any] = {'smooth': smooth, 'crop_sz': crop_sz, 'weights': weights}
            return SemanticSegmentationLabels.from_predictions(
                windows, predictions, self._required_bbox.extent, num_classes, **options
            )

        return make

    @property
    def _required_bbox(self) -> Box:
        if self.bbox is None:
            raise ConfigError(f'The label store for {self.root_uri!r} has no bbox. Set it, then get the writer.')
        return self.bbox

    @contextmanager
    def _strip_writer(self, smooth: bool, crop_sz: int | None, weights: np.ndarray | None) -> Iterator[StripWriter]:
        kind = SemanticSegmentationSmoothLabels if smooth else SemanticSegmentationDiscreteLabels
        num_classes = self.num_score_classes if smooth else len(self.class_config)
        extent = self._required_bbox.extent
        profile = self._profile(extent)
        with publish_dir(self.root_uri, self.tmp_dir) as folder, ExitStack() as stack:
            opened = self._outputs(folder, profile, num_classes, smooth)
            outputs = [stack.enter_context(output) for output in opened]
            writer = StripWriter(
                extent,
                self.rasterio_block_size,
                lambda rows: kind(rows, num_classes),
                outputs,
                null_class_id=self.class_config.null_class_id,
                crop_sz=crop_sz,
                weights=weights,
            )
            yield writer
            writer.finish()
            self._write_styles(folder, smooth)

    def save(self, labels: Labels, profile: dict[str, Any] | None = None) -> None:
        """Write labels that are in memory.

        If there are scores already, and scores are to be written, they are added to, unless `replaces` is set; `writer`
        replaces them.

        Args:
            labels: `SemanticSegmentationLabels`.
            profile: Further options of the GeoTIFFs.
        """
        assert isinstance(labels, SemanticSegmentationLabels)
        smooth = isinstance(labels, SemanticSegmentationSmoothLabels)
        if (
            isinstance(labels, SemanticSegmentationSmoothLabels)
            and self.smooth_output
            and not self.replaces
            and file_exists(self.score_uri, include_dir=False)
        ):
            labels = self.merge_with_old_scores(labels)
        out_profile = self.build_rasterio_gtiff_profile(labels) | (profile or {})
        with publish_dir(self.root_uri, self.tmp_dir) as folder:
            if self.discrete_output:
                self.write_discrete_raster_output(out_profile, os.path.join(folder, LABELS_FILE), labels)
            if isinstance(labels, SemanticSegmentationSmoothLabels) and self.smooth_output:
                paths = os.path.join(folder, SCORES_FILE), os.path.join(folder, HITS_FILE)
                self.write_smooth_raster_output(out_profile, *paths, labels)
            if self.vector_outputs:
                self.write_vector_outputs(labels, os.path.join(folder, VECTORS_DIR))
            self._write_styles(folder, smooth)

    def build_rasterio_gtiff_profile(self, labels: SemanticSegmentationLabels) -> dict[str, Any]:
        """What rasterio needs to make a GeoTIFF of one band for labels."""
        return self._profile(labels.extent)

    def merge_with_old_scores(self, labels: SemanticSegmentationSmoothLabels) -> SemanticSegmentationSmoothLabels:
        """New labels: the given predictions and those that the scores on file are made of.

        Raises:
            DataError: If extents or numbers of classes differ.
        """
        return labels + self.get_scores()

    def write_discrete_raster_output(
        self, out_profile: dict[str, Any], path: str, labels: SemanticSegmentationLabels
    ) -> None:
        """Write labels.tif.

        Args:
            out_profile: As from `build_rasterio_gtiff_profile`.
            path: Local file.
            labels: The labels.
        """
        self._write_all(LabelRaster(path, out_profile, self.class_config, rgb=self.save_as_rgb), labels)

    def write_smooth_raster_output(
        self,
        out_profile: dict[str, Any],
        scores_path: str,
        hits_path: str,
        labels: SemanticSegmentationSmoothLabels,
    ) -> None:
        """Write scores.tif and pixel_hits.npy.

        Args:
            out_profile: As from `build_rasterio_gtiff_profile`.
            scores_path: Local file for the scores.
            hits_path: Local file for the hits.
            labels: The labels.
        """
        self._write_all(self._score_raster(scores_path, out_profile, labels.num_classes), labels)
        self._write_all(HitsArray(hits_path, (labels.height, labels.width)), labels)

    def write_vector_outputs(self, labels: SemanticSegmentationLabels, vector_output_dir: str) -> None:
        """Write the vector outputs of labels to a local folder."""
        for config in self._vector_outputs:
            if is_overridden(self, 'write_vector_output', base=SemanticSegmentationLabelStore):
                rows = iter_rows(labels, self.rasterio_block_size, self.class_config.null_class_id)
                mask = np.concatenate([class_mask(config, each) for each in rows])
                self.write_vector_output(config, mask.astype(np.uint8), vector_output_dir)
            else:
                self._write_all(self._vector_output(config, vector_output_dir, (labels.height, labels.width)), labels)

    def write_vector_output(self, vo: 'VectorOutputConfig', mask: np.ndarray, vector_output_dir: str) -> None:
        """Write the vector output of a mask, (height, width), 0 or 1, to a local folder."""
        with self._vector_output(vo, vector_output_dir, (mask.shape[0], mask.shape[1])) as output:
            output.write_mask(mask)

    # ------------------------------------------------------------------ reading
    def get_labels(self) -> SemanticSegmentationLabels:
        """Read all scores, if they are kept, else all labels; in memory.

        Raises:
            MissingFileError: If there are none.
        """
        return self.get_scores() if self.smooth_output else self.get_discrete_labels()

    def get_discrete_labels(self) -> SemanticSegmentationDiscreteLabels:
        """Read all labels; in memory."""
        path = self._download(self.label_uri)
        with open_raster(path) as dataset:
            extent = Box(0, 0, dataset.height, dataset.width)
        labels = SemanticSegmentationDiscreteLabels(extent, len(self.class_config))
        for window in extent.get_windows(extent.size, extent.size):
            labels.add_window(window, self.read_label_arr(window))
        return labels

    def get_scores(self) -> SemanticSegmentationSmoothLabels:
        """Read all scores; in memory.

        Raises:
            MissingFileError: If there are none.
        """
        score_path, hits_path = self._download(self.score_uri), self._download(self.hits_uri)
        hits = np.load(hits_path)
        with open_raster(score_path) as dataset:
            extent = Box(0, 0, dataset.height, dataset.width)
            labels = SemanticSegmentationSmoothLabels(extent, dataset.count, dtype_hits=hits.dtype)
            for class_id in range(dataset.count):
                labels.pixel_scores[class_id] = _as_scores(dataset.read(class_id + 1)) * hits
        labels.pixel_hits[:] = hits
        return labels

    def read_label_arr(self, window: Box) -> np.ndarray:
        """Read a window of the labels, without holding the others.

        Args:
            window: In pixels of labels.tif, inside it.

        Returns:
            Class ids, (height, width), uint8, or uint16 of more than 256 classes. Colours that are those of no class
            become the null class.

        Raises:
            MissingFileError: If there are no labels.
        """
        with open_raster(self._download(self.label_uri)) as dataset:
            pixels: np.ndarray = dataset.read(window=Window(*window.to_xywh()))
        if len(pixels) == 1:
            label_arr: np.ndarray = pixels[0]
            return label_arr
        return self.class_transformer.rgb_to_class(pixels.transpose(1, 2, 0))

    def read_score_arr(self, window: Box) -> np.ndarray:
        """Read a window of the scores, without holding the others.

        Args:
            window: In pixels of scores.tif, inside it.

        Returns:
            Scores from 0 to 1, (classes, height, width), float32; 0 where nothing was predicted.

        Raises:
            MissingFileError: If there are no scores.
        """
        with open_raster(self._download(self.score_uri)) as dataset:
            return _as_scores(dataset.read(window=Window(*window.to_xywh())))

    # --------------------------------------------------------------- properties
    @property
    def bbox(self) -> Box | None:
        """See :attr:`.LabelStore.bbox`."""
        return self._bbox

    @property
    def crs_transformer(self) -> CRSTransformer:
        """See :attr:`.LabelStore.crs_transformer`."""
        return self._crs_transformer

    def set_bbox(self, bbox: Box) -> None:
        """Set the part of the image that the labels cover."""
        self._bbox = bbox

    @property
    def label_uri(self) -> str:
        """URI of labels.tif."""
        return os.path.join(self.root_uri, LABELS_FILE)

    @property
    def score_uri(self) -> str:
        """URI of scores.tif."""
        return os.path.join(self.root_uri, SCORES_FILE)

    @property
    def hits_uri(self) -> str:
        """URI of pixel_hits.npy."""
        return os.path.join(self.root_uri, HITS_FILE)

    @property
    def vector_output_uri(self) -> str:
        """URI of the folder of the vector outputs."""
        return os.path.join(self.root_uri, VECTORS_DIR)

    @property
    def vector_output_files(self) -> 'dict[str, VectorOutputConfig]':
        """URI of each vector output and what it is; of several for the same file, the last."""
        return {config.get_uri(self.vector_output_uri, self.class_config): config for config in self.vector_outputs}

    @property
    def label_source(self) -> RasterioSource | None:
        """What reads labels.tif; None if there is none."""
        return self._source(self.label_uri)

    @property
    def score_source(self) -> RasterioSource | None:
        """What reads scores.tif; None if there is none."""
        return self._source(self.score_uri)

    @property
    def class_transformer(self) -> RGBClassTransformer:
        """Between the class ids and the colours of labels.tif."""
        return RGBClassTransformer(self.class_config)

    @property
    def root_uri_local(self) -> str:
        """Local path of the folder."""
        return get_local_path(self.root_uri, self.tmp_dir or rv_config_.get_tmp_dir_root())

    @property
    def vector_output_dir_local(self) -> str:
        """Local path of the folder of the vector outputs."""
        return os.path.join(self.root_uri_local, VECTORS_DIR)

    # ---------------------------------------------------------------- internals
    def _profile(self, extent: Box) -> dict[str, Any]:
        return {
            'driver': 'GTiff',
            'height': extent.height,
            'width': extent.width,
            'count': 1,
            'dtype': 'uint8',
            'tiled': True,
            'blockxsize': self.rasterio_block_size,
            'blockysize': self.rasterio_block_size,
            'compress': 'deflate',
            'bigtiff': 'IF_SAFER',
            **self.crs_transformer.georeference(self.bbox),
        }

    def _outputs(self, folder: str, profile: dict[str, Any], num_classes: int, smooth: bool) -> Iterator[RowOutput]:
        """Open what is to be written to a local folder, one after another."""
        label_nodata, score_nodata = self._nodata_options()
        if self.discrete_output:
            path = os.path.join(folder, LABELS_FILE)
            yield LabelRaster(path, profile | label_nodata, self.class_config, rgb=self.save_as_rgb)
        shape = (profile['height'], profile['width'])
        if smooth and self.smooth_output:
            yield self._score_raster(os.path.join(folder, SCORES_FILE), profile | score_nodata, num_classes)
            yield HitsArray(os.path.join(folder, HITS_FILE), shape)
        for config in self._vector_outputs:
            yield self._vector_output(config, os.path.join(folder, VECTORS_DIR), shape)

    def _write_styles(self, folder: str, smooth: bool) -> None:
        """Write the styles of what is in a local folder, if wanted."""
        if self.qgis_style:
            for path, text in self._styles(folder, smooth):
                Path(style_uri(path)).write_text(text, encoding='utf-8')

    def _styles(self, folder: str, smooth: bool) -> Iterator[tuple[str, str]]:
        if self.discrete_output and not self.save_as_rgb:
            yield os.path.join(folder, LABELS_FILE), label_raster_style(self.class_config)
        if smooth and self.smooth_output:
            highest = 255 if self.smooth_as_uint8 else 1
            yield os.path.join(folder, SCORES_FILE), score_raster_style(self.class_config, highest=highest)
        for config in self._vector_outputs:
            path = config.get_uri(os.path.join(folder, VECTORS_DIR), self.class_config)
            yield path, class_style(self.class_config, config.class_id)

    def _nodata_options(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """NODATA values of labels and of scores.

        A null class with another name than 'null' is a class like others, say the background, and no NODATA.
        """
        is_only_null = self.class_config.null_class == NULL_CLASS and not self.save_as_rgb
        labels = {'nodata': self.class_config.null_class_id} if is_only_null else {}
        return labels, {} if self.smooth_as_uint8 else {'nodata': float('nan')}

    def _score_raster(self, path: str, profile: dict[str, Any], num_classes: int) -> ScoreRaster:
        return ScoreRaster(path, profile, self.class_config.names[:num_classes], as_uint8=self.smooth_as_uint8)

    def _vector_output(self, config: 'VectorOutputConfig', folder: str, shape: tuple[int, int]) -> VectorOutput:
        path = config.get_uri(folder, self.class_config)
        class_name = self.class_config.get_name(config.class_id)
        return VectorOutput(path, config, shape, self.crs_transformer, self.bbox, class_name=class_name)

    @property
    def _vector_outputs(self) -> 'list[VectorOutputConfig]':
        return list(self.vector_output_files.values())

    def _source(self, uri: str) -> RasterioSource | None:
        return RasterioSource(uri, tmp_dir=self.tmp_dir) if file_exists(uri, include_dir=False) else None

    def _write_all(self, output: RowOutput, labels: SemanticSegmentationLabels) -> None:
        with output:
            for rows in iter_rows(labels, self.rasterio_block_size, self.class_config.null_class_id):
                output.write(rows)

    def _download(self, uri: str) -> str:
        if not file_exists(uri, include_dir=False):
            raise MissingFileError(f'There is no {uri!r}. Check the URI of the label store, or predict first.')
        return download_if_needed(uri, self.tmp_dir)


def _as_scores(pixels: np.ndarray) -> np.ndarray:
    """Scores from 0 to 1, float32, of what scores.tif has, which may be integers up to 255, or NaN."""
    scores: np.ndarray = np.nan_to_num(pixels.astype(np.float32)) / (255 if pixels.dtype == np.uint8 else 1)
    return scores
