import random
import shutil
import unicodedata

import albumentations as A
import numpy as np
import pytest
import rasterio
from PIL import Image

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.errors import DataError
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError, MissingImageDataError
from rastervision.pytorch_learner.dataset.image_files import discover_images, load_image, load_label, load_valid
from rastervision.pytorch_learner.dataset.labels import NO_CLASS
from rastervision.pytorch_learner.learner_config.classification_data import ClassificationImageDataConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig


def write_chips(root, values, split='train'):
    """Chips whose pixels all have the value that is their name."""
    for folder in ('img', 'labels'):
        (root / split / folder).mkdir(parents=True, exist_ok=True)
    for value in values:
        Image.fromarray(np.full((8, 8, 3), value, dtype=np.uint8)).save(root / split / 'img' / f'{value}.png')
        Image.fromarray(np.full((8, 8), value % 2, dtype=np.uint8)).save(root / split / 'labels' / f'{value}.png')
    return root


@pytest.fixture
def config(class_config):
    def make(**kwargs):
        return SemanticSegmentationImageDataConfig(class_config=class_config, img_sz=8, augmentors=[], **kwargs)

    return make


def values(dataset):
    return [round(float(x[0, 0, 0]) * 255) for x, _ in dataset]


def test_images_come_in_the_order_of_their_numbers(tmp_path):
    write_chips(tmp_path, [2, 10, 1])

    assert [path.stem for path in discover_images(tmp_path / 'train' / 'img')] == ['1', '2', '10']


def test_zips_of_a_folder_are_put_together_in_the_order_of_their_names(tmp_path, config):
    for name, chips in (('10', [5, 6]), ('2', [3, 4])):
        shutil.make_archive(str(tmp_path / 'zips' / name), 'zip', write_chips(tmp_path / name, chips))

    dataset = config(uri=str(tmp_path / 'zips')).build_dataset('train', str(tmp_path / 'tmp'))

    assert values(dataset) == [3, 4, 5, 6]


def test_samples_do_not_depend_on_how_chips_are_put_into_zips(tmp_path, config):
    for name, chips in (('all/0', [10, 50, 90]), ('parts/0', [10]), ('parts/1', [50, 90])):
        shutil.make_archive(str(tmp_path / 'zips' / name), 'zip', write_chips(tmp_path / name, chips))

    def values_after_augmentation(name):
        transform = A.to_dict(A.RandomBrightnessContrast(p=1))
        data = config(uri=str(tmp_path / 'zips' / name), aug_transform=transform)
        return values(data.build_dataset('train', str(tmp_path / 'tmp')))

    assert values_after_augmentation('all') == values_after_augmentation('parts') != [10, 50, 90]


def test_zips_are_unpacked_once_for_all_splits(tmp_path, config):
    write_chips(tmp_path / 'chips', [1])
    write_chips(tmp_path / 'chips', [2], 'valid')
    uri = shutil.make_archive(str(tmp_path / 'chips'), 'zip', tmp_path / 'chips')

    train, valid, test = config(uri=uri).build(str(tmp_path / 'tmp'))

    assert (values(train), values(valid), len(test)) == ([1], [2], 0)
    assert len(list((tmp_path / 'tmp' / 'data').iterdir())) == 1


def test_train_sz_counts_for_a_plain_uri_and_leaves_other_randomness_alone(tmp_path, config):
    write_chips(tmp_path, range(20))
    random.seed(3)
    state = random.getstate()

    chosen = values(config(uri=str(tmp_path), train_sz=4).build_dataset('train', str(tmp_path)))

    assert len(chosen) == 4 and chosen == sorted(chosen)
    assert chosen == values(config(uri=str(tmp_path), train_sz=4).build_dataset('train', str(tmp_path)))
    assert random.getstate() == state


def test_a_part_of_the_training_samples_may_be_asked_for(tmp_path, config):
    write_chips(tmp_path, range(20))

    assert len(values(config(uri=str(tmp_path), train_sz_rel=0.3).build_dataset('train', str(tmp_path)))) == 6


@pytest.mark.parametrize('shares', [{'group_train_sz': [2, 3]}, {'group_train_sz_rel': [0.2, 0.3]}])
def test_each_group_gives_its_share(tmp_path, config, shares):
    write_chips(tmp_path / 'a', range(10))
    write_chips(tmp_path / 'b', range(100, 110))
    uris = [str(tmp_path / 'a'), str(tmp_path / 'b')]

    chosen = values(config(group_uris=uris, **shares).build_dataset('train', str(tmp_path)))

    assert [value >= 100 for value in chosen] == [False] * 2 + [True] * 3


def test_an_image_without_a_label_is_named(tmp_path, config):
    write_chips(tmp_path, [1, 2])
    (tmp_path / 'train' / 'labels' / '2.png').unlink()

    with pytest.raises(ImageDatasetError, match="partner: \\['2'\\]"):
        config(uri=str(tmp_path)).build_dataset('train', str(tmp_path))


