"""Fits networks that were made for three channels to any number of channels."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class SplitTensor(nn.Module):
    """Splits a tensor into parts along a dimension.

    Args:
        size_or_sizes: Size of each part, or of all.
        dim: The dimension.
    """

    def __init__(self, size_or_sizes: int | Sequence[int], dim: int) -> None:
        super().__init__()
        self.size_or_sizes = size_or_sizes
        self.dim = dim

    def forward(self, X: Tensor) -> tuple[Tensor, ...]:
        """The parts of `X`; they share its memory."""
        sizes = self.size_or_sizes
        return torch.split(X, sizes if isinstance(sizes, int) else list(sizes), dim=self.dim)


class Parallel(nn.ModuleList):
    """Modules, each of which gets one of several inputs.

    Args:
        args: The modules.
    """

    def __init__(self, *args: nn.Module) -> None:
        super().__init__(args)

    def forward(self, xs: Sequence[Tensor]) -> list[Tensor]:
        """The output of each module for its input."""
        return [module(x) for module, x in zip(self, xs, strict=True)]


class AddTensors(nn.Module):
    """Adds several tensors of the same shape."""

    def forward(self, xs: Sequence[Tensor]) -> Tensor:
        """The sum."""
        return torch.stack(list(xs)).sum(dim=0) if len(xs) > 2 else xs[0] + xs[1]


def adjust_conv_channels(old_conv: nn.Conv2d, in_channels: int, pretrained: bool = True) -> nn.Conv2d | nn.Sequential:
    """Fit a convolution to another number of input channels.

    Args:
        old_conv: The convolution; it is not changed.
        in_channels: Number of channels wanted.
        pretrained: Whether its weights mean something. Then they are kept: fewer channels use the first kernels; more
            channels are convolved by a second, new convolution, and both outputs are added.

    Returns:
        `old_conv` itself if it fits already, a new convolution, or (pretrained, more channels) a sequence whose
        weights are named `1.0.weight` (old) and `1.1.weight` (new).
    """
    if in_channels == old_conv.in_channels:
        return old_conv
    if not pretrained:
        return _like(old_conv, in_channels)
    if in_channels < old_conv.in_channels:
        new_conv = _like(old_conv, in_channels)
        with torch.no_grad():
            new_conv.weight.copy_(old_conv.weight[:, :in_channels])
            if old_conv.bias is not None and new_conv.bias is not None:
                new_conv.bias.copy_(old_conv.bias)
        return new_conv
    added = in_channels - old_conv.in_channels
    return nn.Sequential(
        SplitTensor((old_conv.in_channels, added), dim=1),
        Parallel(old_conv, _like(old_conv, added, bias=False)),
        AddTensors(),
    )


def adjust_first_conv(model: nn.Module, in_channels: int, *, pretrained: bool) -> None:
    """Fit a network to another number of channels, in place: its first convolution is replaced.

    Args:
        model: A network whose modules are listed in the order of use.
        in_channels: Number of channels wanted.
        pretrained: See `adjust_conv_channels`.
    """
    name, conv = next((name, module) for name, module in model.named_modules() if isinstance(module, nn.Conv2d))
    adjusted = adjust_conv_channels(conv, in_channels, pretrained=pretrained)
    if adjusted is not conv:
        parent, _, child = name.rpartition('.')
        setattr(model.get_submodule(parent), child, adjusted)


def _like(conv: nn.Conv2d, in_channels: int, *, bias: bool = True) -> nn.Conv2d:
    """A new convolution that differs only in its number of input channels."""
    return nn.Conv2d(
        in_channels,
        conv.out_channels,
        kernel_size=conv.kernel_size,  # type: ignore[arg-type]
        stride=conv.stride,  # type: ignore[arg-type]
        padding=conv.padding,  # type: ignore[arg-type]
        dilation=conv.dilation,  # type: ignore[arg-type]
        groups=conv.groups,
        bias=bias and conv.bias is not None,
        padding_mode=conv.padding_mode,
    )
