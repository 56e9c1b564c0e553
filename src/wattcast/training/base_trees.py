"""The base's trees: one LightGBM over the steps of windows of many stations (`training.samples`)."""

import numpy as np
from numpy.typing import NDArray

from wattcast.training.boosting import load_lightgbm
from wattcast.windows.window_units import INPUTS

ROUNDS = 300
"""Of a base, whatever the corpus. [trees]"""
PARAMETERS = {"objective": "regression_l1", "num_leaves": 127, "learning_rate": 0.05, "min_data_in_leaf": 200,
              "feature_fraction": 0.5, "bagging_fraction": 0.5, "bagging_freq": 1, "deterministic": True,
              "force_row_wise": True, "verbosity": -1}
"""Of LightGBM for the base. [as LightGBM has them]"""


def fit_base_trees(inputs: NDArray[np.float32], corrections: NDArray[np.float32], *, seed: int,
                   rounds: int = ROUNDS) -> str:
    """Trees as text.

    Args:
        inputs: `[N, F]`, NaN where not known.
        corrections: `[N]`, what the reference lacked, in window units.
        seed: of the rows and columns that each tree sees.
        rounds: how many trees.

    Raises:
        ConfigError: LightGBM cannot be loaded.
    """
    lightgbm = load_lightgbm()
    data = lightgbm.Dataset(inputs, corrections, feature_name=list(INPUTS), free_raw_data=True)
    text: str = lightgbm.train({**PARAMETERS, "seed": seed}, data, rounds).model_to_string()
    return text
