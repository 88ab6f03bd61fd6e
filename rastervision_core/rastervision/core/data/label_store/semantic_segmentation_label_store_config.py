"""Configures SemanticSegmentationLabelStore and its vector outputs."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from rastervision.core.data.label_store.label_store_config import LabelStoreConfig
from rastervision.core.defaults import BLOCK_SZ, DENOISE_DIAMETER
from rastervision.core.layout import member, vector_file
from rastervision.core.types import BlockSide, Diameter, NonNegFloat, NonNegInt, Proportion
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config, added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from shapely.geometry.base import BaseGeometry

    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.data.vectorize.stream import Vectorizer
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

__getattr__ = lazy.names(
    __name__,
    'rastervision.core.data.label_store.semantic_segmentation_label_store:SemanticSegmentationLabelStore',
)

lazy.also_give(
    __name__,
    'rastervision.core.data.vectorize.buildings: mask_to_building_polygons',
    'rastervision.core.data.vectorize.morphology: denoise',
    'rastervision.core.data.vectorize.polygons: mask_to_polygons',
)

SUFFIXES = {'geojson': '.json', 'gpkg': '.gpkg', 'parquet': '.parquet'}


def vo_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Drop `uri`, which version 9 of the config format no longer has."""
    return {name: value for name, value in cfg_dict.items() if version != 8 or name != 'uri'}


def building_vo_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Drop `min_aspect_ratio`, which version 7 of the config format no longer has."""
    return {name: value for name, value in cfg_dict.items() if version != 6 or name != 'min_aspect_ratio'}


@register_config('vector_output', upgrader=vo_config_upgrader)
class VectorOutputConfig(Config):
    """Configure a vector output: the pixels of one class as polygons."""

    class_id: NonNegInt = Field(..., description='Class whose pixels become polygons.')
    denoise: Diameter = Field(
        DENOISE_DIAMETER,
        description='Diameter, in pixels, of the disc of a morphological opening that removes specks. 0: none.',
    )
    threshold: Proportion | None = Field(
        None,
        description='A pixel belongs to the class if its score is at least this (without scores, its share of the '
        'votes), so polygons of several classes may overlap. None: if labels.tif has the class.',
    )
    format: Literal['geojson', 'gpkg', 'parquet'] = added_field(
        'geojson',
        'GeoJSON, which is in longitude and latitude; or GeoPackage or GeoParquet (needs pyarrow: the '
        'extra parquet of rastervision_core), which are in the CRS of the image.',
    )
    name: str | None = added_field(
        None, 'Name of the file, without an ending. None: class-<class id>-<class name>, which each class has once.'
    )

    def vectorize(self, mask: 'np.ndarray') -> 'Iterator[BaseGeometry]':
        """Turn a mask into polygons.

        Args:
            mask: Pixels of the class, (height, width), 0 or 1.

        Returns:
            Polygons in pixel coordinates, (x, y).
        """
        raise ConfigError(f'{type(self).__name__} is a base class. Use one of its subclasses.')

    def build(self, shape: tuple[int, int]) -> 'Vectorizer':
        """Make what turns a mask that comes in bands of rows into the polygons that `vectorize` makes of it.

        This version collects the mask and calls `vectorize`; subclasses can do without. Of a subclass that defines
        only `vectorize`, that counts.

        Args:
            shape: Height and width of the mask.
        """
        from rastervision.core.data.vectorize.stream import WholeMaskVectorizer

        return WholeMaskVectorizer(self.vectorize)

    def get_uri(self, root: str, class_config: 'ClassConfig | None' = None) -> str:
        """The file of this output.

        Args:
            root: Folder of the vector outputs.
            class_config: Gives the class name, a part of the file name.
        """
        class_name = class_config.get_name(self.class_id) if class_config is not None else None
        return member(root, (self.name or vector_file(self.class_id, class_name)) + SUFFIXES[self.format])


@register_config('polygon_vector_output')
class PolygonVectorOutputConfig(VectorOutputConfig):
    """Configure a vector output whose polygons follow the outlines of the pixels."""

    def vectorize(self, mask: 'np.ndarray') -> 'Iterator[BaseGeometry]':
        """Turn a mask into polygons along the pixels' outlines; see :meth:`.VectorOutputConfig.vectorize`."""
        from rastervision.core.data.vectorize.morphology import denoise
        from rastervision.core.data.vectorize.polygons import mask_to_polygons

        return mask_to_polygons(denoise(mask, self.denoise))

    def build(self, shape: tuple[int, int]) -> 'Vectorizer':
        """Make the vectorizer; see :meth:`.VectorOutputConfig.build`."""
        from rastervision.core.data.vectorize.stream import PolygonVectorizer

        return PolygonVectorizer(self.denoise)


