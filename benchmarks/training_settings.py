"""What settings of training are worth: an example with the defaults against its own and further ones, in one run.

All see the same chips equally often, so they cost about the same; the processor time of training is printed beside the
scores of the evaluator on the validation scenes.

Usage: python benchmarks/training_settings.py examples/oam_cells.py DATA [--settings default,example,ema] [--out DIR]
"""

import argparse
import json
import runpy
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rastervision.pipeline.config.resolve import resolve
from rastervision.pytorch_learner.learner_config.solver import SolverConfig

ADAMW = {
    'lr': 2e-3,
    'optimizer': 'AdamW',
    'lr_schedule': 'OneCycleLR',
    'lr_schedule_args': {'pct_start': 0.2},
    'clip_grad_norm': 5,
}
# Fields of the solver that replace those of the example.
SETTINGS: dict[str, dict[str, Any]] = {
    'example': {},
    'adamw': ADAMW,
    'adamw+ema': {**ADAMW, 'ema_decay': 0.98},
    'ema': {'ema_decay': 0.98},
    'smoothing': {'label_smoothing': 0.1},
    'focal+dice': {'loss': {'focal': 1, 'dice': 1}, 'class_loss_weights': None},
}


def configure(args: argparse.Namespace, root_uri: str, name: str) -> Any:
    """The config of an example with other settings."""
    epochs = {} if args.epochs is None else {'num_epochs': args.epochs}
    config = runpy.run_path(args.example)['get_config']('inprocess', args.data_uri, root_uri, **epochs)
    solver = config.backend.solver
    if name == 'default':
        config.backend.data.augmentors = type(config.backend.data)().augmentors
        config.backend.solver = SolverConfig(num_epochs=solver.num_epochs, batch_sz=solver.batch_sz)
    else:
        given = {field: getattr(solver, field) for field in solver.model_fields_set}
        if 'lr_schedule' in SETTINGS[name]:
            given.pop('one_cycle', None)
        config.backend.solver = SolverConfig(**{**given, **SETTINGS[name]})
    return resolve(config)


def measure(config: Any, tmp_dir: str) -> dict[str, float]:
    """Run the commands up to evaluation; scores and processor time of training."""
    pipeline = config.build(tmp_dir)
    result: dict[str, float] = {}
    for command in ('analyze', 'chip', 'train', 'predict', 'eval'):
        if command in pipeline.commands:
            start = time.process_time()
            getattr(pipeline, command)()
            if command == 'train':
                result['train CPU s'] = time.process_time() - start
    (path,) = Path(config.root_uri).glob('eval/validation_scenes/eval.json')
    overall = json.loads(path.read_text())['overall']
    result['weighted F1'] = overall[-1]['metrics']['f1']
    result |= {f'F1 of {each["class_name"]}': each['metrics']['f1'] for each in overall[:-1]}
    result |= {name: overall[-1]['metrics'][name] for name in ('mAP50',) if name in overall[-1]['metrics']}
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('example')
    parser.add_argument('data_uri')
    parser.add_argument('--settings', default='default,example', help=f'of default, {", ".join(SETTINGS)}')
    parser.add_argument('--epochs', type=int, help='how often training sees each chip, instead of as the example says')
    parser.add_argument('--out', help='where to keep the runs')
    args = parser.parse_args()
    with TemporaryDirectory() as scratch:
        for name in args.settings.split(','):
            root = Path(args.out or scratch) / name
            scores = measure(configure(args, str(root), name), scratch)
            print(f'{name:<12}', ', '.join(f'{key} {value:.3f}' for key, value in scores.items()), flush=True)


if __name__ == '__main__':
    main()
