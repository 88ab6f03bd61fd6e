import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource, geoms_to_raster
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer
from rastervision.pipeline.errors import LabelError

EXTENT = Box(0, 0, 20, 20)


def test_pixels_have_the_class_of_their_polygon_or_the_background(make_vectors, square):
    chip = RasterizedSource(make_vectors(square(2, 3, 4, class_id=7)), 1, EXTENT).get_chip(EXTENT)
    expected = np.ones((20, 20, 1), dtype=np.uint8)
    expected[3:7, 2:6] = 7
    assert chip.dtype == np.uint8
    assert (chip == expected).all()


def test_later_polygons_are_on_top(make_vectors, square):
    source = RasterizedSource(make_vectors(square(0, 0, 9, class_id=1), square(0, 0, 9, class_id=2)), 0, EXTENT)
    assert source[:5, :5].max() == source[:5, :5].min() == 2


def test_windows_put_together_are_the_whole(make_vectors, square):
    source = RasterizedSource(make_vectors(*(square(3 * n, 5, 4, class_id=n + 1) for n in range(5))), 0, EXTENT)
    whole = source.get_chip(EXTENT)
    for window in EXTENT.get_windows(7, 7, padding=0):
        assert (source.get_chip(window) == whole[window.to_slices()]).all()


def test_windows_are_relative_to_the_bbox(make_vectors, square):
    source = RasterizedSource(make_vectors(square(10, 10, 2, class_id=1)), 0, Box(10, 10, 20, 20))
    assert source[:2, :2].all()
    assert source.get_chip(Box(-2, -2, 2, 2)).sum() == 4


def test_a_resampled_chip_has_class_ids_only(make_vectors, square):
    source = RasterizedSource(make_vectors(square(0, 0, 9, class_id=200)), 0, EXTENT)
    assert set(np.unique(source.get_chip(EXTENT, out_shape=(7, 13)))) == {0, 200}


def test_all_touched_covers_more(make_vectors, square):
    vectors = make_vectors(square(1.6, 1.6, 3, class_id=1))
    few, many = (RasterizedSource(vectors, 0, EXTENT, all_touched=touched)[:, :].sum() for touched in (False, True))
    assert few < many


def test_points_are_refused_until_they_are_buffered(make_vectors, feature):
    point = feature({'type': 'Point', 'coordinates': [5, 5]}, class_id=1)
    with pytest.raises(LabelError, match=r'Point.*BufferTransformer'):
        RasterizedSource(make_vectors(point), 0, EXTENT)
    source = RasterizedSource(make_vectors(point, transformers=[BufferTransformer('Point', default_buf=2)]), 0, EXTENT)
    assert source[:, :].sum() > 4


@pytest.mark.parametrize('properties', [{}, {'class_id': 256}, {'class_id': -1}, {'class_id': 'x'}])
def test_a_class_id_must_fit(make_vectors, square, properties):
    with pytest.raises(LabelError, match=r'class_id|Class ids'):
        RasterizedSource(make_vectors(square(0, 0, 3, **properties)), 0, EXTENT)


def test_no_polygons_give_background(make_vectors):
    assert (RasterizedSource(make_vectors(), 3, EXTENT)[:, :] == 3).all()


def test_a_data_frame_is_drawn_as_a_source_is(make_vectors, square):
    vectors = make_vectors(square(2, 3, 4, class_id=7))
    window = Box(1, 1, 9, 9)
    drawn = geoms_to_raster(vectors.get_dataframe(), window, background_class_id=1, all_touched=False)
    assert (drawn == RasterizedSource(vectors, 1, EXTENT).get_chip(window)[..., 0]).all()


class ByDataFrame(RasterizedSource):
    """A plugin's, which draws by itself."""

    def _get_chip(self, window, out_shape=None):
        return np.full((*window.size, 1), self.df.class_id.sum(), dtype=np.uint8)


def test_a_subclass_draws_by_the_data_frame(make_vectors, square):
    source = ByDataFrame(make_vectors(square(2, 3, 4, class_id=1), square(9, 9, 4, class_id=2)), 0, EXTENT)

    assert np.all(source[0:4, 0:4] == 3)
