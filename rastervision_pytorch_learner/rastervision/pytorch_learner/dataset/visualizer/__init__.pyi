from rastervision.pytorch_learner.channel_display import (
    get_default_channel_display_groups as get_default_channel_display_groups,
)
from rastervision.pytorch_learner.channel_display import (
    validate_channel_display_groups as validate_channel_display_groups,
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
from rastervision.pytorch_learner.object_detection_utils import draw_boxes as draw_boxes
from rastervision.pytorch_learner.utils.utils import (
    channel_groups_to_imgs as channel_groups_to_imgs,
)
from rastervision.pytorch_learner.utils.utils import (
    plot_channel_groups as plot_channel_groups,
)
