"""Makes chips of, trains and applies the tiny learner."""

from rastervision.pipeline.config import register_config
from rastervision.pytorch_backend import PyTorchSemanticSegmentation, PyTorchSemanticSegmentationConfig
from rastervision.written_for_031.learner import TinyLearnerConfig
from rastervision.written_for_031.marks import mark


class TinyBackend(PyTorchSemanticSegmentation):
    def get_sample_writer(self):
        mark('TinyBackend.get_sample_writer')
        return super().get_sample_writer()

    def train(self, source_bundle_uri=None):
        mark('TinyBackend.train')
        super().train(source_bundle_uri=source_bundle_uri)

    def predict_scene(self, scene, predict_options):
        mark('TinyBackend.predict_scene')
        return super().predict_scene(scene, predict_options)


@register_config('tiny_backend')
class TinyBackendConfig(PyTorchSemanticSegmentationConfig):
    def get_learner_config(self, pipeline):
        learner = TinyLearnerConfig(
            data=self.data,
            model=self.model,
            solver=self.solver,
            output_uri=None if pipeline is None else pipeline.train_uri,
            log_tensorboard=self.log_tensorboard,
            run_tensorboard=self.run_tensorboard,
            save_all_checkpoints=self.save_all_checkpoints,
        )
        learner.update()
        return learner

    def build(self, pipeline, tmp_dir):
        return TinyBackend(pipeline, self.get_learner_config(pipeline), tmp_dir)
