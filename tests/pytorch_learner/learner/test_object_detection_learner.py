import contextlib
import io

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import nn

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner.compute import ComputeOptions
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionImageDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.models.detection import detection_model
from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner
from rastervision.pytorch_learner.object_detection_utils import (
    BoxList,
    TorchVisionODAdapter,
    get_coco_gt,
    get_coco_preds,
)
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionLearnerConfig,
    ObjectDetectionModelConfig,
)

KINDS = [
    ('resnet18', 'faster_rcnn'),
    ('resnet18', 'fcos'),
    ('mobilenet_v3_large', 'faster_rcnn'),
    ('mobilenet_v3_large', 'ssdlite'),
]
SIZE = 64


@pytest.fixture
def make_learner(tmp_path):
    """A function that makes a learner of images of five channels."""

    def make(backbone='mobilenet_v3_large', architecture='faster_rcnn', data=None, **kwargs):
        options = {'detections_per_img': 50, 'score_thresh': 0} if architecture == 'fcos' else {'detections_per_img': 7}
        cfg = ObjectDetectionLearnerConfig(
            model=ObjectDetectionModelConfig(
                backbone=backbone, architecture=architecture, pretrained=False, extra_args=options
            ),
            data=ObjectDetectionImageDataConfig(
                class_config=ClassConfig(names=['a', 'b'], colors=['red', 'blue']),
                img_channels=5,
                img_sz=SIZE,
                num_workers=0,
            ),
            solver=SolverConfig(num_epochs=1, batch_sz=2),
            log_tensorboard=False,
        )
        return ObjectDetectionLearner(cfg, str(tmp_path / 'out'), data, data, tmp_dir=str(tmp_path), **kwargs)

    return make


@pytest.mark.parametrize(('backbone', 'architecture'), KINDS)
def test_boxes_of_half_precision_are_written_in_single(make_learner, backbone, architecture):
    learner = make_learner(backbone, architecture, training=False)
    learner.compute = ComputeOptions(precision='bf16')
    (boxes,) = learner.predict(torch.rand(1, 5, SIZE, SIZE))

    assert {boxes.boxes.dtype, boxes.get_field('scores').dtype} == {torch.float32}
    assert learner.output_to_numpy(boxes)['boxes'].shape == (len(boxes), 4)


@pytest.fixture(autouse=True)
def _same_images_each_time():
    torch.manual_seed(0)


def make_scores_differ(model):
    """Let no two boxes of a new model have the same score, whose order would be left to chance."""
    with torch.no_grad():
        for weights in model.parameters():
            weights += 0.02 * torch.randn(weights.shape)


def sample(*boxes):
    box_list = BoxList.from_arrays(np.array(boxes, dtype=float).reshape(-1, 4), np.zeros(len(boxes)), 'xyxy')
    return torch.rand(5, SIZE, SIZE), box_list


@pytest.mark.parametrize(('backbone', 'architecture'), KINDS)
def test_a_trained_model_comes_back_from_its_bundle(make_learner, tmp_path, backbone, architecture):
    data = [sample((4, 4, 30, 30)), sample((4, 4, 30, 30), (9, 9, 9, 20)), sample(), sample()]
    learner = make_learner(backbone, architecture, data)
    learner.train()
    learner.save_model_bundle(export_onnx=False)
    images = torch.rand(2, 5, SIZE, SIZE)
    expected = learner.predict(images)

    loaded = ObjectDetectionLearner.from_model_bundle(str(tmp_path / 'out/model-bundle.zip'), str(tmp_path))

    assert sum(map(len, expected))
    assert all(a.equal(b) for a, b in zip(loaded.predict(images), expected, strict=True))


@pytest.mark.parametrize(('backbone', 'architecture'), KINDS)
def test_exported_models_predict_the_same(make_learner, tmp_path, backbone, architecture):
    learner = make_learner(backbone, architecture, training=False)
    make_scores_differ(learner.model)
    image = torch.rand(1, 5, SIZE, SIZE)
    learner.export_to_onnx(str(tmp_path / 'model.onnx'))

    (boxes,) = learner.load_onnx_model(str(tmp_path / 'model.onnx'))(image)
    (expected,) = learner.predict(image)

    assert len(boxes) == len(expected) > 0
    assert torch.allclose(boxes.boxes, expected.boxes, atol=1e-2)
    assert torch.allclose(boxes.get_field('scores'), expected.get_field('scores'), atol=1e-4)


def test_the_setting_makes_the_onnx_model_of_a_bundle_predict(make_learner, tmp_path, monkeypatch):
    learner = make_learner('mobilenet_v3_large', 'ssdlite', [sample((4, 4, 30, 30))] * 2)
    make_scores_differ(learner.model)
    learner.save_model_bundle(export_onnx=True)
    monkeypatch.setenv('RASTERVISION_USE_ONNX', '1')
    images = torch.rand(2, 5, SIZE, SIZE)

    loaded = ObjectDetectionLearner.from_model_bundle(str(tmp_path / 'out/model-bundle.zip'), str(tmp_path))

    assert loaded.onnx_mode
    assert [len(boxes) for boxes in loaded.predict(images)] == [len(boxes) for boxes in learner.predict(images)]


