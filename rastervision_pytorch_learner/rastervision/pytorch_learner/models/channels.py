"""Fits networks that were made for three channels to any number of channels."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from rastervision.pipeline.errors import ConfigError

RGB = 3  # channels of the images that offered weights were learnt from


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
        return reduce(torch.add, xs)


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
    new_conv = _like(old_conv, added)
    if new_conv.bias is not None:
        nn.init.zeros_(new_conv.bias)  # the old one has been learnt
    return nn.Sequential(
        SplitTensor((old_conv.in_channels, added), dim=1),
        Parallel(old_conv, new_conv),
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


def pretrained_for_channels(build: Callable[[int, bool], nn.Module], in_channels: int) -> nn.Module:
    """Build a pretrained network for any number of channels, keeping the weights of the first three.

    The network has the same layout, pretrained or not. It is built twice for other numbers of channels than three.

    Args:
        build: Builds the network for a number of channels, pretrained or not.
        in_channels: Number of channels wanted. Fewer than three use the first kernels; those of more start new.
    """
    if in_channels == RGB:
        return build(RGB, True)
    model = build(in_channels, False)
    copy_first_channels(build(RGB, True), model, in_channels)
    return model


def copy_first_channels(source: nn.Module, target: nn.Module, in_channels: int) -> None:
    """Copy the weights of a network for three channels into one that differs in its number of channels, in place.

    Args:
        source: The network for three channels.
        target: The other; its kernels for further channels stay.
        in_channels: Its number of channels.

    Raises:
        ConfigError: If they differ in more than the kernels of channels.
    """
    state = target.state_dict()  # shares the memory of the network
    with torch.no_grad():
        for name, old in source.state_dict().items():
            new = state[name]
            if old.shape != new.shape:
                old, new = _common_channels(name, old, new, in_channels)
            new.copy_(old)


def _common_channels(name: str, old: Tensor, new: Tensor, in_channels: int) -> tuple[Tensor, Tensor]:
    """Views of kernels for three channels and for others, of the channels that both have.

    Some networks first put the pixels of a block into channels, block by block; each has the channels of the image.
    """
    blocks = old.shape[1] // RGB if old.ndim == 4 else 0
    if blocks == 0 or new.shape != (old.shape[0], blocks * in_channels, *old.shape[2:]):
        raise ConfigError(
            f'{name}: pretrained weights of shape {tuple(old.shape)} cannot be fitted to {in_channels} channels. Set '
            'pretrained=False, or use three channels.'
        )
    common = min(RGB, in_channels)
    kernels = [tensor.view(tensor.shape[0], blocks, -1, *tensor.shape[2:])[:, :, :common] for tensor in (old, new)]
    return kernels[0], kernels[1]


def with_merged_channels(weights: Mapping[str, Tensor], names: Collection[str]) -> dict[str, Tensor]:
    """Fit weights to the way in which a network convolves added channels: see `adjust_conv_channels`.

    A network that was built pretrained has two convolutions where the same network, built anew to be filled from a
    file, has one. Both ways compute the same.

    Args:
        weights: Weights of the network, by name.
        names: Names of the weights of the network that they are for.

    Returns:
        The weights, in the same order, with two convolutions joined where `names` have one.
    """
    merged: dict[str, Tensor] = {}
    for name, weight in weights.items():
        base, _, kind = name.rpartition('.')
        layer, _, number = base.rpartition('.1.')
        joined = f'{layer}.{kind}'
        added = weights.get(f'{layer}.1.1.weight')
        if number not in ('0', '1') or added is None or f'{layer}.1.0.weight' not in weights or joined not in names:
            merged[name] = weight
        elif number == '0':
            merged[joined] = torch.cat([weight, added], dim=1) if kind == 'weight' else weight
    return merged


def _like(conv: nn.Conv2d, in_channels: int) -> nn.Conv2d:
    """A new convolution that differs only in its number of input channels."""
    return nn.Conv2d(
        in_channels,
        conv.out_channels,
        kernel_size=conv.kernel_size,  # type: ignore[arg-type]
        stride=conv.stride,  # type: ignore[arg-type]
        padding=conv.padding,  # type: ignore[arg-type]
        dilation=conv.dilation,  # type: ignore[arg-type]
        groups=conv.groups,
        bias=conv.bias is not None,
        padding_mode=conv.padding_mode,
    )
