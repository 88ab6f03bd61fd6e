import pytest

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.build import build_config
from rastervision.pipeline.config.upgrade import upgrade_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.registry import registry_


class NumbersConfig(Config):
    sizes: list[int]


def test_a_list_has_only_what_is_valid():
    NumbersConfig(sizes=[1, 2, 1]).validate_list('sizes', [1, 2])

    with pytest.raises(ConfigError, match=r'sizes: \[7\] not valid\. Choose from 1, 2'):
        NumbersConfig(sizes=[1, 7]).validate_list('sizes', [1, 2])


def test_a_config_without_build_is_an_error():
    with pytest.raises(ConfigError, match='NumbersConfig is a base class'):
        NumbersConfig(sizes=[]).build()


def test_a_copy_shares_nothing():
    config = NumbersConfig(sizes=[1])

    config.copy().sizes.append(2)

    assert config.sizes == [1]


def test_a_dict_needs_a_type_hint():
    with pytest.raises(ConfigError, match='needs a type_hint'):
        build_config({'sizes': [1]})


def test_upgraded_configs_have_the_present_versions():
    upgraded = upgrade_config(
        {'type_hint': 'class_config', 'names': ['a'], 'plugin_versions': {'rastervision.core': 11}}
    )

    assert upgraded['plugin_versions'] == registry_.get_plugin_versions()
    assert upgraded['plugin_versions']['rastervision.core'] > 11