def test_a_folder_without_data_says_what_is_expected(tmp_path, config):
    with pytest.raises(MissingImageDataError, match='train, valid or test'):
        config(uri=str(tmp_path)).build_dataset('train', str(tmp_path))


def test_a_damaged_zip_is_named_and_leaves_nothing_behind(tmp_path, config):
    (tmp_path / 'bad.zip').write_bytes(b'no zip')

    with pytest.raises(DataError, match=r'bad\.zip'):
        config(uri=str(tmp_path / 'bad.zip')).build_dataset('train', str(tmp_path / 'tmp'))
    assert not list((tmp_path / 'tmp').rglob('*.png'))


def test_a_class_without_images_is_allowed_with_a_warning(tmp_path, class_config, caplog):
    folder = tmp_path / 'valid' / 'thing'
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(folder / '0.png')

    dataset = ClassificationImageDataConfig(class_config=class_config, uri=str(tmp_path)).build_dataset('valid', None)

    assert [int(y) for _, y in dataset] == [1]
    assert "no images, of the classes ['bg']" in caplog.text


@pytest.mark.parametrize('form', ['NFC', 'NFD'])
def test_folders_may_spell_letters_of_classes_in_another_way(tmp_path, form, caplog):
    for i, name in enumerate(['grün', 'blå']):
        (tmp_path / 'train' / unicodedata.normalize(form, name)).mkdir(parents=True)
        image = Image.fromarray(np.full((8, 8, 3), i, dtype=np.uint8))
        image.save(tmp_path / 'train' / unicodedata.normalize(form, name) / '0.png')
    classes = ClassConfig(names=[unicodedata.normalize('NFC', name) for name in ('grün', 'blå')])

    dataset = ClassificationImageDataConfig(class_config=classes, uri=str(tmp_path)).build_dataset('train', None)

    assert [(round(float(x.max() * 255)), int(y)) for x, y in dataset] == [(0, 0), (1, 1)]
    assert not caplog.text


@pytest.mark.parametrize('channels', [1, 3, 4, 8])
def test_tif_and_npy_have_any_number_of_channels(tmp_path, write_tif, channels):
    pixels = np.random.default_rng(0).integers(0, 9999, (5, 6, channels), dtype=np.uint16)
    np.save(tmp_path / 'a.npy', pixels)

    assert np.array_equal(load_image(tmp_path / 'a.npy'), pixels)
    assert np.array_equal(load_image(write_tif('a.tif', pixels)), pixels)


def test_png_with_16_bits_keeps_them(tmp_path):
    import cv2

    pixels = np.random.default_rng(0).integers(0, 65535, (5, 6, 3), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / 'a.png'), pixels[..., ::-1])

    assert np.array_equal(load_image(tmp_path / 'a.png'), pixels)


@pytest.mark.parametrize('ext', ['png', 'gif', 'bmp', 'tif'])
def test_a_palette_is_read_as_colours_in_images(tmp_path, ext):
    image = Image.fromarray(np.array([[0, 1], [2, 1]], dtype=np.uint8), mode='P')
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    path = tmp_path / f'a.{ext}'
    image.save(path)

    assert load_label(path).tolist() == [[0, 1], [2, 1]]
    assert load_image(path).tolist() == [[[0, 0, 0], [255, 0, 0]], [[0, 255, 0], [255, 0, 0]]]


def test_one_bit_images_are_black_and_white_and_labels_0_and_1(tmp_path):
    Image.fromarray(np.array([[0, 255], [255, 0]], dtype=np.uint8)).convert('1').save(tmp_path / 'a.png')

    assert load_label(tmp_path / 'a.png').tolist() == [[0, 1], [1, 0]]
    assert load_image(tmp_path / 'a.png')[..., 0].tolist() == [[0, 255], [255, 0]]


@pytest.mark.parametrize('ext', ['png', 'jpg', 'tif', 'bmp', 'webp', 'npy', 'ppm'])
@pytest.mark.parametrize('rest', [0, 20, 60])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, ext, rest):
    path = tmp_path / f'a.{ext}'
    pixels = np.random.default_rng(0).integers(0, 255, (50, 50, 3), dtype=np.uint8)
    np.save(path, pixels) if ext == 'npy' else Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:rest])

    with pytest.raises(ImageDatasetError, match=rf'a\.{ext}'):
        load_image(path)


@pytest.mark.parametrize(('train', 'valid'), [('train', 'val'), ('training', 'validation'), ('train', 'valid')])
def test_splits_may_be_called_as_other_tools_call_them(config, tmp_path, caplog, train, valid):
    write_chips(tmp_path, [1, 2], train)
    write_chips(tmp_path, [3], valid)
    data = config(uri=str(tmp_path))
    assert (values(data.build_dataset('train')), values(data.build_dataset('valid'))) == ([1, 2], [3])
    assert (f'{valid!r}' in caplog.text) == (valid != 'valid')


def test_a_zip_may_have_a_folder_around_the_data(config, tmp_path):
    write_chips(tmp_path / 'mine', [1, 2])
    (tmp_path / '__MACOSX').mkdir()
    (tmp_path / '__MACOSX' / '._mine').write_bytes(b'\0')
    archive = shutil.make_archive(str(tmp_path / 'out' / 'mine'), 'zip', tmp_path)
    assert values(config(uri=archive).build_dataset('train', str(tmp_path / 'tmp'))) == [1, 2]


