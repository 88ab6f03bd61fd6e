from rastervision.core.data.class_config import ClassConfig as ClassConfig
from rastervision.core.data.colors import color_to_triple as color_to_triple
from rastervision.pipeline.file_system.local_file_system import make_dir as make_dir
from rastervision.pytorch_learner.channel_display import ChannelInds as ChannelInds
from rastervision.pytorch_learner.channel_display import (
    get_default_channel_display_groups as get_default_channel_display_groups,
)
from rastervision.pytorch_learner.channel_display import (
    validate_channel_display_groups as validate_channel_display_groups,
)
from rastervision.pytorch_learner.dataset.min_max_normalize import MinMaxNormalize as MinMaxNormalize
from rastervision.pytorch_learner.dataset.transform_io import (
    deserialize_albumentation_transform as deserialize_albumentation_transform,
)
from rastervision.pytorch_learner.dataset.transform_io import (
    validate_albumentation_transform as validate_albumentation_transform,
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
from rastervision.pytorch_learner.learner_config.plot_options import RGBTuple as RGBTuple
from rastervision.pytorch_learner.object_detection_utils import BoxList as BoxList
from rastervision.pytorch_learner.object_detection_utils import collate_fn as collate_fn
from rastervision.pytorch_learner.object_detection_utils import draw_boxes as draw_boxes
from rastervision.pytorch_learner.utils.utils import (
    channel_groups_to_imgs as channel_groups_to_imgs,
)
from rastervision.pytorch_learner.utils.utils import (
    plot_channel_groups as plot_channel_groups,
)
