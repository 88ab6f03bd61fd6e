import numpy as np
import pytest
from PIL import Image

from rastervision.pytorch_learner.dataset.errors import ImageDatasetError
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig


@pytest.mark.parametrize('augmentors', [[], ['HorizontalFlip']])
def test_labels_of_another_size_than_their_image_are_named(tmp_path, class_config, augmentors):
    for folder, shape in (('img', (8, 8, 3)), ('labels', (8, 8))):
        (tmp_path / 'train' / folder).mkdir(parents=True)
        for number in (1, 2):
            Image.fromarray(np.zeros(shape, dtype=np.uint8)).save(tmp_path / 'train' / folder / f'{number}.png')
    Image.fromarray(np.zeros((4, 8), dtype=np.uint8)).save(tmp_path / 'train' / 'labels' / '2.png')
    data = SemanticSegmentationImageDataConfig(
        class_config=class_config, img_sz=8, augmentors=augmentors, uri=str(tmp_path)
    )
    dataset = data.build_dataset('train')

    assert tuple(dataset[0][1].shape) == (8, 8)
    with pytest.raises(ImageDatasetError, match=r'labels/2\.png.* has 4 x 8 pixels, but its image .*8 x 8'):
        dataset[1]


def test_test_images_may_have_no_labels_and_others_may_not(tmp_path, class_config):
    for split in ('train', 'test'):
        (tmp_path / split / 'img').mkdir(parents=True)
        (tmp_path / split / 'labels').mkdir()
        for number in (1, 2):
            Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(tmp_path / split / 'img' / f'{number}.png')
    Image.fromarray(np.ones((8, 8), dtype=np.uint8)).save(tmp_path / 'test' / 'labels' / '2.png')
    data = SemanticSegmentationImageDataConfig(class_config=class_config, img_sz=8, augmentors=[], uri=str(tmp_path))

    first, second = data.build_dataset('test')
    assert np.isnan(first[1].item())
    assert second[1].unique().tolist() == [1]
    with pytest.raises(ImageDatasetError, match='do not go together'):
        data.build_dataset('train')
