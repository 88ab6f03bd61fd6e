"""Part of the pixels that are right."""

import numpy as np

from rastervision.core.evaluation import Evaluator, EvaluatorConfig
from rastervision.pipeline.config import register_config
from rastervision.pipeline.file_system import json_to_file
from rastervision.written_for_031.marks import mark


class RightPixelsEvaluator(Evaluator):
    def __init__(self, output_uri):
        self.output_uri = output_uri

    def process(self, scenes, tmp_dir=None):
        mark('RightPixelsEvaluator.process')
        json_to_file({scene.id: self.evaluate_scene(scene) for scene in scenes}, self.output_uri)

    def evaluate_scene(self, scene):
        return self.evaluate_predictions(scene.label_source.get_labels(), scene.label_store.get_labels())

    def evaluate_predictions(self, ground_truth, predictions):
        truth = ground_truth.get_label_arr(ground_truth.extent)
        return float(np.mean(truth == predictions.get_label_arr(ground_truth.extent)))


@register_config('right_pixels_evaluator')
class RightPixelsEvaluatorConfig(EvaluatorConfig):
    def build(self, class_config, scene_group=None):
        name = None if scene_group is None else scene_group[0]
        return RightPixelsEvaluator(self.get_output_uri(name))
