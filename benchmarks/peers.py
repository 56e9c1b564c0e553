"""Other networks under the shared protocol: neuralforecast's NHITS, TiDE, TSMixerx, BiTCN and PatchTST.

    python3.11 -m venv peers-env && peers-env/bin/pip install -r benchmarks/peers-requirements.txt -e .
    peers-env/bin/python benchmarks/peers.py DATA_FOLDER [--sets steel,openstef_307,sgcc_solar_1]
                         [--models NHITS,TiDE,TSMixerx,BiTCN,PatchTST] [--seed 0] [--seconds 120] [--json FILE]

Sets, origins, scoring, columns, scaling and the validation weeks are those of benchmarks/protocol.py. A peer reads the
last 7 days (wattcast 14) and forecasts all steps at once; it minimises the absolute error on one core, stops early on
the validation weeks or after so many seconds of the processor's time, and keeps the weights that were best there. What
is known over the horizon (calendar, lags of one to four weeks, weather) are its future columns; PatchTST takes none and
sees the target alone. Sizes are the package's own but for those in `PEERS`; batches of 32 windows, six hours apart, a
validation every 40 steps and a constant learning rate of 1e-3 are the same for all, where the package has up to 1024
windows, and for PatchTST 1e-4 and 5000 steps. With `--json` what FILE already holds is not run again. DATA_FOLDER
holds the public sets as `*.csv.gz` (examples/README.md says where each comes from).
"""

import argparse
import logging
import math
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast import models as neural
from neuralforecast.losses.pytorch import MAE
from pytorch_lightning import Callback, LightningModule, Trainer

from kept_rows import KeptRows
from protocol import PROTOCOLS, read_task
from wattcast.contracts import QUANTILES, Forecast, View
from wattcast.data.limits import kept_limits
from wattcast.evaluation.backtest import REFERENCE, backtest
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.experts.bands import with_band
from wattcast.features.lags import lag_names, seasonal_lags
from wattcast.features.pipeline import FeaturePipeline
from wattcast.features.table import FeatureTable
from wattcast.forecasting.postprocess import Limits
from wattcast.timegrid import WallGrid, followed_clock, horizon_index
from wattcast.training.config import Recipe
from wattcast.training.prepared import prepare
from wattcast.windows.dataset import Scalers, WindowShape

SETS = ("steel", "openstef_307", "sgcc_solar_1")
PEERS: dict[str, dict[str, Any]] = {
    "NHITS": {"mlp_units": [[128, 128]] * 3},
    "TiDE": {"hidden_size": 128},
    "TSMixerx": {"n_series": 1},
    "BiTCN": {},
    "PatchTST": {"hidden_size": 64, "n_heads": 8, "linear_hidden_size": 128},
}
"""Three are smaller than the package makes them: after a minute their loss on the steel works' validation weeks was
lower for it, by 1 % (NHITS), 5 % (TiDE) and 3 % (PatchTST), since the time is then enough for more steps."""

WITHOUT_COLUMNS = ("PatchTST",)
"""Peers that see the target alone."""

ORIGINS_APART = 24
"""Steps of 15 minutes between the windows that a peer learns from and is validated on."""

LOOKBACK_DAYS = 7
WINDOWS, LEARNING_RATE, VALIDATE_EVERY, PATIENCE = 32, 1e-3, 40, 6
"""Windows in a step, steps between validations, and validations without a better one before training stops."""

MOST_STEPS = 100_000
"""More than any budget allows: the time or the validation ends a training."""


