"""What each part of the forecasting network brings: its error without the part, under the shared protocol.

    python benchmarks/ablation.py DATA_FOLDER [--sets openstef_307,sgcc_solar_1] [--seeds 0,1,2]
                                  [--parts full,identity,...] [--set section.key=value ...] [--json FILE]

The network alone, without blending, against the best simple model of the set, gradient-boosted trees included, at the
same step (`--set data.time.step=1h` trains in a fraction of the time). Every network is trained anew in the form that
is tested. Prints a line a training and a table at the end; with `--json` each training is kept once it is done, and not
made again. The other flags and DATA_FOLDER are those of `protocol.py`.
"""

import argparse
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

from kept_rows import KeptRows
from protocol import OURS, PROTOCOLS, ConformalWeeklyMean, run
from wattcast.model.encoder import BiMambaEncoder
from wattcast.model.power import InputSizes, ModelConfig, PowerNetwork

RIVAL = "lightgbm"


class Identity(PowerNetwork):
    """No layers: each horizon token by itself, and of the past the anchors only."""

    def __init__(self, config: ModelConfig, sizes: InputSizes) -> None:
        super().__init__(config, sizes)
        self.encoder.layers = nn.ModuleList()


class ForwardOnly(PowerNetwork):
    """Reads from the past to the horizon's end, and not back."""

    def __init__(self, config: ModelConfig, sizes: InputSizes) -> None:
        super().__init__(config, sizes)
        self.encoder = BiMambaEncoder(
            d_model=config.d_model, d_ff=config.d_ff, n_layers=config.n_layers, d_state=config.d_state,
            d_conv=config.d_conv, expand=config.expand, dropout=config.drop_rate, directions=1, backend=config.scan)


class WithoutCovariates(PowerNetwork):
    """Of the horizon only the anchors and the lead are known: no calendar, no weather."""

    def forward(self, past_target: Tensor, past_target_mask: Tensor, past_covariates: Tensor,
                past_covariates_mask: Tensor, known: Tensor, known_mask: Tensor, anchors: Tensor) -> Tensor:
        is_past = (torch.arange(known.shape[1]) < past_target.shape[1])[:, None]                   # [L + H, 1]
        return super().forward(past_target, past_target_mask, past_covariates, past_covariates_mask,
                               known * is_past, known_mask * is_past, anchors)


class WithoutAnchors(PowerNetwork):
    """Predicts the value itself and not a correction, and is given no lag."""

    def forward(self, past_target: Tensor, past_target_mask: Tensor, past_covariates: Tensor,
                past_covariates_mask: Tensor, known: Tensor, known_mask: Tensor, anchors: Tensor) -> Tensor:
        return super().forward(past_target, past_target_mask, past_covariates, past_covariates_mask,
                               known, known_mask, torch.zeros_like(anchors))


PARTS: dict[str, tuple[str, type[PowerNetwork], list[str]]] = {
    "full": ("the full network", PowerNetwork, []),
    "identity": ("no encoder layers", Identity, []),
    "forward": ("forward scan only", ForwardOnly, []),
    "covariates": ("no calendar and weather over the horizon", WithoutCovariates, []),
    "weather": ("no weather columns", PowerNetwork, ["data.known_future=[]"]),
    "anchors": ("no anchors", WithoutAnchors, []),
}
"""What is told of each, the network in its place, and settings."""


def applies(part: str, name: str) -> bool:
    """Whether the set has what the part is about."""
    return part != "weather" or name != "steel"


def measure(name: str, part: str, seed: int, arguments: argparse.Namespace, rivals: list[str]) -> dict[str, Any]:
    _, network, settings = PARTS[part]
    with patch("wattcast.training.fit.PowerNetwork", network):
        found: Any = run(name, arguments.data, seed, False, [*arguments.assignments, *settings], rivals, None)
    simple = {model: scores["mae"] for model, scores in found["scores"].items()
              if model not in (*OURS, ConformalWeeklyMean.name)}
    return {"set": name, "part": part, "seed": seed, "mae": found["scores"]["network"]["mae"], "simple": simple,
            "seconds": found["seconds"]}


def ratios(rows: list[dict[str, Any]], name: str, part: str) -> list[float]:
    """Of each seed, to the best simple model that any training of the set was compared with."""
    of_set = [row for row in rows if row["set"] == name]
    best = min(min(row["simple"].values()) for row in of_set)
    return [row["mae"] / best for row in of_set if row["part"] == part]


def table(rows: list[dict[str, Any]], sets: list[str], parts: list[str]) -> str:
    """A line a part: the mean of its ratios on each set and, in brackets, each seed's."""
    lines = ["| network | " + " | ".join(sets) + " |", "|" + "---|" * (1 + len(sets))]
    for part in parts:
        found = [ratios(rows, name, part) for name in sets]
        cells = [f"{np.mean(each):.3f} ({', '.join(f'{ratio:.3f}' for ratio in each)})" if each else "–"
                 for each in found]
        lines.append(f"| {PARTS[part][0]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default="openstef_307,sgcc_solar_1", help=f"of {', '.join(PROTOCOLS)}")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sets, parts = arguments.sets.split(","), arguments.parts.split(",")
    kept = KeptRows(arguments.json)
    rows = kept.rows
    wanted = [(name, part, int(seed)) for seed in arguments.seeds.split(",") for name in sets for part in parts
              if applies(part, name)]
    for name, part, seed in wanted:
        if kept.holds(set=name, part=part, seed=seed):
            continue
        kept.add(measure(name, part, seed, arguments, [] if kept.holds(set=name) else [RIVAL]))
        print(f"{name} seed {seed}, {PARTS[part][0]}: MAE {rows[-1]['mae']:.4g}, {ratios(rows, name, part)[-1]:.3f} of "
              f"the best simple model's ({rows[-1]['seconds']} s)", flush=True)
    print(table(rows, sets, parts))


if __name__ == "__main__":
    main()
