"""The model of a learner, and predicting with it."""

import logging
from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.masking import mask
from rastervision.pipeline.runner.machine import core_count
from rastervision.pytorch_learner.learner import weights
from rastervision.pytorch_learner.learner.compute import ComputeOptions
from rastervision.pytorch_learner.learner.gradient_step import autocast
from rastervision.pytorch_learner.onnx import ONNXRuntimeAdapter, export_to_onnx
from rastervision.pytorch_learner.symmetries import SYMMETRIES, Symmetry

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner_config.learner import LearnerConfig

log = logging.getLogger(__name__)

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


def usable_workers(wanted: int) -> int:
    """Number of processes that load samples: more than there are cores would only take memory."""
    return min(wanted, core_count())


class ModelPart(ABC):
    """The part of a learner that has to do with its model."""

    cfg: 'LearnerConfig'
    model: Any  # nn.Module or ONNXRuntimeAdapter
    device: torch.device
    compute: ComputeOptions = ComputeOptions()
    model_was_passed: bool = False  # instead of being built from the config
    tmp_dir: str
    output_dir_local: str
    modules_dir: str
    is_ddp_process: bool = False
    ddp_rank: int | None = None
    ddp_local_rank: int | None = None
    ddp_world_size: int | None = None

    # -------------------------------------------------------------------- setup
    def setup_model(self, model_weights_path: str | None = None, model_def_path: str | None = None) -> None:
        """Build the model if none was passed, load first weights, move it to the device.

        Args:
            model_weights_path: Weights to start from, instead of the config's `init_weights`.
            model_def_path: Folder with the external definition of the model.
        """
        if self.onnx_mode:
            return
        if self.model is None:
            self.model = self._build_seeded(model_def_path)
        if self.cfg.model is not None or model_weights_path is not None:
            self.load_init_weights(model_weights_path)
        self.model.to(self.device, memory_format=self._memory_format)
        if self.compute.compile:
            self.model.compile()

    def _build_seeded(self, model_def_path: str | None) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.cfg.seed)
            return self.build_model(model_def_path)

    def build_model(self, model_def_path: str | None = None) -> nn.Module:
        """Build the model from the config.

        Args:
            model_def_path: Folder with its external definition.

        Raises:
            ConfigError: If there is no config of a model.
        """
        if self.cfg.model is None:
            raise ConfigError('model: not set. Pass a model to the learner, or its config.')
        return self.cfg.model.build(
            num_classes=self.cfg.data.num_classes,
            in_channels=self.in_channels,
            save_dir=self.modules_dir,
            hubconf_dir=model_def_path,
            ddp_rank=self.ddp_local_rank,
            **self.model_options(),
        )

    def model_options(self) -> dict[str, Any]:
        """What the default model of the task needs beyond classes and channels."""
        return {}

    @property
    def in_channels(self) -> int:
        """Number of channels of the images."""
        if self.cfg.data.img_channels is None:
            raise ConfigError('data.img_channels: not set, and there is no data to find it out from.')
        return self.cfg.data.img_channels

    @property
    def precision(self) -> str | None:
        """Numbers that the model computes with: 'bf16', 'fp16', or None for single precision."""
        return self.compute.precision

    @property
    def _memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.compute.channels_last else torch.preserve_format

    def autocast(self) -> AbstractContextManager[Any]:
        """A context in which the model computes with the precision that is configured."""
        return autocast(self.precision, self.device)

    def load_init_weights(self, model_weights_path: str | None = None) -> None:
        """Load the weights that training starts from, if there are any.

        Args:
            model_weights_path: Weights to use instead of the config's `init_weights`.
        """
        cfg = self.cfg.model
        uri = model_weights_path or (cfg.init_weights if cfg is not None else None)
        if uri is not None:
            self.load_weights(uri, strict=cfg.load_strict if cfg is not None else True)

    def load_weights(self, uri: str, **kwargs: Any) -> None:
        """Read weights into the model.

        Args:
            uri: A torch or safetensors file.
            kwargs: Passed to `load_state_dict`.
        """
        log.info('Loading weights from %s', mask(uri))
        weights.load_weights(self.bare_model, uri, **kwargs)

    def save_weights(self, path: str) -> None:
        """Write the weights of the model. Atomic."""
        weights.save_weights(self.bare_model, path)

    @property
    def bare_model(self) -> nn.Module:
        """The model without what distributed training wraps it in."""
        if isinstance(self.model, nn.parallel.DistributedDataParallel):
            inner: nn.Module = self.model.module
            return inner
        model: nn.Module = self.model
        return model

    @property
    def onnx_mode(self) -> bool:
        """Whether the model runs in ONNX Runtime instead of PyTorch."""
        return isinstance(self.model, ONNXRuntimeAdapter)

    def load_onnx_model(self, model_path: str) -> ONNXRuntimeAdapter:
        """Read a model in ONNX format."""
        return ONNXRuntimeAdapter.from_file(model_path)

    def export_to_onnx(
        self,
        path: str,
        model: nn.Module | None = None,
        sample_input: Tensor | None = None,
        validate_export: bool = True,
        **kwargs: Any,
    ) -> None:
        """Write the model in ONNX format: input `x`, output `out`, any batch size, height and width.

        Args:
            path: Where to.
            model: The model. None: the learner's.
            sample_input: An input to try it with, (batch, channels, height, width). None: made up.
            validate_export: Compare its output for the sample with that of the model.
            kwargs: Passed to `torch.onnx.export`.
        """
        model = model or self.bare_model
        if sample_input is None:
            sample_input = torch.rand(2, self.in_channels, self.cfg.data.img_sz, self.cfg.data.img_sz)
        export_to_onnx(model, path, sample_input.to(self.device), validate=validate_export, **kwargs)

    # ------------------------------------------------------------------ predict
    def predict(self, x: Tensor, raw_out: bool = False, **kwargs: Any) -> Any:
        """Predict for a batch of images.

        Args:
            x: (batch, channels, height, width) or one image without batch; normalised as in training.
            raw_out: Return scores instead of labels.
            kwargs: What the predictions of the task can be given more, passed to `postprocess_model_output`.

        Returns:
            Predictions, on the CPU.
        """
        if self.onnx_mode:
            return self.predict_onnx(x, raw_out=raw_out, **kwargs)
        x = self.to_batch(x).float().to(self.device, memory_format=self._memory_format)
        self.model.eval()
        with torch.inference_mode():
            with self.autocast():
                out = self.post_forward(self.model(x))
            out = out.float() if isinstance(out, Tensor) else out
            out = self.postprocess(x, out, raw_out=raw_out, **kwargs)
        return self.to_device(out, 'cpu')

    def predict_onnx(self, x: Tensor, raw_out: bool = False, **kwargs: Any) -> Any:
        """As `predict`, with a model that runs in ONNX Runtime."""
        x = self.to_batch(x).float()
        return self.postprocess(x, self.post_forward(self.model(x)), raw_out=raw_out, **kwargs)

    def predict_augmented(
        self, x: Tensor, tta: str, raw_out: bool = False, *, merge_kw: Mapping[str, Any] = NO_OPTIONS, **kwargs: Any
    ) -> Any:
        """Predict for a batch of images in several positions, and put the results together.

        As `predict`, which is called once for each position.

        Args:
            x: (batch, channels, height, width) or one image without batch; normalised as in training.
            tta: The positions: 'flips' (4), 'turns' (4) or 'all' (8).
            raw_out: Return scores instead of labels.
            merge_kw: Passed to `merge_predictions`.
            kwargs: Passed to `predict`.

        Raises:
            ConfigError: If `tta` is not one of the three.
        """
        if tta not in SYMMETRIES:
            raise ConfigError(f'tta {tta!r}: not valid. Choose from {", ".join(SYMMETRIES)}.')
        x, symmetries = self.to_batch(x), SYMMETRIES[tta]
        outs = (self._predict_turned(x, symmetry, **kwargs) for symmetry in symmetries)
        merged = self.merge_predictions(outs, **merge_kw)
        return merged if raw_out else self.prob_to_pred(merged)

    def _predict_turned(
        self, x: Tensor, symmetry: Symmetry, out_shape: tuple[int, int] | None = None, **kwargs: Any
    ) -> Any:
        height, width = out_shape or x.shape[-2:]
        if 'valid' in kwargs:
            kwargs['valid'] = symmetry.apply(kwargs['valid'])
        if out_shape is not None:
            kwargs['out_shape'] = symmetry.size(height, width)
        out = self.predict(symmetry.apply(x), raw_out=True, **kwargs)
        return self.undo_symmetry(out, symmetry, (height, width))

    def undo_symmetry(self, out: Any, symmetry: Symmetry, size: tuple[int, int]) -> Any:
        """Bring what was predicted for flipped or turned images back, where it has a place in the image.

        Args:
            out: Scores of a batch.
            symmetry: How its images lay.
            size: Height and width of the prediction for an image as it is.
        """
        return out

    def merge_predictions(self, outs: Iterable[Any]) -> Any:
        """Put the scores of several predictions of the same images together: their mean."""
        count, total = 0, 0
        for count, out in enumerate(outs, start=1):  # noqa: B007
            total = total + out
        return total / count

    def postprocess(self, x: Tensor, out: Any, *, raw_out: bool, **kwargs: Any) -> Any:
        """Turn outputs of the model into scores, or labels.

        Args:
            x: The batch.
            out: What `post_forward` made of the model's output.
            raw_out: Whether to return scores.
            kwargs: Options of the task.
        """
        return out if raw_out else self.prob_to_pred(out)

    def output_to_numpy(self, out: Any) -> Any:
        """Turn predictions into arrays."""
        return out.numpy()

    def prob_to_pred(self, x: Any) -> Any:
        """Turn scores into labels."""
        raise ConfigError(f'{type(self).__name__}: prob_to_pred is not defined.')

    def post_forward(self, x: Any) -> Any:
        """Turn the output of the model into one tensor, if it is something else."""
        return x

    def to_batch(self, x: Tensor) -> Tensor:
        """Make a batch of one image of it, if it has no batch dimension."""
        return x[None] if x.ndim == 3 else x

    def to_device(self, x: Any, device: str | torch.device) -> Any:
        """Move tensors to a device: one, or those in a list, tuple or dict, or what has a method `to`."""
        if isinstance(x, Mapping):
            return {key: self.to_device(value, device) for key, value in x.items()}
        if isinstance(x, Sequence) and not isinstance(x, str):
            return type(x)([self.to_device(value, device) for value in x])  # type: ignore[call-arg]
        return x.to(device) if hasattr(x, 'to') else x

    def normalize_input(self, x: np.ndarray) -> np.ndarray:
        """Scale images of unsigned integers to 0 to 1; leave others as they are."""
        if np.issubdtype(x.dtype, np.unsignedinteger):
            return x.astype(np.float32) / np.iinfo(x.dtype).max
        return x
