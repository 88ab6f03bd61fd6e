"""Old place of functions that are now in modules named for what they do; only names are given here."""

from rastervision.pipeline import lazy

BASE = 'rastervision.pytorch_learner'
NAMES = {
    'metrics': ('compute_conf_mat', 'compute_conf_mat_metrics', 'aggregate_metrics'),
    'models.channels': ('SplitTensor', 'Parallel', 'AddTensors', 'adjust_conv_channels'),
    'dataset.transform_io': (
        'validate_albumentation_transform',
        'serialize_albumentation_transform',
        'deserialize_albumentation_transform',
    ),
    'dataset.min_max_normalize': ('MinMaxNormalize',),
    'dataset.visualizer.channel_groups': ('plot_channel_groups', 'channel_groups_to_imgs'),
    'learner.log': ('log_metrics_to_csv', 'log_system_details'),
    'onnx': ('ONNXRuntimeAdapter',),
    'learner.bundle': ('get_learner_config_from_bundle_dir',),
}
__getattr__ = lazy.names(__name__, *(f'{BASE}.{module}:{name}' for module, names in NAMES.items() for name in names))