@pytest.mark.parametrize(('backbone', 'architecture'), KINDS)
def test_boxes_are_in_pixels_of_images_of_any_size(backbone, architecture):
    """They fill an image of another size than the model's, and do not reach beyond it."""
    torch.manual_seed(0)
    model = detection_model(backbone, 1, 3, img_sz=SIZE, architecture=architecture).eval()
    height, width = 150, 300

    with torch.inference_mode():
        boxes = model([torch.rand(3, height, width)])[0]['boxes']

    assert (boxes >= 0).all()
    assert (boxes[:, [0, 2]] <= width).all() and (boxes[:, [1, 3]] <= height).all()
    assert boxes[:, 2].max() > 0.7 * width and boxes[:, 3].max() > 0.7 * height


def test_the_finest_features_of_the_light_model_see_small_objects():
    features = detection_model('mobilenet_v3_large', 1, 3, img_sz=SIZE).eval().backbone(torch.rand(1, 3, SIZE, SIZE))

    assert [SIZE // level.shape[-1] for level in features.values()] == [8, 16, 32, 64]


@pytest.mark.parametrize(('backbone', 'architecture', 'levels'), [(*KINDS[0], 5), (*KINDS[1], 3), (*KINDS[2], 4)])
def test_anchors_start_from_the_sizes_that_are_asked_for(backbone, architecture, levels):
    sizes = list(range(8, 8 + levels))
    config = ObjectDetectionModelConfig(
        backbone=backbone, architecture=architecture, pretrained=False, anchor_sizes=sizes
    )
    model = config.build(1, 3, img_sz=SIZE)

    holder = model.rpn if architecture == 'faster_rcnn' else model
    assert [level[0] for level in holder.anchor_generator.sizes] == sizes
    with pytest.raises(ConfigError, match=rf'anchor_sizes \[8\].*{levels} levels'):
        detection_model(backbone, 1, 3, img_sz=SIZE, architecture=architecture, anchor_sizes=[8])


def test_fcos_is_built_on_resnets():
    with pytest.raises(ConfigError, match='needs a resnet'):
        ObjectDetectionModelConfig(architecture='fcos', backbone='mobilenet_v3_large')


@pytest.mark.parametrize('setting', [{'loss': 'focal'}, {'label_smoothing': 0.1}, {'class_loss_weights': [1, 2]}])
def test_settings_of_a_loss_that_is_not_used_are_refused(make_learner, setting):
    cfg = make_learner(training=False).cfg
    with pytest.raises(ConfigError, match=f'{next(iter(setting))} has no effect in object detection'):
        ObjectDetectionLearnerConfig(data=cfg.data, solver=SolverConfig(**setting))


def test_ssdlite_is_built_on_mobilenet_and_has_its_own_anchors():
    assert ObjectDetectionModelConfig(architecture='ssdlite').get_backbone_str() == 'mobilenet_v3_large'
    with pytest.raises(ConfigError, match="needs backbone 'mobilenet_v3_large'"):
        ObjectDetectionModelConfig(architecture='ssdlite', backbone='resnet18')
    with pytest.raises(ConfigError, match='anchor_sizes has no effect'):
        ObjectDetectionModelConfig(architecture='ssdlite', anchor_sizes=[8])


def test_a_model_from_scratch_trains_its_normalisation():
    """Its weights have the names of frozen ones, with or without a counter in the file."""
    model = detection_model('resnet18', 1, 3, img_sz=SIZE)
    weights = model.state_dict()

    assert not [name for name in weights if name.endswith('num_batches_tracked')]
    assert model.backbone.body.bn1.weight.requires_grad
    model.load_state_dict({**weights, 'backbone.body.bn1.num_batches_tracked': torch.tensor(3)})


def test_boxes_without_area_are_no_targets():
    target = TorchVisionODAdapter(nn.Identity()).boxlist_to_model_input_dict(sample((1, 1, 5, 5), (2, 2, 2, 9))[1])

    assert target['boxes'].tolist() == [[1, 1, 5, 5]]
    assert target['labels'].tolist() == [1]


# ------------------------------------------------------------------ average precision
def found(boxes, scores=None):
    count = len(boxes)
    return BoxList(
        torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        class_ids=torch.zeros(count, dtype=torch.int64),
        scores=torch.linspace(1, 0.5, count) if scores is None else scores,
    )


def metrics_of(make_learner, outs, ys):
    return make_learner(training=False).validate_end([{'outs': outs, 'ys': ys}])


def test_average_precision_counts_all_boxes_of_an_image(make_learner):
    corners = torch.rand(150, 2) * 500
    many = torch.cat([corners, corners + 8], dim=1)
    metrics = metrics_of(make_learner, [found(many), found([])], [found(many), found([])])
    assert metrics == pytest.approx({'mAP': 1, 'mAP50': 1})


def test_average_precision_of_few_boxes_is_that_of_pycocotools(make_learner):
    outs = [found([[0, 0, 10, 10], [20, 20, 30, 31]]), found([[5, 5, 9, 9]])]
    ys = [found([[0, 0, 10, 11], [20, 20, 30, 30], [50, 50, 60, 60]]), found([])]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = get_coco_gt(ys, 2)
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(get_coco_preds(outs)), 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert list(metrics_of(make_learner, outs, ys).values()) == pytest.approx(evaluation.stats[:2].tolist())


def test_average_precision_of_nothing_is_not_a_number(make_learner):
    box = found([[1, 1, 10, 10]])
    assert np.isnan(list(metrics_of(make_learner, [box], [found([])]).values())).all()
    assert np.isnan(list(metrics_of(make_learner, [found([])], [found([])]).values())).all()
    assert metrics_of(make_learner, [found([])], [box]) == {'mAP': 0, 'mAP50': 0}
