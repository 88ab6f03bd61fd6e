from shapely.ops import unary_union as unary_union

from rastervision.core.box import Box as Box
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels as ObjectDetectionLabels
from rastervision.core.data.scene import Scene as Scene
from rastervision.core.data.scene_factory import make_cc_scene as make_cc_scene
from rastervision.core.data.scene_factory import make_od_scene as make_od_scene
from rastervision.core.data.scene_factory import make_ss_scene as make_ss_scene
from rastervision.core.data.utils.aoi_sampler import AoiSampler as AoiSampler
from rastervision.core.padding import ensure_tuple as ensure_tuple
from rastervision.core.types import NonNegInt as NonNegInt
from rastervision.core.types import PosInt as PosInt
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationImageDataset as ClassificationImageDataset,
)
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationRandomWindowGeoDataset as ClassificationRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationSlidingWindowGeoDataset as ClassificationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.classification_dataset import (
    make_cc_geodataset as make_cc_geodataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    AlbumentationsDataset as AlbumentationsDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    GeoDataset as GeoDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    ImageDataset as ImageDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    RandomWindowGeoDataset as RandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    SlidingWindowGeoDataset as SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    CocoDataset as CocoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionImageDataset as ObjectDetectionImageDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionListedWindowGeoDataset as ObjectDetectionListedWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionRandomWindowGeoDataset as ObjectDetectionRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionSlidingWindowGeoDataset as ObjectDetectionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    make_od_geodataset as make_od_geodataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionDataReader as RegressionDataReader,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionImageDataset as RegressionImageDataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionRandomWindowGeoDataset as RegressionRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionSlidingWindowGeoDataset as RegressionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationDataReader as SemanticSegmentationDataReader,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationImageDataset as SemanticSegmentationImageDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationRandomWindowGeoDataset as SemanticSegmentationRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationSlidingWindowGeoDataset as SemanticSegmentationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    make_ss_geodataset as make_ss_geodataset,
)
from rastervision.pytorch_learner.dataset.transform import TF_TYPE_TO_TF_FUNC as TF_TYPE_TO_TF_FUNC
from rastervision.pytorch_learner.dataset.transform import TransformFunc as TransformFunc
from rastervision.pytorch_learner.dataset.transform import (
    TransformType as TransformType,
)
from rastervision.pytorch_learner.dataset.transform import (
    albu_to_yxyx as albu_to_yxyx,
)
from rastervision.pytorch_learner.dataset.transform import (
    apply_transform as apply_transform,
)
from rastervision.pytorch_learner.dataset.transform import (
    classification_transformer as classification_transformer,
)
from rastervision.pytorch_learner.dataset.transform import (
    object_detection_transformer as object_detection_transformer,
)
from rastervision.pytorch_learner.dataset.transform import (
    regression_transformer as regression_transformer,
)
from rastervision.pytorch_learner.dataset.transform import (
    semantic_segmentation_transformer as semantic_segmentation_transformer,
)
from rastervision.pytorch_learner.dataset.transform import (
    xywh_to_albu as xywh_to_albu,
)
from rastervision.pytorch_learner.dataset.transform import (
    yxyx_to_albu as yxyx_to_albu,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    DatasetError as DatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    GeoDatasetError as GeoDatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    ImageDatasetError as ImageDatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    discover_images as discover_images,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    load_image as load_image,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    make_image_folder_dataset as make_image_folder_dataset,
)
from rastervision.pytorch_learner.dataset.visualizer.classification_visualizer import (
    ClassificationVisualizer as ClassificationVisualizer,
)
from rastervision.pytorch_learner.dataset.visualizer.object_detection_visualizer import (
    ObjectDetectionVisualizer as ObjectDetectionVisualizer,
)
from rastervision.pytorch_learner.dataset.visualizer.regression_visualizer import (
    RegressionVisualizer as RegressionVisualizer,
)
from rastervision.pytorch_learner.dataset.visualizer.semantic_segmentation_visualizer import (
    SemanticSegmentationVisualizer as SemanticSegmentationVisualizer,
)
from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer as Visualizer
from rastervision.pytorch_learner.object_detection_utils import BoxList as BoxList
