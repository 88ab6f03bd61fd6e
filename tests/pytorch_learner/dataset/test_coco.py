import json
import unicodedata

import pytest

from rastervision.pytorch_learner.dataset.coco import read_coco
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError

NAMES = ['car', 'boat']


def box(number, category_id, image_id=1, bbox=(5, 6, 20, 10), **more):
    return {'id': number, 'image_id': image_id, 'category_id': category_id, 'bbox': list(bbox), **more}


@pytest.fixture
def read(tmp_path):
    """Reads a COCO file of two images with these annotations, and categories by id."""

    def call(annotations, categories=None, names=NAMES, images=None):
        coco = {
            'images': images or [{'id': i, 'file_name': f'{i}.png'} for i in (1, 2)],
            'annotations': annotations,
        }
        if categories is not None:
            coco['categories'] = [{'id': id_, 'name': name} for id_, name in categories]
        path = tmp_path / 'labels.json'
        path.write_text(json.dumps(coco))
        return read_coco(str(path), names)

    return call


def names_of(images):
    return [NAMES[class_id] for image in images for class_id in image.class_ids]


@pytest.mark.parametrize('ids', [(0, 1), (1, 0), (1, 2), (10, 20), (-1, 10**12), ('a', 'b'), ('1', '2'), (1.0, 2.0)])
def test_categories_are_found_by_name_whatever_their_ids(read, ids):
    car, boat = ids
    images = read([box(1, car), box(2, boat, image_id=2)], [(car, 'car'), (boat, 'boat')])
    assert names_of(images) == ['car', 'boat']


def test_ids_written_as_text_or_with_a_point_are_the_same(read):
    annotations = [box(1, '1', image_id='1'), box(2, 2.0, image_id=2.0)]
    assert names_of(read(annotations, [(1, 'car'), (2, 'boat')])) == ['car', 'boat']


@pytest.mark.parametrize('forms', [('NFC', 'NFD'), ('NFD', 'NFC')])
def test_composed_and_decomposed_letters_are_the_same(read, forms):
    name, other = (unicodedata.normalize(form, 'Gebäude') for form in forms)
    images = read([box(1, 7)], [(7, other)], names=['car', name])
    assert images[0].class_ids == [1]


def test_names_that_are_numbers_may_be_numbers(read):
    assert read([box(1, 4)], [(4, 2)], names=['1', '2'])[0].class_ids == [1]


def test_categories_that_are_not_used_do_not_matter(read):
    assert names_of(read([box(1, 1)], [(0, 'vehicles'), (1, 'car'), (2, 'boat')])) == ['car']


def test_other_categories_are_left_out_with_a_warning(read, caplog):
    images = read([box(1, 3), box(2, 1)], [(1, 'car'), (2, 'boat'), (3, 'plane')])
    assert names_of(images) == ['car']
    assert "categories ['plane'] are left out" in caplog.text


def test_a_category_that_is_spelled_differently_is_an_error(read):
    with pytest.raises(ImageDatasetError, match=r"'Car'.*which are no classes, and the classes \['car'\].*'car'"):
        read([box(1, 1)], [(1, 'Car'), (2, 'boat')])


def test_a_category_that_is_not_listed_is_an_error(read):
    with pytest.raises(ImageDatasetError, match='boxes of category 9'):
        read([box(1, 9)], [(1, 'car'), (2, 'boat')])


def test_one_id_for_two_names_is_an_error(read):
    with pytest.raises(ImageDatasetError, match='several categories of id 1'):
        read([box(1, 1)], [(1, 'car'), (1, 'boat')])


@pytest.mark.parametrize('category_id', [2, -1, 'car', None, 0.5])
def test_without_categories_ids_are_class_ids_and_others_are_an_error(read, category_id):
    assert names_of(read([box(1, 0), box(2, 1)])) == ['car', 'boat']
    with pytest.raises(ImageDatasetError, match='annotation 7 has category_id'):
        read([box(7, category_id)])


def test_crowds_are_ignored(read):
    assert names_of(read([box(1, 0, iscrowd=1), box(2, 1, iscrowd=0), box(3, 9, iscrowd=1, bbox=[])])) == ['boat']


@pytest.mark.parametrize(
    'bbox', [None, [], [1, 2, 3], [1, 2, 3, 4, 5], [1, 2, -3, 4], [1, 2, float('nan'), 4], ['1', 2, 3, 4], {'x': 1}, 5]
)
def test_a_broken_box_is_named(read, bbox):
    with pytest.raises(ImageDatasetError, match=r"labels\.json.*annotation 'x-3' has bbox"):
        read([{**box('x-3', 0), 'bbox': bbox}])


def test_a_box_that_is_missing_is_named(read):
    with pytest.raises(ImageDatasetError, match='annotation 5 has bbox None'):
        read([{'id': 5, 'image_id': 1, 'category_id': 0, 'segmentation': [[0, 0, 1, 1, 1, 0]]}])


def test_boxes_without_size_are_left_out_and_named(read, caplog):
    assert names_of(read([box(1, 0, bbox=(1, 2, 0, 4)), box(2, 1)])) == ['boat']
    assert '1 boxes have no size and are left out: annotation 1' in caplog.text


def test_a_box_of_an_unknown_image_is_named(read):
    with pytest.raises(ImageDatasetError, match='annotation 1 is of image 9'):
        read([box(1, 0, image_id=9)])


@pytest.mark.parametrize('images', [[{'id': 1}], [{'file_name': 'a'}], [5], [{'id': 1, 'file_name': 'a'}] * 2])
def test_broken_images_are_named(read, images):
    with pytest.raises(ImageDatasetError, match='image'):
        read([], images=images)


@pytest.mark.parametrize('text', ['[]', '{}', '5', '{"images": 5, "annotations": []}'])
def test_what_is_no_coco_file_is_refused(tmp_path, text):
    (tmp_path / 'labels.json').write_text(text)
    with pytest.raises(ImageDatasetError, match='not a COCO file'):
        read_coco(str(tmp_path / 'labels.json'), NAMES)
