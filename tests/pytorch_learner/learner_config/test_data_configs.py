import subprocess
import sys

import pytest

from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.build import build_config
from rastervision.pipeline.config.spellings import OldSpellingWarning
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.registry import registry_
from rastervision.pytorch_learner.compat import GeoDataWindowConfig
from rastervision.pytorch_learner.learner_config.data import DataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig
from rastervision.pytorch_learner.learner_config.plot_options import PlotOptions
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
)


def test_unknown_augmentor_names_the_closest():
    with pytest.raises(ConfigError, match=r"augmentors: unknown augmentor 'HorizontlFlip'.*HorizontalFlip'\?"):
        DataConfig(augmentors=['HorizontlFlip'])


def test_channels_to_plot_are_filled_without_changing_the_callers_options():
    options = PlotOptions()

    config = DataConfig(plot_options=options, img_channels=2)

    assert config.plot_options.channel_display_groups == {'Input': [0, 1]}
    assert options.channel_display_groups is None


def test_a_channel_that_images_do_not_have_is_refused():
    with pytest.raises(ConfigError, match='asks for channel 7, but img_channels is 3'):
        DataConfig(img_channels=3, plot_options=PlotOptions(channel_display_groups=[[0, 1, 7]]))


def test_group_sizes_must_fit_the_groups():
    with pytest.raises(ConfigError, match='group_train_sz has 1 values for 2 group_uris'):
        ImageDataConfig(group_uris=['a', 'b'], group_train_sz=[3])


def test_sampling_by_scene_needs_scenes():
    with pytest.raises(ConfigError, match=r"scenes 'a'.*no scene_dataset"):
        SemanticSegmentationGeoDataConfig(sampling={'a': WindowSamplingConfig(size=10)})


def test_classes_of_021_become_a_class_config():
    with pytest.warns(OldSpellingWarning, match='class_config') as caught:
        config = DataConfig(class_names=['a', 'b'], class_colors=['red', 'blue'])

    assert (config.class_names, config.class_colors) == (['a', 'b'], ['red', 'blue'])
    assert caught[0].filename == __file__


@pytest.mark.parametrize('task', ['classification', 'regression', 'semantic_segmentation', 'object_detection'])
def test_data_of_012_become_what_they_are_today_without_a_word(task, caplog):
    """Their type hint is that of a class which is abstract now. Nobody is to write a saved file anew."""
    versions = dict.fromkeys(registry_.get_plugin_versions(), 0) | {'rastervision.gdal_vsi': 0}
    old = {'type_hint': f'{task}_data', 'plugin_versions': versions, 'class_names': ['a', 'b'], 'class_colors': None}

    config = Config.from_dict(old)

    assert config.type_hint == f'{task}_image_data'
    assert config.class_names == ['a', 'b']
    assert not caplog.records


@pytest.mark.parametrize('place', [0, -1, 99])
def test_a_backbone_that_no_number_stands_for_is_refused(place):
    old = {'type_hint': 'classification_model', 'backbone': place}

    with pytest.raises(ConfigError, match=f'backbone {place}'):
        Config.from_dict(old | {'plugin_versions': dict.fromkeys(registry_.get_plugin_versions(), 0)})


def test_window_opts_of_021_become_sampling():
    with pytest.warns(OldSpellingWarning):
        config = SemanticSegmentationGeoDataConfig(window_opts=GeoDataWindowConfig(size=100, stride=50))

    assert config.sampling == WindowSamplingConfig(size=100, stride=50)


def test_formats_of_012_are_left_out():
    with pytest.warns(OldSpellingWarning, match='img_format'):
        config = SemanticSegmentationImageDataConfig(uri='x', img_format='png', label_format='png')

    assert config == SemanticSegmentationImageDataConfig(uri='x')


def test_json_gives_the_same_config_back():
    config = SemanticSegmentationGeoDataConfig(sampling=WindowSamplingConfig(size=(10, 20)), img_channels=4)

    assert build_config(config.dict(mode='json')) == config


def test_data_configs_are_light():
    code = (
        'import sys; import rastervision.pytorch_learner.learner_config.semantic_segmentation_data as m; '
        "m.SemanticSegmentationGeoDataConfig(); print([n for n in ('numpy', 'torch', 'albumentations', 'shapely', "
        "'rasterio', 'matplotlib', 'cv2') if n in sys.modules])"
    )

    assert subprocess.check_output([sys.executable, '-c', code], text=True).strip() == '[]'


@pytest.mark.parametrize('bands', [1, 2, 5])
@pytest.mark.parametrize('nested', [False, True])
def test_transforms_for_three_bands_are_refused_for_others(bands, nested):
    spec = {'__class_fullname__': 'albumentations.augmentations.pixel.transforms.RandomFog', 'p': 1.0}
    spec = {'__class_fullname__': 'Compose', 'transforms': [spec]} if nested else spec
    with pytest.raises(ConfigError, match=f'aug_transform: RandomFog is for images of three bands, .* {bands}'):
        DataConfig(img_channels=bands, aug_transform={'transform': spec})
    DataConfig(img_channels=3, aug_transform={'transform': spec})


def test_augmentors_for_three_bands_are_refused_once_the_number_of_bands_is_known():
    config = DataConfig(augmentors=['RGBShift'])
    with pytest.raises(ConfigError, match=r'augmentors: RGBShift.*RandomBrightnessContrast'):
        config.img_channels = 5
    DataConfig(augmentors=['RGBShift'], img_channels=1)
