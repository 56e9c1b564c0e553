"""How dear a configuration is to train, before it is trained.

Two steps. Operations are counted for every configuration that the sampler draws, which takes microseconds and tells how
much dearer it is than today's. The one that is to be trained is then timed on a few windows, once for all
configurations of its shape.
"""

import math
from collections.abc import Callable

from wattcast.model.patching import patch_counts
from wattcast.model.power import InputSizes, ModelConfig

PER_WINDOW = 7.6
"""What the forward and backward pass of a window take, whatever its shape. [ms]"""
PER_LINEAR = 0.040
"""What they take by million of multiplications. [ms]"""
PER_STATE = 0.78
"""What they take by million of states. [ms]"""
PER_CHANNEL = 46.0
"""What they take by million of channels.  Of 66 configurations drawn from the noted space (one core, scan `numba`),
which took between 7 ms and 1.8 s a window, the fitted sum of these four was 0.6 to 1.25 times what was measured. Only
ratios to today's configuration are used. [ms]"""

WINDOWS, ROUNDS = 8, 3
"""How many windows are timed, and how often: the fastest round counts, as other programs come and go.
[windows, rounds]"""
PATIENCE = 0.5
"""Seconds that a round takes at most, if it can be: the largest shapes are timed by one window, twice."""


def work(config: ModelConfig, sizes: InputSizes, lookback: int) -> float:
    """What a window takes, in a unit of its own.

    Args:
        config: size of the network.
        sizes: what the data decides.
        lookback: L, steps.
    """
    past, ahead = patch_counts(lookback, sizes.horizon, config.patch_len, config.stride)
    width, inner, states = config.d_model, int(config.expand * config.d_model), config.d_state
    rank = math.ceil(width / 16)
    a_token = 2 * inner * (3 * width + 2 * rank + 2 * states) + 2 * width * config.d_ff
    features = past * (2 * sizes.targets + 2 * sizes.past + sizes.known + len(sizes.weather)) + ahead * (
        sizes.known + 3 * len(sizes.weather) + sizes.targets * sizes.anchors + 1)
    channels = config.n_layers * (past + ahead) * 2 * inner
    linear = config.n_layers * (past + ahead) * a_token + config.patch_len * features * width
    return PER_WINDOW + (PER_LINEAR * linear + PER_STATE * channels * states + PER_CHANNEL * channels) / 1e6


def seconds_per_window(train: Callable[[int], None], windows: int, clock: Callable[[], float]) -> float:
    """Time how long a window takes to learn from.

    Args:
        train: sends so many windows forward and back, as training does.
        windows: that training sends at once.
        clock: seconds.
    """
    # The first one pays for what is done once: kernels are compiled, memory is asked for.
    once = min(_timed(train, 1, clock) for _ in range(2))
    count = min(WINDOWS, windows, int(PATIENCE / max(once, 1e-9)))
    if count <= 1:
        return once
    return min(_timed(train, count, clock) for _ in range(ROUNDS)) / count


def _timed(train: Callable[[int], None], count: int, clock: Callable[[], float]) -> float:
    started = clock()
    train(count)
    return clock() - started
