from rastervision.core.data.class_config import ClassConfig as ClassConfig
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig as WindowSamplingConfig
from rastervision.pytorch_learner.utils.utils import MinMaxNormalize as MinMaxNormalize
