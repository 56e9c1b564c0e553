"""What benchmarks measure: parts of a set that do not mix, networks without what they are said to be without."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from wattcast.contracts import QUANTILES
from wattcast.model.power import InputSizes, ModelConfig

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WEEK = 168
SIZES = InputSizes(horizon=WEEK, week=WEEK, targets=1, known=2, past=1, lags=2, anchors=7, weather=(1,))
CONFIG = ModelConfig(d_model=8, n_layers=1, d_state=2, drop_rate=0.0, patch_len=12)


def script(name: str) -> dict[str, Any]:
    """What a benchmark defines, found as `python benchmarks/NAME` finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return runpy.run_path(str(BENCHMARKS / name))


paper = script("paper_etth1.py")


@pytest.fixture(scope="module")
def ablation() -> dict[str, Any]:
    return script("ablation.py")


def test_kept_rows__a_benchmark_that_was_cut_off_goes_on(tmp_path) -> None:
    make = script("kept_rows.py")["KeptRows"]
    first = make(tmp_path / "rows.json")
    first.add({"set": "steel", "seed": 0, "mae": 1.5})
    again = make(tmp_path / "rows.json")
    assert again.holds(set="steel", seed=0)
    assert not again.holds(set="steel", seed=1)
    again.add({"set": "steel", "seed": 1, "mae": 2.5})
    assert make(tmp_path / "rows.json").rows == again.rows == [
        {"set": "steel", "seed": 0, "mae": 1.5}, {"set": "steel", "seed": 1, "mae": 2.5}]
    in_memory = make(None)
    in_memory.add({"set": "steel"})
    assert in_memory.holds(set="steel")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.json"]


@pytest.mark.parametrize(("part", "first", "last", "count"), [
    ("TRAINING", 96, 8639, 8449), ("VALIDATION", 8640, 11519, 2785), ("TEST", 11520, 14399, 2785)])
def test_windows__have_their_targets_in_their_part_and_none_is_dropped(part, first, last, count):
    series = torch.arange(17_420.0)[:, None].expand(-1, 2)
    found = paper["windows"](series, paper[part], 96)
    assert found.shape == (count, 192, 2)
    assert (found[0, 96, 0], found[-1, -1, 1]) == (first, last)
    assert found[5, :, 0].tolist() == list(range(first - 91, first + 101))


def test_scaled__knows_the_training_rows_only():
    values = np.random.default_rng(0).normal(200, 5, (14_400, 2))
    values[8640:] += 1000
    series = paper["scaled"](pd.DataFrame(values, columns=["HUFL", "OT"]).assign(time="2016-07-01"))
    torch.testing.assert_close(series[:8640].mean(0), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(series[:8640].std(0, correction=0), torch.ones(2))
    assert series[8640:].mean() > 150


def test_rate__is_low_in_the_first_epoch_and_falls_from_the_fifth():
    assert [round(paper["rate"](1.0, epoch), 3) for epoch in range(1, 7)] == [0.04, 1, 1, 1, 0.9, 0.81]


def test_score__weighs_every_window_alike_whatever_the_batch():
    class Zero(nn.Module):
        def forward(self, x):
            return torch.zeros(len(x), 2, 1)

    windows = torch.full((65, 98, 1), 2.0)
    windows[-1] = 4.0
    mse, mae = paper["score"](Zero(), windows)
    assert (mse, mae) == pytest.approx(((64 * 4 + 16) / 65, (64 * 2 + 4) / 65))


def test_best_epoch__is_the_later_of_equals():
    assert [paper["best_epoch"](history) for history in ([], [3.0], [3.0, 1.0, 2.0, 1.0, 4.0])] == [0, 1, 4]


def inputs() -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)

    def values(*shape: int) -> torch.Tensor:
        return torch.randn(1, *shape, generator=draw).requires_grad_()

    past = 2 * WEEK
    return {"past_target": values(past, 1), "past_target_mask": torch.ones(1, past, 1),
            "past_covariates": values(past, 1), "past_covariates_mask": torch.ones(1, past, 1),
            "known": values(past + WEEK, 2), "known_mask": torch.ones(1, past + WEEK, 2), "anchors": values(WEEK, 1, 7)}


@pytest.mark.parametrize(("part", "blind"), [
    ("full", set()), ("identity", {"past", "later"}), ("forward", {"later"}), ("covariates", {"horizon", "later"}),
    ("anchors", {"anchors"})])
def test_ablation__a_network_is_blind_to_what_it_is_without(ablation, part, blind):
    torch.manual_seed(0)
    network, given = ablation["PARTS"][part][1](CONFIG, SIZES).eval(), inputs()
    nn.init.normal_(network.head.out.weight)
    quantiles = network(**given)
    assert quantiles.shape == (1, WEEK, 1, len(QUANTILES))
    quantiles[:, :12].sum().backward()                                 # the first horizon token's steps
    gradients = {"past": given["past_target"].grad, "horizon": given["known"].grad[:, -WEEK:][:, :12],
                 "later": given["known"].grad[:, -WEEK:][:, 12:], "anchors": given["anchors"].grad}
    assert {name for name, gradient in gradients.items() if gradient is None or not gradient.any()} == blind


def test_ablation__ratios_are_to_the_best_simple_model_of_the_set(ablation):
    rows = [{"set": "steel", "part": "full", "seed": 0, "mae": 12.0, "simple": {"weekly-mean": 16.0, "lightgbm": 10.0}},
            {"set": "steel", "part": "identity", "seed": 0, "mae": 15.0, "simple": {"weekly-mean": 16.0}},
            {"set": "tetouan", "part": "full", "seed": 0, "mae": 1.0, "simple": {"weekly-mean": 1.0}}]
    assert ablation["ratios"](rows, "steel", "identity") == [1.5]
    table = ablation["table"](rows, ["steel", "tetouan"], ["full"])
    assert "| the full network | 1.200 (1.200) | 1.000 (1.000) |" in table