@register_config('building_vector_output', upgrader=building_vo_config_upgrader)
class BuildingVectorOutputConfig(VectorOutputConfig):
    """Configure a vector output whose polygons look like buildings.

    Each patch of pixels is eroded by a bar as wide as part of its smallest enclosing rectangle, which separates
    buildings that touch, and each part is dilated again.
    """

    min_area: NonNegFloat = Field(
        0.0,
        description='Patches with a smaller area, in pixels, inside the line through the centres of their outer '
        'pixels are left out.',
    )
    element_width_factor: NonNegFloat = Field(
        0.5, description="Length of the bar, as a part of the rectangle's shorter side. Larger values separate more."
    )
    element_thickness: NonNegFloat = Field(
        0.001, description="Thickness of the bar, as a part of the rectangle's shorter side."
    )

    def vectorize(self, mask: 'np.ndarray') -> 'Iterator[BaseGeometry]':
        """Turn a mask into buildings; see :meth:`.VectorOutputConfig.vectorize`."""
        from rastervision.core.data.vectorize.buildings import mask_to_building_polygons
        from rastervision.core.data.vectorize.morphology import denoise

        return mask_to_building_polygons(
            denoise(mask, self.denoise),
            min_area=self.min_area,
            width_factor=self.element_width_factor,
            thickness=self.element_thickness,
        )

    def build(self, shape: tuple[int, int]) -> 'Vectorizer':
        """Make the vectorizer; see :meth:`.VectorOutputConfig.build`."""
        from rastervision.core.data.vectorize.buildings import BuildingOptions
        from rastervision.core.data.vectorize.stream import BuildingVectorizer

        options = BuildingOptions(self.min_area, self.element_width_factor, self.element_thickness)
        return BuildingVectorizer(self.denoise, shape, options)


@register_config('semantic_segmentation_label_store')
class SemanticSegmentationLabelStoreConfig(LabelStoreConfig):
    """Configure a :class:`.SemanticSegmentationLabelStore`.

    It keeps the labels of a scene as GeoTIFF, optionally with scores and vector outputs:

    - `labels.tif`: class ids, or colours if `rgb`
    - `scores.tif`, `pixel_hits.npy`: mean score of each class, and how many predictions it is the mean of, if
      `smooth_output`
    - `vector_output/class-<class id>-<class name>.json`: for each vector output, or another ending by its format. Of
      several for the same class and format, the last has this name, and the others `...-1.json` and so on
    - `labels.qml` and the like beside each of these but the hits, if `qgis_style`
    """

    uri: str | None = Field(None, description='Folder of the predictions. None: <predict_uri>/<scene id>.')
    vector_output: list[VectorOutputConfig] = Field(default_factory=list, description='Vector outputs to write.')
    rgb: bool = Field(False, description='Write labels.tif as an image in the colours of the classes.')
    smooth_output: bool = Field(False, description='Write the scores of all classes too.')
    smooth_as_uint8: bool = Field(
        False, description='Write scores as integers from 0 to 255, a quarter of the size of the float32 they are else.'
    )
    rasterio_block_size: BlockSide = Field(
        BLOCK_SZ, description='Height and width of the blocks of the GeoTIFFs, in pixels.'
    )
    qgis_style: bool = added_field(
        False,
        'Write styles, .qml files beside the raster and vector outputs, with which QGIS shows names and colours of the '
        'classes.',
    )

    def build(
        self,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: 'Box | None' = None,
        tmp_dir: str | None = None,
    ) -> 'SemanticSegmentationLabelStore':
        """Make the label store; see :meth:`.LabelStoreConfig.build`. A null class is added to a copy of the classes."""
        from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore

        return SemanticSegmentationLabelStore(
            uri=self.require_uri(),
            crs_transformer=crs_transformer,
            class_config=class_config,
            bbox=bbox,
            tmp_dir=tmp_dir,
            vector_outputs=with_own_files(self.vector_output, class_config),
            save_as_rgb=self.rgb,
            smooth_output=self.smooth_output,
            smooth_as_uint8=self.smooth_as_uint8,
            rasterio_block_size=self.rasterio_block_size,
            qgis_style=self.qgis_style,
        )

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill `uri` from the pipeline's folders and the scene's id."""
        super().update(pipeline=pipeline, scene=scene)
        if self.uri is None and pipeline is not None and scene is not None:
            self.uri = pipeline.layout.raster_prediction(scene.id)


def with_own_files(
    outputs: 'Sequence[VectorOutputConfig]', class_config: 'ClassConfig | None' = None
) -> list[VectorOutputConfig]:
    """Vector outputs, each with a file of its own.

    Args:
        outputs: They are not changed.
        class_config: Gives the class names, a part of the file names.

    Returns:
        The outputs. Of several that have the same file, the last keeps its name, and copies of the others get a name
        with their place in the list.
    """
    uris = [output.get_uri('', class_config) for output in outputs]
    return [
        output.model_copy(update={'name': f'{os.path.splitext(uri)[0]}-{number}'}) if uri in uris[number:] else output
        for number, (output, uri) in enumerate(zip(outputs, uris, strict=True), 1)
    ]
