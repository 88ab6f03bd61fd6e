import pytest
import torch

from rastervision.pytorch_learner.symmetries import SYMMETRIES

HEIGHT, WIDTH = 7, 11


@pytest.mark.parametrize(('name', 'count'), [('flips', 4), ('turns', 4), ('all', 8)])
def test_positions_are_all_different_and_begin_with_the_image_as_it_is(name, count):
    image = torch.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    turned = [symmetry.apply(image) for symmetry in SYMMETRIES[name]]

    assert torch.equal(turned[0], image)
    assert len({tuple(each.flatten().tolist()) for each in turned}) == count


@pytest.mark.parametrize('symmetry', SYMMETRIES['all'])
def test_images_and_boxes_come_back(symmetry):
    image = torch.zeros(3, HEIGHT, WIDTH)
    image[:, 2:4, 5:9] = torch.arange(8).reshape(2, 4) + 1
    turned = symmetry.apply(image)
    rows, columns = turned[0].nonzero(as_tuple=True)
    box = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])[None]

    assert turned.shape[1:] == symmetry.size(HEIGHT, WIDTH)
    assert torch.equal(symmetry.undo(turned), image)
    assert symmetry.undo_boxes(box, HEIGHT, WIDTH).tolist() == [[5, 2, 9, 4]]
