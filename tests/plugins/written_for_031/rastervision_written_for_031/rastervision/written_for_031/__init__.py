"""A plugin as one wrote them for 0.31: its package imports all of its modules."""

# ruff: noqa: E402, F401


def register_plugin(registry):
    from rastervision.written_for_031.file_system import CupboardFileSystem
    from rastervision.written_for_031.runner import StepByStepRunner

    registry.set_plugin_version('rastervision.written_for_031', 1)
    registry.add_runner('step_by_step', StepByStepRunner)
    registry.add_file_system(CupboardFileSystem)


import rastervision.pipeline
from rastervision.written_for_031 import (
    backend,
    evaluator,
    label_source,
    label_store,
    learner,
    raster_source,
    vector_source,
)
