import re
import subprocess
import sys
import warnings

import pytest

from rastervision.core import compat
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    ss_label_source_config_upgrader,
)
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingMethod
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionChipOptions, ObjectDetectionConfig
from rastervision.core.rv_pipeline.rv_pipeline_config import rv_pipeline_config_upgrader
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
)
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.build import build_config
from rastervision.pipeline.config.spellings import OldSpellingWarning
from rastervision.pipeline.errors import ConfigError


def test_old_chip_options_in_python_become_sampling_with_one_warning():
    with pytest.warns(OldSpellingWarning, match='sampling') as caught:
        options = SemanticSegmentationChipOptions(window_method='random_sample', chips_per_scene=7, stride=None)

    assert len(caught) == 1
    assert options.sampling.method is WindowSamplingMethod.random
    assert (options.sampling.size, options.sampling.max_windows) == (300, 7)


@pytest.mark.parametrize('size', [None, 64, 301])
def test_sliding_windows_of_old_overlap_by_half_and_random_ones_are_1000(make_pipeline_config, size):
    """In Python and in files, as the version that had these spellings took them."""
    given = {} if size is None else {'train_chip_sz': size}
    expected = size or 300
    for method, sampling in (('sliding', {'stride': expected // 2}), ('random_sample', {'max_windows': 1000})):
        with pytest.warns(OldSpellingWarning, match='sampling'):
            options = SemanticSegmentationChipOptions(window_method=method)
        if size is not None:
            with pytest.warns(OldSpellingWarning, match='train_chip_sz'):
                options = make_pipeline_config(chip_options=options, **given).chip_options
        old = {'type_hint': 'semantic_segmentation_chip_options', 'window_method': method, 'stride': None}
        file = rv_pipeline_config_upgrader({**given, 'chip_options': old}, 10)['chip_options']
        for name, value in {'size': expected, **sampling}.items():
            assert getattr(options.sampling, name) == file['sampling'][name] == value
        assert 'window_method' not in file


def test_random_windows_of_old_object_detection_had_as_many_without_objects():
    with pytest.warns(OldSpellingWarning, match='sampling'):
        sampling = ObjectDetectionChipOptions(window_method='chip').sampling
    assert (sampling.neg_ratio, sampling.windows_per_box) == (1, 1)
    old = {'type_hint': 'object_detection_chip_options', 'window_method': 'chip'}
    file = rv_pipeline_config_upgrader({'chip_options': old}, 10)['chip_options']
    assert ObjectDetectionChipOptions(**file).sampling == sampling
    with pytest.warns(OldSpellingWarning, match='sampling'):
        assert ObjectDetectionChipOptions(window_method='sliding').sampling.neg_ratio is None


VERSIONS = {'rastervision.pipeline': 0, 'rastervision.core': 10, 'rastervision.pytorch_learner': 4}


def read_file(make_pipeline_config, task, **fields):
    """The chip options of a pipeline in a file of 0.21."""
    now = make_pipeline_config().dict(with_rv_metadata=True)
    parts = ('root_uri', 'dataset', 'backend')
    old = {
        **{name: now[name] for name in parts},
        'type_hint': task,
        'plugin_versions': now['plugin_versions'] | VERSIONS,
    }
    return Config.from_dict({**old, **fields}).chip_options


SS, OD = 'semantic_segmentation', 'object_detection'
SS_CLASS, OD_CLASS = SemanticSegmentationChipOptions, ObjectDetectionChipOptions
# Task, options of 0.21, and what is meant, of chips of 100.
MEANINGS = [
    (SS, {}, {'method': 'sliding', 'stride': 50}),
    (SS, {'window_method': 'sliding', 'stride': None, 'chips_per_scene': 1000}, {'method': 'sliding', 'stride': 50}),
    (SS, {'window_method': 'sliding', 'stride': 30}, {'method': 'sliding', 'stride': 30}),
    (SS, {'window_method': 'random_sample'}, {'method': 'random', 'max_windows': 1000}),
    (SS, {'window_method': 'random_sample', 'chips_per_scene': 7}, {'method': 'random', 'max_windows': 7}),
    (OD, {}, {'method': 'random', 'neg_ratio': 1, 'windows_per_box': 1, 'ioa_thresh': 0.8}),
    (OD, {'window_method': 'chip', 'neg_ratio': 0.5}, {'method': 'random', 'neg_ratio': 0.5, 'windows_per_box': 1}),
    (OD, {'window_method': 'sliding'}, {'method': 'sliding', 'stride': 100, 'neg_ratio': None}),
    (
        OD,
        {'window_method': 'label'},
        {'method': 'label', 'label_buffer': 0, 'neg_ratio': None, 'windows_per_box': None},
    ),
    (OD, {'window_method': 'label', 'label_buffer': 9}, {'method': 'label', 'label_buffer': 9}),
    (OD, {'window_method': 'label', 'neg_ratio': 2, 'ioa_thresh': 0.3}, {'neg_ratio': 2, 'ioa_thresh': 0.3}),
    (OD, {'window_method': 'image', 'label_buffer': None}, {'method': 'image', 'neg_ratio': None}),
]


def told(sampling, names):
    return {name: getattr(getattr(sampling, name), 'value', getattr(sampling, name)) for name in names}


@pytest.mark.parametrize(('task', 'old', 'meant'), MEANINGS)
def test_older_chip_options_mean_what_they_meant_in_files(make_pipeline_config, task, old, meant):
    """A file is translated from the inside out; what its chip options say depends on the size that the pipeline has."""
    options = read_file(
        make_pipeline_config,
        task,
        train_chip_sz=100,
        chip_nodata_threshold=0.7,
        chip_options={'type_hint': f'{task}_chip_options', **old},
    )

    assert told(options.sampling, meant) == meant
    assert (options.sampling.size, options.nodata_threshold) == (100, 0.7)


@pytest.mark.parametrize(('task', 'old', 'meant'), [each for each in MEANINGS if each[1]])
def test_older_chip_options_mean_what_they_meant_in_python(make_pipeline_config, task, old, meant):
    given = {SS: SS_CLASS, OD: OD_CLASS}[task]
    cls = {SS: SemanticSegmentationConfig, OD: ObjectDetectionConfig}[task]
    parts = dict(make_pipeline_config())
    with pytest.warns(OldSpellingWarning):
        options = [
            cls(dataset=parts['dataset'], backend=parts['backend'], train_chip_sz=100, chip_options=chip_options)
            for chip_options in (given(**old), old)
        ]

    for config in options:
        assert told(config.chip_options.sampling, meant) == meant
        assert config.chip_options.sampling.size == 100


@pytest.mark.parametrize('task', [SS, OD])
def test_pipelines_of_old_had_chip_options_by_default(make_pipeline_config, task):
    cls = {SS: SemanticSegmentationConfig, OD: ObjectDetectionConfig}[task]
    meant = next(meant for each, old, meant in MEANINGS if each == task and not old)
    parts = dict(make_pipeline_config())
    with pytest.warns(OldSpellingWarning):
        config = cls(dataset=parts['dataset'], backend=parts['backend'], train_chip_sz=100)

    assert told(config.chip_options.sampling, meant) == meant
    assert told(read_file(make_pipeline_config, task, train_chip_sz=100).sampling, meant) == meant


@pytest.mark.parametrize(
    ('cls', 'given', 'advice'),
    [
        (SS_CLASS, 'slidng', "'sliding', 'random_sample'. Did you mean 'sliding'"),
        (SS_CLASS, 'label', "'sliding', 'random_sample'."),
        (OD_CLASS, 'lable', "'chip', 'label', 'image', 'sliding'. Did you mean 'label'"),
        (OD_CLASS, ['chip'], "'chip', 'label', 'image', 'sliding'"),
        (OD_CLASS, '', "'chip', 'label', 'image', 'sliding'"),
    ],
)
def test_an_unknown_way_of_choosing_windows_is_refused(make_pipeline_config, cls, given, advice):
    with pytest.raises(ConfigError, match=f'window_method {re.escape(repr(given))} is none of {advice}'):
        cls(window_method=given)
    hint = cls(sampling={'size': 5}).type_hint
    old = {'type_hint': hint, 'window_method': given}
    with pytest.raises(ConfigError, match=f'window_method {re.escape(repr(given))} is none of {advice}'):
        read_file(make_pipeline_config, hint.removesuffix('_chip_options'), chip_options=old)


def test_chip_classification_never_had_other_windows(make_pipeline_config):
    with pytest.raises(ConfigError, match="unknown field 'window_method'"):
        ChipOptions(window_method='sliding', sampling={'size': 5})
    with pytest.raises(ConfigError, match=r"'sliding'.*'random'.*'slidng'"):
        read_file(make_pipeline_config, 'chip_classification', chip_options={'method': 'slidng'})
    assert read_file(make_pipeline_config, 'chip_classification', train_chip_sz=50).sampling.stride == 50


@pytest.mark.parametrize(('cls', 'old'), [(SS_CLASS, {'stride': 5}), (OD_CLASS, {'neg_ratio': 2, 'ioa_thresh': 0.5})])
def test_older_and_present_spelling_together_are_refused(cls, old):
    with pytest.raises(ConfigError, match=f'sampling is given, and so is its older spelling: {", ".join(old)}'):
        cls(sampling={'size': 5}, **old)


def test_chip_options_that_stand_alone_in_a_file_are_translated(make_pipeline_config):
    versions = make_pipeline_config().dict(with_rv_metadata=True)['plugin_versions'] | VERSIONS
    old = {'type_hint': 'semantic_segmentation_chip_options', 'plugin_versions': versions}
    sliding = Config.from_dict({**old, 'window_method': 'sliding', 'stride': None})
    random = Config.from_dict({**old, 'window_method': 'random_sample', 'chips_per_scene': 10})

    assert sliding.sampling.stride == 150
    assert random.sampling.max_windows == 10


def test_old_colours_of_labels_become_a_transformer():
    classes = {'type_hint': 'class_config', 'names': ['a', 'b'], 'colors': ['red', 'blue']}
    raster = {'type_hint': 'rasterio_source', 'uris': 'a.tif'}
    with pytest.warns(OldSpellingWarning, match='raster_source'):
        config = build_config(
            {'type_hint': 'semantic_segmentation_label_source', 'raster_source': raster, 'rgb_class_config': classes}
        )
    (transformer,) = config.raster_source.transformers
    assert transformer.class_config.colors == ['red', 'blue']
    assert ss_label_source_config_upgrader({'raster_source': raster, 'rgb_class_config': None}, 3) == {
        'raster_source': raster
    }


def test_the_old_enum_is_understood():
    method = compat.SemanticSegmentationWindowMethod.random_sample
    with pytest.warns(OldSpellingWarning, match='sampling'):
        assert SemanticSegmentationChipOptions(window_method=method).sampling.method is WindowSamplingMethod.random


def test_the_old_stride_of_sliding_windows_is_kept_in_python():
    with pytest.warns(OldSpellingWarning, match='sampling'):
        options = SemanticSegmentationChipOptions(window_method='sliding', stride=64)
    assert options.sampling.stride == 64


def test_old_object_detection_options_become_sampling():
    with pytest.warns(OldSpellingWarning, match='sampling'):
        options = ObjectDetectionChipOptions(neg_ratio=0.5, ioa_thresh=0.7, window_method='chip')

    assert (options.sampling.neg_ratio, options.sampling.ioa_thresh) == (0.5, 0.7)
    assert options.sampling.method is WindowSamplingMethod.random


def test_the_present_spelling_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        SemanticSegmentationChipOptions(sampling={'size': 100})


def test_old_sizes_of_a_pipeline_are_translated(make_pipeline_config):
    with pytest.warns(OldSpellingWarning, match=r'chip_options|predict_options') as caught:
        config = make_pipeline_config(
            chip_options=None, predict_options=None, train_chip_sz=64, predict_chip_sz=128, predict_batch_sz=2
        )

    assert len([w for w in caught if w.category is OldSpellingWarning]) == 2
    assert config.chip_options.sampling.size == config.chip_options.sampling.stride == 64
    assert (config.predict_options.chip_sz, config.predict_options.stride) == (128, 128)
    assert config.predict_options.batch_sz == 2


def test_an_old_size_leaves_the_options_that_the_caller_holds_as_they_are(make_pipeline_config):
    held = SemanticSegmentationChipOptions(sampling={'size': 100, 'method': 'random'})
    with pytest.warns(OldSpellingWarning, match='chip_options'):
        config = make_pipeline_config(chip_options=held, train_chip_sz=64)

    assert (held.sampling.size, held.sampling.size_lims) == (100, (100, 101))
    assert (config.chip_options.sampling.size, config.chip_options.sampling.size_lims) == (64, (64, 65))


def test_upgrading_does_not_change_the_dict_it_is_given():
    old = {'train_chip_sz': 64, 'chip_options': {'stride': 3}, 'predict_chip_sz': 5}
    rv_pipeline_config_upgrader(rv_pipeline_config_upgrader(old, 10), 11)
    assert old == {'train_chip_sz': 64, 'chip_options': {'stride': 3}, 'predict_chip_sz': 5}


def test_a_removed_field_with_a_value_is_an_error():
    with pytest.raises(ConfigError, match=r"aoi_geometries.*'x'.*aoi_uris"):
        compat.refuse_if_set({'aoi_geometries': ['x']}, 'aoi_geometries', 'aoi_uris')


RENAMED = [
    ('rasterio_source', {'uris': ['a'], 'extent': (0, 0, 5, 5)}, {'uris': ['a'], 'bbox': (0, 0, 5, 5)}, 'Use bbox'),
    ('rasterio_source', {'uris': ['a'], 'x_shift': 0}, {'uris': ['a']}, 'no effect'),
    (
        'multi_raster_source',
        {'raster_sources': [{'type_hint': 'rasterio_source', 'uris': 'a'}], 'crs_source': 0},
        {'raster_sources': [{'type_hint': 'rasterio_source', 'uris': 'a'}], 'primary_source_idx': 0},
        'Use primary_source_idx',
    ),
    ('building_vector_output', {'class_id': 1, 'min_aspect_ratio': 2.0}, {'class_id': 1}, 'no effect'),
    (
        'geojson_vector_source',
        {'uris': 'a', 'default_class_id': 1},
        {
            'uris': 'a',
            'transformers': [
                {'type_hint': 'class_inference_transformer', 'default_class_id': 1},
                {'type_hint': 'buffer_transformer', 'geom_type': 'LineString', 'default_buf': 1},
                {'type_hint': 'buffer_transformer', 'geom_type': 'Point', 'default_buf': 1},
            ],
        },
        'Use transformers',
    ),
    ('solver', {'ignore_last_class': True}, {'ignore_class_index': -1}, 'Use ignore_class_index'),
]


@pytest.mark.parametrize(('hint', 'old', 'new', 'advice'), RENAMED, ids=lambda value: str(value)[:40])
def test_fields_that_an_upgrader_knows_are_accepted_in_python_with_one_warning(hint, old, new, advice):
    with pytest.warns(OldSpellingWarning, match=advice) as caught:
        config = build_config({'type_hint': hint, **old})

    assert len(caught) == 1
    assert config == build_config({'type_hint': hint, **new})


def test_an_old_field_does_not_excuse_a_mistyped_one():
    with pytest.warns(OldSpellingWarning), pytest.raises(ConfigError, match=r"'chanel_order'.*channel_order"):
        build_config({'type_hint': 'rasterio_source', 'uris': ['a'], 'extent': None, 'chanel_order': [0]})


def test_an_old_field_that_cannot_be_dropped_is_an_error():
    with pytest.raises(ConfigError, match='x_shift'):
        build_config({'type_hint': 'rasterio_source', 'uris': ['a'], 'x_shift': 3})


def test_users_see_the_warning_where_they_wrote_the_old_spelling(tmp_path):
    (tmp_path / 'old.py').write_text(
        'from rastervision.core.data import RasterioSourceConfig\n'
        'for _ in range(3):\n'
        '    RasterioSourceConfig(uris=["a"], x_shift=0)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', 'import old'], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.count('older spelling') == 1
    assert 'old.py:3' in done.stderr


def test_users_of_the_command_line_see_it_too(tmp_path):
    (tmp_path / 'old.py').write_text(
        'from rastervision.core.data import RasterioSourceConfig\n'
        'def get_config(runner):\n'
        '    return RasterioSourceConfig(uris=["a"], x_shift=0)\n'
    )
    command = [sys.executable, '-m', 'rastervision.pipeline.cli', 'explain', 'old.py']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr.count('older spelling') == 1
    assert 'old.py:3' in done.stderr
