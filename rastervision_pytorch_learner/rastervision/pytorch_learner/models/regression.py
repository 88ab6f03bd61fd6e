"""Networks that give numbers for an image."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rastervision.pytorch_learner.models.classification import classification_model


class RegressionModel(nn.Module):
    """A network whose outputs are numbers, some of them positive or between 0 and 1.

    Args:
        backbone: Network with a last linear layer `fc`, or with outputs of the right number.
        out_features: Number of outputs.
        pos_out_inds: Outputs that are made positive by exp.
        prob_out_inds: Outputs that are made probabilities by a sigmoid.
        output_multiplier: Number that each output is multiplied with at the end.
        kwargs: Not used; models of earlier versions were given more.
    """

    def __init__(
        self,
        backbone: nn.Module,
        out_features: int,
        pos_out_inds: Sequence[int] | None = None,
        prob_out_inds: Sequence[int] | None = None,
        output_multiplier: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        head = getattr(backbone, 'fc', None)
        if isinstance(head, nn.Linear) and head.out_features != out_features:
            backbone.fc = nn.Linear(head.in_features, out_features)
        self.pos_out_inds = list(pos_out_inds or ())
        self.prob_out_inds = list(prob_out_inds or ())
        self.output_multiplier: Tensor
        multiplier = torch.tensor(output_multiplier or [1.0] * out_features)
        self.register_buffer('output_multiplier', multiplier, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, out_features)."""
        out: Tensor = self.backbone(x)
        columns = list(out.unbind(dim=1))
        for index in self.pos_out_inds:
            columns[index] = columns[index].exp()
        for index in self.prob_out_inds:
            columns[index] = columns[index].sigmoid()
        result: Tensor = torch.stack(columns, dim=1) * self.output_multiplier
        return result


def regression_model(
    name: str,
    num_outputs: int,
    in_channels: int,
    *,
    pos_out_inds: Sequence[int] = (),
    prob_out_inds: Sequence[int] = (),
    output_multiplier: Sequence[float] | None = None,
    pretrained: bool = False,
    **kwargs: Any,
) -> RegressionModel:
    """Build a network with numbers as outputs.

    Args:
        name: Name of the network; see `classification_model`.
        num_outputs: Number of outputs.
        in_channels: Number of channels of the image.
        pos_out_inds: See `RegressionModel`.
        prob_out_inds: See `RegressionModel`.
        output_multiplier: See `RegressionModel`.
        pretrained: Start from the weights that are offered for it.
        kwargs: Passed to what builds it.
    """
    network = classification_model(name, num_outputs, in_channels, pretrained=pretrained, **kwargs)
    return RegressionModel(network, num_outputs, pos_out_inds, prob_out_inds, output_multiplier)
