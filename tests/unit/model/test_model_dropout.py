"""Dropout: how much is dropped, what it does to the mean, and that a seed decides all of it."""

import pytest
import torch

from wattcast.model.dropout import Dropout


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
def test_dropout__drops_its_share_and_keeps_the_mean(share: float) -> None:
    torch.manual_seed(0)
    out = Dropout(share).train()(torch.ones(400, 331))
    assert (out == 0).float().mean().item() == pytest.approx(share, abs=0.004)
    assert out.mean().item() == pytest.approx(1.0, abs=0.02)
    assert out.unique().numel() == 2


@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (3, 5), (2, 3, 67)])
def test_dropout__any_shape_and_any_number_of_elements(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, requires_grad=True)
    out = Dropout(0.5).train()(x)
    assert out.shape == x.shape
    out.sum().backward()
    assert torch.equal(x.grad == 0, out == 0)                  # what was dropped gets no gradient
    assert set(x.grad.unique().tolist()) <= {0.0, 2.0}


def test_dropout__is_decided_by_the_seed() -> None:
    x, dropout = torch.ones(64, 9), Dropout(0.3).train()
    torch.manual_seed(5)
    first = dropout(x)
    second = dropout(x)
    torch.manual_seed(5)
    assert torch.equal(dropout(x), first)
    assert not torch.equal(first, second)


def test_dropout__neighbours_are_independent() -> None:
    torch.manual_seed(1)
    kept = (Dropout(0.5).train()(torch.ones(80_000)) != 0).float().view(-1, 8)
    correlation = torch.corrcoef(kept.T) - torch.eye(8)
    assert correlation.abs().max().item() < 0.05               # the eight elements that share one random number


@pytest.mark.parametrize("dropout", [Dropout(0.5).eval(), Dropout(0.0).train()])
def test_dropout__does_nothing_outside_training_or_without_a_share(dropout: Dropout) -> None:
    x = torch.randn(3, 4)
    assert dropout(x) is x
