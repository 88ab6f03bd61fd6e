"""What models give, which may be of the user's own making."""

from typing import TYPE_CHECKING, Any

from torch import Tensor

from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner.learner import Learner

PLANES = ('height', 'width')


def checked_output(out: Any, learner: 'Learner', *, ndim: int = 2) -> Tensor:
    """What a model has given for a batch, if it is what its task takes.

    Args:
        out: What the model has given.
        learner: Whose model it is.
        ndim: 2 for (batch, classes), 4 for (batch, classes, height, width).

    Raises:
        ConfigError: If it is no tensor of so many axes, or is one for more classes than there are.
    """
    names = learner.cfg.data.class_names
    if isinstance(out, Tensor) and out.ndim == ndim and out.shape[1] <= (len(names) or out.shape[1]):
        return out
    given = f'a tensor of shape {tuple(out.shape)}' if isinstance(out, Tensor) else f'a {type(out).__name__}'
    wanted = ', '.join(('batch', 'classes', *PLANES)[:ndim])
    raise ConfigError(
        f'The model {type(learner.model).__name__} gives {given}, but a {type(learner).__name__} takes a tensor of '
        f'shape ({wanted}), here for {len(names)} classes: {names!r:.300}. Change what its forward returns, or the '
        'classes.'
    )
