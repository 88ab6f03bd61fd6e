"""Names can be imported from where programs written for Raster Vision 0.31 take them."""

import pytest

from rastervision.pipeline import lazy


@pytest.mark.parametrize(
    ('older', 'home'),
    [
        ('rastervision.core.data_sample:Box', 'rastervision.core.box:Box'),
        (
            'rastervision.core.data.vector_transformer.buffer_transformer:VectorTransformer',
            'rastervision.core.data.vector_transformer.vector_transformer:VectorTransformer',
        ),
    ],
)
def test_a_name_is_the_same_at_its_older_path(older, home):
    assert lazy.load(older) is lazy.load(home)
