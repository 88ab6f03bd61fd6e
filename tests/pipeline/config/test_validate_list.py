import pytest

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.errors import ConfigError


class NumbersConfig(Config):
    sizes: list[int]


def test_a_list_has_only_what_is_valid():
    NumbersConfig(sizes=[1, 2, 1]).validate_list('sizes', [1, 2])

    with pytest.raises(ConfigError, match=r'sizes: \[7\] not valid\. Choose from 1, 2'):
        NumbersConfig(sizes=[1, 7]).validate_list('sizes', [1, 2])
