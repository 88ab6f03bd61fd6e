"""Models in ONNX format: writing them, and running them without PyTorch."""

import logging
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from rastervision.pipeline.errors import BundleError, NotReadableError
from rastervision.pipeline.file_system.publish import publish_file

if TYPE_CHECKING:
    import onnxruntime as ort

log = logging.getLogger(__name__)

INPUT, OUTPUT = 'x', 'out'
OPSET = 18
TOLERANCE = 1e-3


class ONNXRuntimeAdapter:
    """A model that runs in ONNX Runtime and is called like one of PyTorch.

    Args:
        ort_session: The session that runs it.
    """

    def __init__(self, ort_session: 'ort.InferenceSession') -> None:
        self.ort_session = ort_session
        self.input_key = ort_session.get_inputs()[0].name
        self.output_keys = [output.name for output in ort_session.get_outputs()]

    @classmethod
    def from_file(cls, path: str, providers: list[str] | None = None) -> Self:
        """Read a model.

        Args:
            path: A local file.
            providers: What it may run on, in order of preference. None: all that this machine has.

        Raises:
            NotReadableError: If the file cannot be read as a model.
        """
        import onnxruntime as ort

        try:
            session = ort.InferenceSession(path, providers=providers or ort.get_available_providers())
        except Exception as error:  # onnxruntime has no base class of its errors
            raise NotReadableError(f'{path}: cannot be read as an ONNX model ({error}).') from error
        return cls(session)

    def __call__(self, x: Tensor | np.ndarray) -> Any:
        """The model's output for a batch."""
        (out,) = self.run(x)
        return torch.from_numpy(out)

    def run(self, x: Tensor | np.ndarray) -> list[np.ndarray]:
        """All outputs of the model for a batch."""
        array = x.cpu().numpy() if isinstance(x, Tensor) else x
        outputs: list[np.ndarray] = self.ort_session.run(self.output_keys, {self.input_key: array})
        return outputs

    def eval(self) -> Self:
        """Does nothing; models of PyTorch have it."""
        return self


class _TensorOutput(nn.Module):
    """A model whose output, a tensor or a dict with 'out', is a tensor."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        out = self.model(x)
        tensor: Tensor = out['out'] if isinstance(out, dict) else out
        return tensor


def export_to_onnx(model: nn.Module, path: str, sample: Tensor, *, validate: bool = True, **kwargs: Any) -> None:
    """Write a model in ONNX format: input `x`, output `out`, any batch size, height and width. Atomic.

    Args:
        model: The model.
        path: Where to.
        sample: An input to trace it with, (batch, channels, height, width); a batch of more than one.
        validate: Compare its output for the sample with that of the model.
        kwargs: Passed to `torch.onnx.export`.

    Raises:
        BundleError: If what was written gives other outputs than the model.
    """
    dim = torch.export.Dim
    options: dict[str, Any] = {
        'input_names': [INPUT],
        'output_names': [OUTPUT],
        'opset_version': OPSET,
        'dynamic_shapes': ({0: dim.DYNAMIC, 2: dim.DYNAMIC, 3: dim.DYNAMIC},),
        'dynamo': True,
        'external_data': False,
        'verbose': False,
    }
    was_training = model.training
    wrapped = _TensorOutput(model).eval()
    try:
        with publish_file(path) as tmp_path, torch.no_grad():
            torch.onnx.export(wrapped, (sample,), tmp_path, **{**options, **kwargs})
            if validate:
                _validate(wrapped(sample), tmp_path, sample)
    finally:
        model.train(was_training)


def _validate(expected: Tensor, path: str, sample: Tensor) -> None:
    got = ONNXRuntimeAdapter.from_file(path)(sample)
    difference = (got - expected.cpu()).abs().max().item()
    if difference > TOLERANCE * (1 + expected.abs().max().item()):
        raise BundleError(f'{path}: the exported model differs from the original by up to {difference:.3g}.')
