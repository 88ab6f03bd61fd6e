"""Finds out which weights of a file fit a model, whatever they are wrapped in."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from rastervision.pytorch_learner.models.channels import with_merged_channels

# What frameworks and models call the part that a network is in. (`_orig_mod` is torch.compile's, `module` that of
# distributed training; Lightning modules have `model` or `net`, detectors `backbone.body`.)
WRAPPERS = frozenset({'module', '_orig_mod', 'model', 'network', 'net', 'backbone', 'encoder', 'body'})
COUNTER = 'num_batches_tracked'  # of batch normalisation; without a use, so that it may be missing or too many
EXAMPLES = 3  # names of each kind in a report


@dataclass(frozen=True)
class Match:
    """Which weights fit.

    Attributes:
        fitting: Weights by their names in the model.
        total: How many the model has.
        other_shape: Names in the model -> shapes in the file and in the model.
        missing: Names of weights of the model that are not in the file.
        unexpected: Names in the file that the model does not have.
        removed: What was removed from the beginnings of names in the file.
        added: What was put there instead.
    """

    fitting: dict[str, Tensor]
    total: int
    other_shape: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    missing: list[str]
    unexpected: list[str]
    removed: str = ''
    added: str = ''

    @property
    def complete(self) -> bool:
        """Whether all weights of the file fit, and there are no others in the model."""
        return not (self.other_shape or self.missing or self.unexpected)

    def report(self) -> str:
        """What fits and what does not: counts, with examples."""
        shapes = [f'{name} {file} instead of {model}' for name, (file, model) in self.other_shape.items()]
        lines = [
            f'{len(self.fitting)} of {self.total} weights of the model are in the file',
            *([f'{self.removed!r} in front of names was replaced by {self.added!r}'] * (self.removed != self.added)),
            *_listed('have another shape and are left out', shapes),
            *_listed('are missing in the file', self.missing),
            *_listed('are only in the file', self.unexpected),
        ]
        return '; '.join(lines) + '.'


def match_weights(model: nn.Module, weights: Mapping[str, Any]) -> Match:
    """Find out which weights fit a model.

    Names may differ in what they begin with: of all pairs of beginnings that are common wrappers of networks, that
    with most fitting weights is taken. Names may also differ in `_` for `.`, as they do in feature extractors of timm.

    Args:
        model: The model; it is not changed.
        weights: Weights by name; what is no tensor is passed over.
    """
    own = model.state_dict()
    by_plain_name = {_plain(name): name for name in own}
    tensors = {name: value for name, value in weights.items() if isinstance(value, Tensor)}
    removed, added = _best_prefixes(tensors, own, by_plain_name)
    renamed: dict[str, Tensor] = {}
    unexpected: list[str] = []
    for name, value in tensors.items():
        new = added + name.removeprefix(removed)
        if name.startswith(removed):
            renamed[by_plain_name.get(_plain(new), new)] = value
        else:
            unexpected.append(name)
    renamed = with_merged_channels(renamed, own)
    common = {name: value for name, value in renamed.items() if name in own}
    fitting = {name: value for name, value in common.items() if value.shape == own[name].shape}
    unexpected += [removed + name.removeprefix(added) for name in renamed if name not in own]
    return Match(
        fitting=fitting,
        total=len(own),
        other_shape={n: (tuple(v.shape), tuple(own[n].shape)) for n, v in common.items() if n not in fitting},
        missing=[name for name in own if name not in common and not name.endswith(COUNTER)],
        unexpected=[name for name in unexpected if not name.endswith(COUNTER)],
        removed=removed,
        added=added,
    )


def load_what_fits(model: nn.Module, weights: Mapping[str, Any], **kwargs: Any) -> Match:
    """Fill a model with the weights that fit, in place.

    Args:
        model: The model.
        weights: Weights by name.
        kwargs: Passed to `load_state_dict`.
    """
    match = match_weights(model, weights)
    model.load_state_dict(with_versions(model, match.fitting), **{**kwargs, 'strict': False})
    return match


def with_versions(model: nn.Module, weights: Mapping[str, Tensor]) -> 'OrderedDict[str, Tensor]':
    """Weights with the versions of a model's layers, where they have none, as those of safetensors files."""
    state = OrderedDict(weights)
    versions = getattr(weights, '_metadata', None)
    state._metadata = versions or model.state_dict()._metadata  # type: ignore[attr-defined]
    return state


def _plain(name: str) -> str:
    return name.replace('.', '_')


def _best_prefixes(
    weights: Mapping[str, Tensor], own: Mapping[str, Tensor], by_plain_name: Mapping[str, str]
) -> tuple[str, str]:
    """The beginnings of names to remove and to add; none of both if others fit no better."""

    def fits(removed: str, added: str) -> int:
        names = {name: by_plain_name.get(_plain(added + name[len(removed) :])) for name in weights}
        pairs = ((own[new], weights[name]) for name, new in names.items() if new and name.startswith(removed))
        return sum(mine.shape == theirs.shape for mine, theirs in pairs)

    pairs = [(removed, added) for removed in _prefixes(weights) for added in _prefixes(own)]
    return max(sorted(pairs, key=lambda pair: len(pair[0] + pair[1])), key=lambda pair: fits(*pair))


def _prefixes(names: Iterable[str]) -> list[str]:
    """The beginnings of names that consist of wrappers only, with their dots; the empty one first."""
    found = {'': None}
    for name in names:
        prefix = ''
        for part in name.split('.')[:-1]:
            if part not in WRAPPERS:
                break
            prefix += f'{part}.'
            found[prefix] = None
    return list(found)


def _listed(what: str, names: Sequence[str]) -> list[str]:
    """Names and how many there are; empty if there are none."""
    more = f' and {len(names) - EXAMPLES} more' if len(names) > EXAMPLES else ''
    return [f'{len(names)} {what}: {", ".join(names[:EXAMPLES])}{more}'] if names else []
