"""Runs commands as processes, one after the other; each split learns its number from the environment."""

import os
import sys

from rastervision.pipeline.runner import Runner
from rastervision.written_for_031.marks import mark

SPLIT = 'STEP_BY_STEP_SPLIT'


class StepByStepRunner(Runner):
    def run(self, cfg_json_uri, pipeline, commands, num_splits=1, pipeline_run_name='raster-vision'):
        mark('StepByStepRunner.run')
        for command in commands:
            line = [sys.executable, '-m', 'rastervision.pipeline.cli', 'run_command', cfg_json_uri, command]
            line += ['--runner', 'step_by_step']
            if command in pipeline.split_commands and num_splits > 1:
                for split_ind in range(num_splits):
                    os.environ[SPLIT] = str(split_ind)
                    self.run_command([*line, '--num-splits', str(num_splits)])
            else:
                self.run_command(line)

    def get_split_ind(self):
        mark('StepByStepRunner.get_split_ind')
        return int(os.environ[SPLIT])
