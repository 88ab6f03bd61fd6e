"""Predicting for whole scenes, window by window.

Windows go from top to bottom and, in a row, from left to right. While the model computes, a thread reads ahead; only a
few batches are in memory at a time, whatever the size of the scene.
"""

import copy
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import batched
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.padding import calculate_required_padding

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.scene import Scene
    from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionPredictOptions
    from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
    from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationPredictOptions
    from rastervision.pytorch_learner.classification_learner import ClassificationLearner
    from rastervision.pytorch_learner.dataset.dataset import SlidingWindowGeoDataset
    from rastervision.pytorch_learner.learner.learner import Learner
    from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner
    from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner

T = TypeVar('T')
MAX_BATCHES_AHEAD = 2
