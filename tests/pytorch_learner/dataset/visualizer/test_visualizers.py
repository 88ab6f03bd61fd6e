import albumentations as A
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from rastervision.pytorch_learner.dataset.labels import NO_CLASS
from rastervision.pytorch_learner.dataset.visualizer.channel_groups import channel_groups_to_imgs
from rastervision.pytorch_learner.dataset.visualizer.classification_visualizer import ClassificationVisualizer
from rastervision.pytorch_learner.dataset.visualizer.object_detection_visualizer import ObjectDetectionVisualizer
from rastervision.pytorch_learner.dataset.visualizer.regression_visualizer import RegressionVisualizer
from rastervision.pytorch_learner.dataset.visualizer.semantic_segmentation_visualizer import (
    SemanticSegmentationVisualizer,
)
from rastervision.pytorch_learner.object_detection_utils import BoxList

NAMES, COLORS, SIZE = ['a', 'b'], ['red', 'blue'], 8
BOXES = BoxList(torch.tensor([[1.0, 1.0, 6.0, 6.0]]), class_ids=torch.tensor([1]))
# Each visualizer with a label, a prediction, and the columns of a sample that has an image only, a label, both.
MEMBERS = {
    'classification': (ClassificationVisualizer, torch.tensor(1), torch.tensor([0.2, 0.8]), [1, 2, 3]),
    'regression': (RegressionVisualizer, torch.tensor([1.0, 2.0]), torch.tensor([1.5, 2.0]), [1, 2, 3]),
    'segmentation': (SemanticSegmentationVisualizer, torch.eye(SIZE).long(), torch.rand(2, SIZE, SIZE), [1, 2, 3]),
    'detection': (ObjectDetectionVisualizer, BOXES, BOXES, [1, 1, 2]),
}


@pytest.fixture(params=MEMBERS.values(), ids=MEMBERS)
def member(request):
    cls, label, prediction, columns = request.param
    return cls(NAMES, COLORS), label, prediction, columns


def plotted(visualizer, x, y=None, z=None):
    """The axes that a sample is plotted into."""
    known = {name: [value] for name, value in (('y', y), ('z', z)) if value is not None}
    axs = Figure().subplots(1, visualizer.get_plot_ncols(x=x[None], **known), squeeze=False)[0]
    visualizer.plot_xyz(axs, x.movedim(-3, -1), y, z)
    return axs


def test_label_and_prediction_have_their_columns(member):
    visualizer, label, prediction, columns = member
    x = torch.rand(3, SIZE, SIZE)

    shown = [plotted(visualizer, x), plotted(visualizer, x, label), plotted(visualizer, x, label, prediction)]

    assert [len(axs) for axs in shown] == columns
    titles = [ax.get_title().lower() for ax in shown[-1]]
    assert any('ground truth' in title for title in titles) and 'prediction' in titles[-1]


def test_a_prediction_can_stand_without_a_label(member):
    visualizer, _, prediction, _ = member

    axs = plotted(visualizer, torch.rand(3, SIZE, SIZE), z=prediction)

    assert 'prediction' in axs[-1].get_title().lower()


def test_a_series_has_columns_for_each_time(member):
    visualizer, *_ = member

    assert visualizer.get_plot_ncols(x=torch.rand(1, 4, 3, SIZE, SIZE)) == 4


def test_a_batch_becomes_the_same_png_each_time(member, tmp_path):
    visualizer, label, prediction, _ = member
    torch.manual_seed(0)
    x = torch.rand(3, 3, SIZE, SIZE)
    paths = [tmp_path / 'first.png', tmp_path / 'second.png']

    for path in paths:
        visualizer.plot_batch(x, [label] * 3, str(path), z=[prediction] * 3, batch_limit=2)

    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].read_bytes().startswith(b'\x89PNG')


def test_a_right_class_is_green_and_a_wrong_one_red():
    visualizer = ClassificationVisualizer(NAMES, COLORS)
    colors = [plotted(visualizer, torch.rand(3, 8, 8), y, torch.tensor(1))[-1].texts[0].get_color() for y in (1, 0)]

    assert colors == ['green', 'red']


@pytest.mark.parametrize('prediction', [torch.tensor([torch.nan, torch.nan]), torch.tensor(-1)])
def test_chips_without_data_have_no_class(prediction):
    axs = plotted(ClassificationVisualizer(NAMES, COLORS), torch.rand(3, 8, 8), torch.tensor(NO_CLASS), prediction)

    assert [ax.texts[0].get_text() for ax in axs[1:]] == ['no data'] * 2


