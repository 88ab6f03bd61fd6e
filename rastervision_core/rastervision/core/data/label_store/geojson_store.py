"""Keeping labels as one GeoJSON file."""

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label_store.label_store import LabelStore
from rastervision.core.data.label_store.qgis_styles import feature_style, style_uri
from rastervision.pipeline.file_system.utils import str_to_file


class GeoJSONStore(LabelStore):
    """Keeps labels as a GeoJSON file of polygons in map coordinates.

    Args:
        uri: The file.
        class_config: The classes.
        crs_transformer: Between pixels of the image and the map.
        bbox: The part of the image that the labels cover; what is saved is relative to it. None: the image.
        qgis_style: Write a style for QGIS beside the file.
    """

    def __init__(
        self,
        uri: str,
        class_config: ClassConfig,
        crs_transformer: CRSTransformer,
        bbox: Box | None = None,
        *,
        qgis_style: bool = False,
    ) -> None:
        self.uri = uri
        self.class_config = class_config
        self._crs_transformer = crs_transformer
        self._bbox = bbox
        self.qgis_style = qgis_style

    def save_style(self) -> None:
        """Write the style for QGIS, if wanted."""
        if self.qgis_style:
            str_to_file(feature_style(self.class_config), style_uri(self.uri))

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
