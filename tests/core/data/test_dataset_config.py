import pytest

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig, dataset_config_upgrader
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.scene_config import SceneConfig, scene_config_upgrader
from rastervision.pipeline.errors import ConfigError


def make_scene(scene_id, uri='x.tif'):
    return SceneConfig(id=scene_id, raster_source=RasterioSourceConfig(uris=[uri]))


def make_dataset(train=('a', 'b', 'c'), validation=('d',), **kwargs):
    return DatasetConfig(
        class_config=ClassConfig(names=['x'], colors=['red']),
        train_scenes=[make_scene(scene_id) for scene_id in train],
        validation_scenes=[make_scene(scene_id) for scene_id in validation],
        **kwargs,
    )


def test_default_groups_are_filled_beside_own_ones():
    dataset = make_dataset(scene_groups={'mine': {'a', 'd'}})
    dataset.update()
    assert dataset.scene_groups == {
        'mine': {'a', 'd'},
        'train_scenes': {'a', 'b', 'c'},
        'validation_scenes': {'d'},
        'test_scenes': set(),
    }


def test_groups_are_written_in_a_fixed_order():
    assert make_dataset(scene_groups={'mine': {'d', 'a', 'c'}}).dict(mode='json')['scene_groups'] == {
        'mine': ['a', 'c', 'd']
    }


def test_splits_are_contiguous_and_together_give_all_scenes():
    dataset = make_dataset(train='abcde')
    splits = [dataset.get_split_config(i, 3) for i in range(3)]
    assert [''.join(scene.id for scene in split.train_scenes) for split in splits] == ['ab', 'cd', 'e']
    assert len(dataset.train_scenes) == 5


def test_more_splits_than_scenes_leave_some_empty():
    assert make_dataset(train='a', validation='').get_split_config(1, 2).all_scenes == []


def test_an_id_that_occurs_twice_in_a_split_is_an_error():
    with pytest.raises(ConfigError, match=r"train_scenes.*\['a'\].*more than once"):
        make_dataset(train='aa').recursive_validate_config()


def test_one_id_for_two_scenes_is_an_error():
    dataset = make_dataset(train='a', validation='')
    dataset.validation_scenes = [make_scene('a', 'other.tif')]
    with pytest.raises(ConfigError, match="'a' is used for two different scenes"):
        dataset.recursive_validate_config()


def test_a_scene_may_be_in_two_splits():
    make_dataset(train='a', validation='a').recursive_validate_config()


def test_a_group_of_unknown_scenes_is_an_error():
    dataset = make_dataset(train=['kampala'], scene_groups={'mine': {'kampalla'}})
    with pytest.raises(ConfigError, match=r"no scene 'kampalla'\. Did you mean 'kampala'"):
        dataset.recursive_validate_config()


def test_older_fields_are_dropped():
    assert dataset_config_upgrader({'img_channels': 3, 'x': 1}, 0) == {'x': 1}
    assert scene_config_upgrader({'aoi_geometries': None, 'id': 'a'}, 4) == {'id': 'a'}


def test_a_scene_is_predicted_for_validation_or_for_test():
    with pytest.raises(ConfigError, match=r"\['d'\] are among both.*overwrite"):
        make_dataset(test_scenes=[make_scene('d')]).recursive_validate_config()
