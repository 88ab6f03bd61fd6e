"""Each number in a config has limits, or a reason to have none."""

import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionPredictOptions
from rastervision.core.types import DegreeBox, PixelBox, Proportion
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.solver import SolverConfig


def load_neighbour() -> ModuleType:
    """The test of fields, which knows where configs are."""
    spec = importlib.util.spec_from_file_location(
        'test_config_fields', Path(__file__).with_name('test_config_fields.py')
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FIELDS = load_neighbour()

# Fields of which every number means something, on one side or both, and why.
WITHOUT_LIMIT = {
    'StatsAnalyzerConfig.nodata_value': 'any number may stand for no data, NaN and infinity too',
    'BuildingVectorOutputConfig.element_thickness': 'a bar longer than the patch removes all of it',
    'BuildingVectorOutputConfig.element_width_factor': 'a bar longer than the patch removes all of it',
    'BuildingVectorOutputConfig.min_area': 'images are as large as they are',
    'CogifyConfig.bbox': 'units and range are those of bbox_crs',
    'NanTransformerConfig.to_value': 'images of floats hold any number',
    'BufferTransformerConfig.class_bufs': 'below 0, polygons shrink; images are as large as they are',
    'BufferTransformerConfig.default_buf': 'below 0, polygons shrink; images are as large as they are',
    'ShiftTransformerConfig.x_shift': 'labels may lie anywhere',
    'ShiftTransformerConfig.y_shift': 'labels may lie anywhere',
    'ObjectDetectionWindowSamplingConfig.neg_ratio': 'windows without objects may be rare or nearly all',
    'ObjectDetectionWindowSamplingConfig.windows_per_box': 'a box may be in as many windows as are wanted',
    'PipelineConfig.plugin_versions': 'compared with the versions that there are, which names those that are not',
    'LearnerConfig.temperature': 'the higher, the nearer to equal scores',
    'SolverConfig.class_loss_weights': 'only their ratio counts',
    'SolverConfig.clip_grad_norm': 'losses have any scale',
    'SolverConfig.focal_gamma': 'the higher, the less counts what is predicted well',
    'SolverConfig.ignore_class_index': 'compared with the classes that there are, from either end',
    'SolverConfig.loss': 'losses have any scale',
    'SolverConfig.lr': 'what is too high depends on the optimizer',
    'RegressionModelConfig.output_multiplier': 'targets have any scale and sign',
}
NOT_FINITE = {'StatsAnalyzerConfig.nodata_value'}


def numbers_in(schema: Any) -> Iterator[dict[str, Any]]:
    """The schemas of numbers in the schema of a field, outside the configs in it."""
    if isinstance(schema, list | tuple):
        for each in schema:
            yield from numbers_in(each)
    elif isinstance(schema, dict):
        if schema.get('type') in ('int', 'float'):
            yield schema
        elif schema.get('type') != 'model':
            for name, each in schema.items():
                if name not in ('serialization', 'metadata', 'default'):
                    yield from numbers_in(each)


def number_fields() -> dict[str, list[dict[str, Any]]]:
    """Each field with numbers, at the config that defines it: `Config.field` -> schemas."""
    FIELDS.all_fields()
    found: dict[str, list[dict[str, Any]]] = {}
    waiting: list[type[Config]] = [Config]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if FIELDS.is_ours(cls):
            for name in cls.__annotations__.keys() & cls.model_fields.keys():
                field = cls.model_fields[name]
                schemas = list(numbers_in(TypeAdapter(Annotated[field.annotation, field]).core_schema))
                if schemas:
                    found[f'{cls.__name__}.{name}'] = schemas
    return found


def is_limited(schema: dict[str, Any]) -> bool:
    return bool(schema.keys() & {'ge', 'gt'}) and bool(schema.keys() & {'le', 'lt'})


def test_each_number_has_limits_or_a_reason_for_none() -> None:
    fields = number_fields()
    unlimited = {name for name, schemas in fields.items() if not all(map(is_limited, schemas))}

    assert len(fields) > 70
    assert unlimited == WITHOUT_LIMIT.keys()


def test_numbers_are_finite_unless_a_reason_is_given() -> None:
    taking = {
        name
        for name, schemas in number_fields().items()
        for schema in schemas
        if schema['type'] == 'float' and not is_limited(schema) and schema.get('allow_inf_nan', True)
    }

    assert taking == NOT_FINITE


@pytest.mark.parametrize(
    'make, said',
    [
        (lambda: WindowSamplingConfig(size=-3), 'size: must be a whole number larger than 0 (given: -3)'),
        (
            lambda: ObjectDetectionPredictOptions(score_thresh=7),
            'score_thresh: must be a number from 0 to 1 (given: 7)',
        ),
        (lambda: SolverConfig(lr=math.inf), 'lr: must be a number larger than 0, and finite (given: inf)'),
        (lambda: SolverConfig(lr=math.nan), 'lr: must be a number larger than 0, and finite (given: nan)'),
        (lambda: SolverConfig(batch_sz='many'), "batch_sz: must be a whole number larger than 0 (given: 'many')"),
    ],
)
def test_an_error_names_field_value_and_range(make: Any, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        make()

    assert said in str(error.value)


@pytest.mark.parametrize('kind', [PixelBox, DegreeBox])
@pytest.mark.parametrize('box', [(0, 0, 0, 5), (5, 5, 0, 0), (0, 5, 5, 0)])
def test_a_box_that_holds_nothing_is_refused(kind: Any, box: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match='holds nothing'):
        TypeAdapter(kind).validate_python(box)
    assert TypeAdapter(kind).validate_python((0, 0, 5, 5)) == (0, 0, 5, 5)


@pytest.mark.parametrize('value', [math.nan, math.inf, -0.1, 1.1])
def test_a_share_is_from_0_to_1(value: float) -> None:
    with pytest.raises(ValueError, match='from 0 to 1'):
        TypeAdapter(Proportion).validate_python(value)
