import numpy as np

from rastervision.core.box import Box
from rastervision.core.data_sample import DataSample


def make_sample(**kwargs):
    fields = {'chip': np.zeros((2, 2, 3)), 'label': np.ones((2, 2)), 'split': 'train', 'window': Box(0, 0, 2, 2)}
    return DataSample(**{**fields, **kwargs})


def test_samples_with_the_same_content_are_equal():
    assert make_sample() == make_sample()


def test_samples_that_differ_in_one_thing_are_not_equal():
    others = {'chip': np.ones((2, 2, 3)), 'label': np.zeros((2, 2)), 'split': 'valid', 'window': None, 'scene_id': 'a'}
    assert all(make_sample() != make_sample(**{name: value}) for name, value in others.items())


def test_a_label_may_be_a_number_or_missing():
    assert make_sample(label=1) == make_sample(label=1)
    assert make_sample(label=None) != make_sample(label=1)
