"""Several networks as one: the mean of what each says."""

import torch

from wattcast.model.ensemble import Ensemble
from wattcast.model.power import PowerNetwork


class Constant(PowerNetwork):
    """A network that always says the same."""

    def __init__(self, quantiles: list[float]) -> None:
        torch.nn.Module.__init__(self)
        self.quantiles = torch.tensor(quantiles)
        self.config = self.sizes = None

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        return inputs["scale"] * self.quantiles


def test_ensemble__averages_its_members_quantiles_in_order() -> None:
    both = Ensemble([Constant([1.0, 2.0, 7.0]), Constant([2.0, 6.0, 6.0])])
    assert both(scale=torch.tensor(2.0)).tolist() == [3.0, 8.0, 13.0]


def test_ensemble__of_one_is_that_one() -> None:
    alone = Constant([1.5, 2.5, 3.5])
    assert torch.equal(Ensemble([alone])(scale=torch.tensor(1.0)), alone.quantiles)