def test_a_zip_without_data_is_named(config, tmp_path):
    (tmp_path / 'in' / 'pictures').mkdir(parents=True)
    archive = shutil.make_archive(str(tmp_path / 'mine'), 'zip', tmp_path / 'in')
    with pytest.raises(MissingImageDataError, match=r'mine\.zip.*pictures'):
        config(uri=archive).build_dataset('train', str(tmp_path / 'tmp'))


def test_hidden_files_of_macos_are_no_images(config, tmp_path):
    write_chips(tmp_path, [1, 2])
    for folder in ('img', 'labels'):
        (tmp_path / 'train' / folder / '._1.png').write_bytes(b'\0\5\x16\7')
    assert values(config(uri=str(tmp_path)).build_dataset('train')) == [1, 2]


# ------------------------------------------------------------------------- what is no data
HOLE = (slice(2, 5), slice(0, 3))


def save_with_hole(path, *, how, channels=3, dtype='uint8'):
    """An image of nines; how: the kind of hole in it, whose pixels are 77."""
    pixels = np.full((8, 8, channels), 9, dtype)
    pixels[HOLE] = np.nan if how == 'NaN' else 77
    valid = np.ones((8, 8), bool)
    valid[HOLE] = False
    profile = {'driver': 'GTiff', 'height': 8, 'width': 8, 'dtype': dtype}
    if path.suffix == '.tif':
        nodata = {'nodata': 77} if how == 'NODATA' else {}
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=how == 'mask'),
            rasterio.open(path, 'w', count=channels, **profile, **nodata) as file,
        ):
            file.write(np.moveaxis(pixels, -1, 0))
            if 'mask' in how:
                file.write_mask(valid)
    elif path.suffix == '.npy':
        np.save(path, pixels)
    else:
        Image.fromarray(pixels).save(path)
    if how == 'mask beside it' and path.suffix != '.tif':
        with rasterio.open(f'{path}.msk', 'w', count=1, **{**profile, 'dtype': 'uint8'}) as file:
            file.write(valid.astype('uint8'), 1)


@pytest.mark.parametrize(
    ('name', 'how', 'dtype'),
    [
        ('0.tif', 'NODATA', 'uint8'),
        ('0.tif', 'NODATA', 'int64'),
        ('0.tif', 'mask', 'uint16'),
        ('0.tif', 'mask beside it', 'float32'),
        ('0.tif', 'NaN', 'float32'),
        ('0.npy', 'NaN', 'float32'),
        ('0.npy', 'mask beside it', 'int16'),
        ('0.png', 'mask beside it', 'uint8'),
        ('0.bmp', 'mask beside it', 'uint8'),
    ],
)
def test_pixels_of_files_that_are_no_data_are_not_mixed_into_others(tmp_path, config, name, how, dtype):
    write_chips(tmp_path, [0])
    (tmp_path / 'train/img/0.png').unlink()
    save_with_hole(tmp_path / 'train/img' / name, how=how, dtype=dtype)

    x, y = config(uri=str(tmp_path)).build_dataset('train', str(tmp_path / 'tmp'))[0]
    larger = config(uri=str(tmp_path), base_transform=A.to_dict(A.Resize(21, 21))).build_dataset('train', None)[0]

    gap = np.zeros((8, 8), bool)
    gap[HOLE] = True
    assert np.array_equal(x[0] == 0, gap) and np.array_equal(y == NO_CLASS, gap)
    assert len(x.unique()) == 2
    assert np.array_equal(larger[0][0] == 0, larger[1] == NO_CLASS) and len(larger[0].unique()) == 2


def test_an_alpha_band_of_an_image_is_a_channel(tmp_path, write_tif):
    pixels = np.full((8, 8, 4), 9, 'uint8')
    pixels[HOLE] = 0
    path = write_tif('a.tif', pixels)
    with rasterio.open(path, 'r+') as file:
        file.colorinterp = [*file.colorinterp[:3], rasterio.enums.ColorInterp.alpha]

    assert load_valid(path) is None and load_image(path).shape == (8, 8, 4)


def test_a_mask_of_another_size_is_named(tmp_path, config):
    write_chips(tmp_path, [0])
    with rasterio.open(
        tmp_path / 'train/img/0.png.msk', 'w', driver='GTiff', height=4, width=8, count=1, dtype='uint8'
    ):
        pass

    with pytest.raises(ImageDatasetError, match=r'0\.png.*4 x 8.*8 x 8'):
        config(uri=str(tmp_path)).build_dataset('train', None)[0]


def test_a_mask_that_is_none_is_named(tmp_path, config):
    write_chips(tmp_path, [0])
    (tmp_path / 'train/img/0.png.msk').write_text('<VRTDataset/>')

    with pytest.raises(ImageDatasetError, match=r'0\.png\.msk'):
        config(uri=str(tmp_path)).build_dataset('train', None)[0]