class Budget(Callback):
    """Ends a training after so many seconds of processor time, and puts the weights of the best validation back."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.steps, self.best_step, self.best = seconds, 0, 0, math.inf

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.started = time.process_time()

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        self.steps, self.spent = trainer.global_step, time.process_time() - self.started
        trainer.should_stop = trainer.should_stop or self.spent > self.seconds

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        loss = float(trainer.callback_metrics["ptl/val_loss"])
        if loss < self.best:
            self.best, self.best_step = loss, trainer.global_step
            self.weights = {name: value.clone() for name, value in pl_module.state_dict().items()}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pl_module.load_state_dict(self.weights)


@dataclass(frozen=True)
class Learned:
    """What a peer learned, with all that its columns are made by."""

    pipeline: FeaturePipeline
    scalers: Scalers
    shape: WindowShape
    future: list[str]
    limits: Limits
    network: NeuralForecast

    @property
    def training(self) -> Budget:
        """How the training went."""
        return next(each for each in self.network.models[0].trainer_kwargs["callbacks"] if isinstance(each, Budget))


@dataclass(frozen=True, eq=False)
class PeerForecaster:
    """Implements `contracts.Forecaster` with a network of neuralforecast, for stations with one target."""

    name: str
    recipe: Recipe
    seconds: float
    learned: Learned | None = None

    def fit(self, view: View) -> "PeerForecaster":
        """Fitted; one that is fitted already is taken as it is, as its training is told of after the backtest."""
        if self.learned is not None:
            return self
        prepared = prepare(view.training_data(), self.recipe)
        shape, split = prepared.shape, prepared.split
        alone = self.name in WITHOUT_COLUMNS
        future = [] if alone else [*prepared.table.known_names, *_lag_names(prepared.pipeline, shape)]
        model = getattr(neural, self.name)(
            h=shape.horizon, input_size=shape.lookback, futr_exog_list=future,
            hist_exog_list=[] if alone else [*prepared.table.past_names], loss=MAE(), learning_rate=LEARNING_RATE,
            num_lr_decays=-1, max_steps=MOST_STEPS, val_check_steps=VALIDATE_EVERY, early_stop_patience_steps=PATIENCE,
            step_size=ORIGINS_APART, windows_batch_size=WINDOWS, inference_windows_batch_size=WINDOWS,
            random_seed=self.recipe.training.seed, callbacks=[Budget(self.seconds)], accelerator="cpu", logger=False,
            num_sanity_val_steps=0, enable_progress_bar=False, enable_model_summary=False, **PEERS[self.name])
        network = NeuralForecast([model], freq=1)
        network.fit(_columns(prepared.table, prepared.pipeline, prepared.scalers, shape),
                    val_size=split.validation_limit - split.train_limit)
        limits = Limits.of(view.station, kept_limits(view.training_data().frame, view.station))
        return replace(self, learned=Learned(prepared.pipeline, prepared.scalers, shape, future, limits, network))

    def forecast(self, view: View) -> Forecast:
        learned = self.learned
        assert learned is not None
        history, future = view.history(learned.shape.reach), view.future()
        frame = pd.concat([history, future.reindex(columns=history.columns)])
        columns = _columns(learned.pipeline.transform(frame), learned.pipeline, learned.scalers, learned.shape)
        known, ahead = columns.iloc[len(history) - learned.shape.lookback:len(history)], columns.iloc[len(history):]
        made = learned.network.predict(known, futr_df=ahead[["unique_id", "ds", *learned.future]])
        scaled = made[[self.name]].to_numpy(np.float32)
        point = learned.scalers.targets.invert(scaled)[:, 0].astype(np.float64)
        bands = with_band(view.station.targets[0], point, np.zeros(len(QUANTILES)))
        table = pd.DataFrame(bands, index=horizon_index(view.origin, view.horizon))
        return Forecast(view.station.id, view.origin, self.name, learned.limits.apply(table)[0])


def _columns(table: FeatureTable, pipeline: FeaturePipeline, scalers: Scalers, shape: WindowShape) -> pd.DataFrame:
    """The long table of neuralforecast: scaled as wattcast does it, by position on the grid.

    A value of the target that is missing is not learned from; in the past it counts as the same slot's a week
    before. Any other that is missing is the mean of the training rows.
    """
    target = scalers.targets.apply(table.targets)
    grid = WallGrid.of(followed_clock(table.index, shape.by_wall_clock), pipeline.step)
    lags = seasonal_lags(target, shape.lag_weeks, shape.week, grid)[:, 0]
    measured = np.isfinite(target[:, 0])
    columns = {"y": np.where(measured, target[:, 0], lags[:, 0]), "available_mask": measured.astype(np.float32)}
    columns |= dict(zip(table.known_names, scalers.known.apply(table.known).T, strict=True))
    columns |= dict(zip(_lag_names(pipeline, shape), lags.T, strict=True))
    columns |= dict(zip(table.past_names, scalers.past.apply(table.past).T, strict=True))
    frame = pd.DataFrame(columns).fillna(0.0)
    return frame.assign(unique_id=pipeline.station.id, ds=np.arange(len(frame)))


def _lag_names(pipeline: FeaturePipeline, shape: WindowShape) -> tuple[str, ...]:
    return lag_names(pipeline.station.targets, shape.lag_weeks)


def run(name: str, model: str, data_folder: Path, seed: int, seconds: float) -> dict[str, object]:
    started, settings = time.process_time(), [f"training.seed={seed}", f"windows.lookback_days={LOOKBACK_DAYS}"]
    task = read_task(name, data_folder, settings)
    peer = PeerForecaster(model, task.recipe, seconds).fit(HorizonView(task.data, task.origins[0], task.horizon))
    learned = peer.learned
    assert learned is not None
    result = backtest(task.data, {model: peer}, task.origins, task.horizon)
    scores, training = result.scores(result.station.targets[0]), learned.training
    return {"set": name, "model": model, "seed": seed, "budget": seconds, "weather": result.weather,
            "origins": len(result.origins), "mae": scores[model]["mae"], "reference": scores[REFERENCE]["mae"],
            "ratio_best_simple": scores[model]["mae"] / PROTOCOLS[name].best,
            "weights": sum(weight.numel() for weight in learned.network.models[0].parameters()),
            "steps": training.steps, "best_step": training.best_step, "validation_loss": training.best,
            "training_seconds": round(training.spent, 1), "seconds": round(time.process_time() - started, 1),
            "ended_by": "time" if training.spent > seconds else "validation"}


def line(row: dict[str, Any]) -> str:
    return (f"{row['set']} {row['model']} seed {row['seed']}: MAE {row['mae']:.4g} ({row['ratio_best_simple']:.3f} of "
            f"the best simple model; same as 7 days ago {row['reference']:.4g}), {row['origins']} origins, "
            f"{row['steps']} steps in {row['training_seconds']} s, ended by {row['ended_by']}, best at step "
            f"{row['best_step']}; {row['weights'] / 1e6:.2f} M weights; weather: {row['weather']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default=",".join(PEERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    kept = KeptRows(arguments.json)
    for name in arguments.sets.split(","):
        for model in arguments.models.split(","):
            if not kept.holds(set=name, model=model, seed=arguments.seed, budget=arguments.seconds):
                kept.add(run(name, model, arguments.data, arguments.seed, arguments.seconds))
                print(line(kept.rows[-1]), flush=True)


if __name__ == "__main__":
    main()
