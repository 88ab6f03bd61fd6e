import shutil
from datetime import UTC, datetime

import pystac
import pytest
import shapely

from rastervision.core.data.stac_catalog import (
    get_linked_image_item,
    is_label_item,
    parse_stac,
    read_stac,
    setup_stac_io,
)
from rastervision.pipeline.errors import DataError, NotReadableError

LABEL_EXTENSION = 'https://stac-extensions.github.io/label/v1.0.1/schema.json'


def make_item(name, west, **assets):
    box = shapely.box(west, 46, west + 1, 47)
    item = pystac.Item(name, shapely.geometry.mapping(box), list(box.bounds), datetime(2020, 1, 1, tzinfo=UTC), {})
    for key, (href, roles) in assets.items():
        item.add_asset(key, pystac.Asset(href, roles=roles))
    return item


def make_labels(name, west, image=None, **assets):
    item = make_item(name, west, **(assets or {'labels': ('./labels.geojson', ['labels', 'data'])}))
    item.stac_extensions = [LABEL_EXTENSION]
    if image is not None:
        item.add_link(pystac.Link('source', image))
    return item


@pytest.fixture
def save(tmp_path):
    """A function that saves items as a catalogue of catalogues and returns its path."""

    def save_items(*items):
        root, inner = pystac.Catalog('root', 'all'), pystac.Catalog('inner', 'some')
        root.add_child(inner)
        inner.add_items(items)
        root.normalize_and_save(str(tmp_path / 'stac'), pystac.CatalogType.SELF_CONTAINED)
        return str(tmp_path / 'stac' / 'catalog.json')

    return save_items


@pytest.fixture
def catalog(save):
    """Path of a catalogue of two labels, one with an image, one without."""
    image = make_item('image', 14, data=('./image.tif', ['data']), small=('./small.png', ['thumbnail']))
    return save(image, make_labels('a', 14, image), make_labels('b', 40))


def test_labels_are_found_with_their_images(catalog, tmp_path):
    first, second = parse_stac(catalog)

    folder = tmp_path / 'stac' / 'inner'
    assert first['label_uri'] == str(folder / 'a' / 'labels.geojson')
    assert first['image_uris'] == [str(folder / 'image' / 'image.tif')]
    assert first['label_bbox'] == first['image_bbox'] == shapely.box(14, 46, 15, 47) and first['bboxes_intersect']
    assert shapely.geometry.shape(first['aoi_geometry']).equals(first['label_bbox'])
    assert (second['image_uris'], second['image_bbox'], second['bboxes_intersect']) == ([], None, False)


def test_the_number_of_labels_is_limited(catalog):
    assert len(parse_stac(catalog, item_limit=1)) == 1


def test_heights_in_a_bbox_are_left_out(save):
    item = make_labels('a', 14)
    item.bbox = [14, 46, 0, 15, 47, 900]

    assert parse_stac(save(item))[0]['label_bbox'] == shapely.box(14, 46, 15, 47)


@pytest.mark.parametrize('roles', [['data'], None])
def test_a_single_asset_is_the_labels(save, roles):
    item = make_labels('a', 14, buildings=('./b.geojson', roles), small=('./s.png', ['thumbnail']))

    assert parse_stac(save(item))[0]['label_uri'].endswith('b.geojson')


def test_a_label_item_without_labels_is_named(save):
    with pytest.raises(DataError, match=r"'a'.*small"):
        parse_stac(save(make_labels('a', 14, small=('./s.png', ['thumbnail']))))


def test_a_label_item_knows_its_image():
    image = make_item('image', 14)
    labels = make_labels('a', 14, image)

    assert is_label_item(labels) and not is_label_item(image)
    assert get_linked_image_item(labels) is image and get_linked_image_item(image) is None


def test_a_catalogue_in_an_archive_is_read(catalog, tmp_path):
    archive = shutil.make_archive(str(tmp_path / 'packed'), 'zip', tmp_path / 'stac')

    labels = read_stac(archive, str(tmp_path / 'unpacked'), item_limit=1)

    assert [label['label_uri'] for label in labels] == [
        str(tmp_path / 'unpacked' / 'inner' / 'a' / 'labels.geojson')
    ] and read_stac(catalog) == parse_stac(catalog)


def test_an_archive_without_a_catalogue_is_named(tmp_path):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'empty' / 'readme.txt').write_text('nothing')
    archive = shutil.make_archive(str(tmp_path / 'packed'), 'zip', tmp_path / 'empty')

    with pytest.raises(NotReadableError, match=r'catalog\.json.*packed\.zip'):
        read_stac(archive, str(tmp_path / 'unpacked'))


def test_what_is_no_catalogue_is_named(catalog, tmp_path):
    (tmp_path / 'other.json').write_text('{"type": "FeatureCollection"}')

    with pytest.raises(DataError, match=r'other\.json'):
        parse_stac(str(tmp_path / 'other.json'))
    with pytest.raises(DataError, match='STAC Item'):
        parse_stac(str(tmp_path / 'stac' / 'inner' / 'a' / 'a.json'))
    with pytest.raises(NotReadableError, match=r'nowhere\.json'):
        parse_stac(str(tmp_path / 'nowhere.json'))


def test_a_link_that_leads_nowhere_is_named(catalog, tmp_path):
    (tmp_path / 'stac' / 'inner' / 'a' / 'a.json').unlink()

    with pytest.raises(NotReadableError, match=r'a\.json'):
        parse_stac(catalog)


def test_pystac_uses_the_file_systems(tmp_path, monkeypatch):
    monkeypatch.setattr(pystac.StacIO, '_default_io', None)
    path = str(tmp_path / 'new' / 'a.json')

    setup_stac_io()
    make_item('a', 14).save_object(dest_href=path, include_self_link=False)

    assert pystac.Item.from_file(path).id == 'a'
    with pytest.raises(NotReadableError, match=r'nowhere\.json'):
        pystac.Item.from_file(str(tmp_path / 'nowhere.json'))


@pytest.mark.parametrize(
    'extension',
    [
        'https://raw.githubusercontent.com/stac-extensions/label/v1.0.0/json-schema/schema.json',
        'https://stac-extensions.github.io/label/v1.0.0/schema.json',
        'label',
    ],
)
def test_label_items_name_the_extension_in_several_ways(save, extension):
    image = make_item('image', 14, data=('./image.tif', ['data']))
    labels = make_labels('a', 14, image)
    labels.stac_extensions = [extension]

    assert is_label_item(labels)
    (found,) = parse_stac(save(image, labels))
    assert len(found['image_uris']) == 1


def test_a_catalogue_without_labels_is_an_error(save):
    with pytest.raises(ValueError, match=r'no label items.*stac-extensions'):
        read_stac(save(make_item('image', 14, data=('./image.tif', ['data']))))


@pytest.mark.parametrize('kind', [ValueError, OSError, NotReadableError])
def test_a_name_that_is_of_no_catalogue_and_no_archive_is_a_wrong_value(kind, tmp_path):
    with pytest.raises(kind, match=r'x\.foo.*not be JSON or an archive'):
        read_stac(str(tmp_path / 'x.foo'))
