"""What of a config does not change what training gives: how fast it is, how it is watched, where results go."""

from typing import Any

LEARNER = (
    'log_tensorboard',
    'run_tensorboard',
    'loggers',
    'image_interval',
    'output_uri',
    'license',
    'description',
)
# Results that are made of the weights afterwards: with these, training is not done anew, but its end is.
RESULTS = ('export_onnx', 'eval_train', 'save_model_bundle', 'save_all_checkpoints', 'temperature')
DATA = ('num_workers', 'plot_options', 'preview_batch_limit')
SOLVER = ('sync_interval', 'state_interval', 'on_nonfinite')
SOLVER_RESULTS = ('calibrate',)


def without_circumstances(config: dict[str, Any], *, with_results: bool = True) -> dict[str, Any]:
    """The config of a learner, or of a backend, without the fields that change nothing.

    Args:
        config: The config as plain data.
        with_results: Keep those fields that ask for further results of the same weights.
    """
    kept = _without(config, LEARNER if with_results else LEARNER + RESULTS)
    inner = {'data': DATA, 'solver': SOLVER if with_results else SOLVER + SOLVER_RESULTS}
    parts = {name: _without(kept[name], names) for name, names in inner.items() if isinstance(kept.get(name), dict)}
    return {**kept, **parts}


def _without(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
