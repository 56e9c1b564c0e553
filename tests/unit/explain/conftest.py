"""The model of a works made of known parts, with any shares."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from made_works import ORIGIN, Made, works

from wattcast.contracts import TOTAL
from wattcast.experts.fit import fit_model
from wattcast.experts.shares import Selection, TargetSelection
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.settings import build_settings


@pytest.fixture(scope="package")
def made() -> Made:
    return works()


@pytest.fixture(scope="package")
def fitted(made: Made, tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """A model of the works with an untrained network."""
    recipe = build_settings({"model": {"d_model": 16, "n_layers": 1, "patch_len": 24},
                             "training": {"epochs": 1, "batches_per_epoch": 1, "batch_size": 2, "members": 1,
                                          "boosted_trees": False, "base_windows": 0},
                             "windows": {"validation_origins": 3}}).recipe()
    return fit_model(made.data.until(ORIGIN), recipe, work_folder=tmp_path_factory.mktemp("works"))


@pytest.fixture(scope="package")
def with_shares(fitted: TrainedModel) -> Callable[..., NetworkForecaster]:
    """`with_shares({"usual-day-28": 1.0})`: the model with these shares, and other fields of the model."""
    def make(shares: dict[str, float], *, simple_only: bool = False, **fields: object) -> NetworkForecaster:
        factors = ((1.0,) * 4,) * 7
        weights = {name: shares.get(name, 0.0) for name in fitted.experts}
        chosen = TargetSelection(weights=weights, errors=dict.fromkeys(weights), error=None, factors=factors,
                                 network_factors=factors, simple_only=simple_only)
        selection = Selection(targets={TOTAL: chosen}, origins=1, first="", last="")
        return NetworkForecaster.of(replace(fitted, selection=selection, **fields), follows=False)
    return make