def test_pixels_without_a_prediction_are_left_blank():
    scores = torch.tensor([[[0.1, torch.nan]], [[0.9, torch.nan]]])
    axs = plotted(SemanticSegmentationVisualizer(NAMES, COLORS), torch.rand(3, 1, 2), z=scores)

    assert axs[-1].images[0].get_array().tolist() == [[1, None]]


def test_errors_of_predicted_targets_are_written():
    axs = plotted(RegressionVisualizer(NAMES), torch.rand(3, 8, 8), torch.tensor([1.0, 2.0]), torch.tensor([1.5, 2.0]))

    assert [ax.texts[0].get_text() for ax in axs[1:]] == ['a: 1\nb: 2', 'a: 1.5 (+0.5)\nb: 2 (+0)']


def test_pixels_have_the_colors_of_their_classes():
    axs = plotted(SemanticSegmentationVisualizer(NAMES, COLORS), torch.rand(3, 2, 2), torch.tensor([[0, 1], [1, 0]]))

    (image,) = axs[1].images
    rgba = image.to_rgba(image.get_array(), norm=True)
    assert np.allclose(rgba[0], [[1, 0, 0, 1], [0, 0, 1, 1]])
    assert [text.get_text() for text in axs[1].get_legend().get_texts()] == NAMES


def test_the_legend_takes_no_room_from_the_images():
    visualizer = SemanticSegmentationVisualizer(NAMES, COLORS)
    x, y = torch.rand(2, 3, 4, 4), torch.zeros(2, 4, 4)

    (bare, height), (wide, same) = (
        visualizer.get_plot_params(x=x, y=label)['fig_args']['figsize'] for label in (None, y)
    )

    assert (bare, height) == (3, 6)
    assert same == 6 and wide > 2 * 3


class Seen(SemanticSegmentationVisualizer):
    """Keeps what it is to plot."""

    def plot_xyz(self, axs, x, y=None, z=None, plot_title=True):
        self.shape = x.shape


@pytest.mark.parametrize(('shape', 'expected'), [((2, 3, 8, 9), (8, 9, 3)), ((2, 4, 3, 8, 9), (4, 8, 9, 3))])
@pytest.mark.parametrize('transform', [None, A.to_dict(A.HorizontalFlip(p=1))])
def test_own_plots_are_given_images_with_channels_last(shape, expected, transform):
    visualizer = Seen(NAMES, COLORS, transform=transform)

    visualizer.plot_batch(torch.rand(shape), torch.zeros(2, 8, 9).long())

    assert visualizer.shape == expected


def test_groups_of_channels_are_images_of_three_channels():
    x = torch.rand(10, 9, 6)

    rgb, pair, single = channel_groups_to_imgs(x, {'rgb': (2, 1, 0), 'pair': (3, 4), 'single': (5,)})

    assert torch.equal(rgb, x[..., [2, 1, 0]])
    assert torch.equal(pair, torch.stack([x[..., 3], x[..., 4], torch.zeros(10, 9)], dim=-1))
    assert torch.equal(single, x[..., [5, 5, 5]])


def test_boxes_are_drawn_at_each_time_of_a_series():
    groups = {'rgb': [0, 1, 2], 'one': [3]}
    visualizer = ObjectDetectionVisualizer(NAMES, COLORS, channel_display_groups=groups)

    axs = plotted(visualizer, torch.rand(2, 4, SIZE, SIZE), BOXES, BOXES)

    titles = [ax.get_title() for ax in axs]
    assert len(titles) == 8 and titles[:3] == [
        'rgb ground truth (t=0)',
        'one ground truth (t=0)',
        'rgb ground truth (t=1)',
    ]
    assert titles[-1] == 'one prediction (t=1)' and all(len(ax.images) == 1 for ax in axs)


def test_one_number_for_each_sample_is_plotted_without_a_name(tmp_path):
    path = tmp_path / 'plot.png'
    targets = torch.tensor([0.2, 1.3])

    RegressionVisualizer(NAMES).plot_batch(torch.rand(2, 3, SIZE, SIZE), targets, str(path), z=targets)

    assert path.exists()


def test_the_classes_of_a_visualizer_are_a_config():
    assert ClassificationVisualizer(NAMES, COLORS).class_config.names == NAMES


@pytest.mark.parametrize('shape', [(4, 8, 8), (2, 1, 3, 4, 8, 8)])
def test_images_of_other_axes_are_refused(member, shape):
    with pytest.raises(ValueError, match='n, channels, height, width'):
        member[0].plot_batch(torch.rand(shape), None)


def test_an_empty_dataset_has_no_batch(member):
    with pytest.raises(ValueError, match='empty'):
        member[0].get_batch([])
