"""Several networks of one recipe that forecast together.

They differ by the seed of their first weights and of their batches alone; what one of them makes of the noise, the
others do not, and the mean is closer to the truth than most of them (Lakshminarayanan, Pritzel & Blundell,
arXiv:1612.01474).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wattcast.model.power import PowerNetwork


class Ensemble(nn.Module):
    """The mean of its members' quantiles, which are as ordered as theirs.

    Args:
        members: at least one, all of the same configuration and sizes.
    """

    def __init__(self, members: Sequence[PowerNetwork]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.config, self.sizes = members[0].config, members[0].sizes

    def forward(self, **inputs: Tensor) -> Tensor:
        """Quantiles `[B, H, C, Q]` in scaled units; arguments are those of a member."""
        return torch.stack([member(**inputs) for member in self.members]).mean(0)


Network = PowerNetwork | Ensemble
"""What can be trained: one network, or several together."""
