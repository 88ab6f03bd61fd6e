"""What the settings of a learner do around the training itself."""

import albumentations as A
import numpy as np
import pytest
import torch

from rastervision.core.data.class_config import ClassConfig
from rastervision.pytorch_learner.learner_config.regression_data import RegressionImageDataConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig
from rastervision.pytorch_learner.regression_learner import RegressionLearner
from rastervision.pytorch_learner.tasks.regression_config import RegressionLearnerConfig, RegressionModelConfig


@pytest.mark.parametrize(('eval_train', 'splits'), [(False, ['valid']), (True, ['train', 'valid'])])
def test_training_samples_are_evaluated_if_asked_for(make_learner, eval_train, splits, monkeypatch):
    learner = make_learner(num_epochs=1)
    learner.cfg.eval_train, learner.cfg.save_model_bundle = eval_train, False
    seen = []
    monkeypatch.setattr(learner, 'validate', seen.append)
    monkeypatch.setattr(learner, 'plot_predictions', lambda split, limit: None)
    monkeypatch.setattr(learner, 'plot_dataloaders', lambda limit: None)

    learner.main()

    assert seen == splits


def test_so_many_batches_are_plotted(make_learner, monkeypatch):
    learner = make_learner(num_epochs=1)
    learner.cfg.data.preview_batch_limit, learner.cfg.save_model_bundle = 7, False
    limits = []
    monkeypatch.setattr(learner, 'plot_predictions', lambda split, limit: limits.append(limit))
    monkeypatch.setattr(learner, 'plot_dataloaders', limits.append)

    learner.main()

    assert limits == [7, 7]


@pytest.mark.parametrize(('interval', 'due'), [(None, []), (1, [0, 1, 2]), (2, [1, 2])])
def test_images_are_logged_at_intervals_and_at_the_end(make_learner, interval, due):
    learner = make_learner(num_epochs=3)
    learner.cfg.image_interval = interval

    assert [epoch for epoch in range(3) if learner._is_image_due(epoch)] == due


def test_named_targets_of_regression_are_positive_or_probabilities():
    data = RegressionImageDataConfig(
        class_config=ClassConfig(names=['count', 'share']),
        pos_class_names=['count'],
        prob_class_names=['share'],
        img_sz=8,
        img_channels=3,
    )
    config = RegressionLearnerConfig(data=data, model=RegressionModelConfig(pretrained=False), solver=None)

    model = RegressionLearner(config, training=False).model.eval()

    with torch.inference_mode():
        count, share = model(torch.randn(50, 3, 8, 8) * 9).T
    assert (count > 0).all()
    assert ((share > 0) & (share < 1)).all()


@pytest.mark.parametrize('is_train', [True, False])
def test_base_transform_is_for_all_samples_and_aug_transform_for_those_of_training(is_train):
    invert, flip = A.to_dict(A.InvertImg(p=1)), A.to_dict(A.HorizontalFlip(p=1))
    data = SemanticSegmentationImageDataConfig(img_sz=2, base_transform=invert, aug_transform=flip)
    image = np.array([[[0], [100]], [[0], [100]]], np.uint8).repeat(3, axis=-1)

    transforms = data.get_data_transforms()
    seen = transforms[0 if not is_train else 1](image=image)['image'][..., 0]

    assert seen.tolist() == [[155, 255]] * 2 if is_train else [[255, 155]] * 2
