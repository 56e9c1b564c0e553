import pytest

from wattcast.model.power import InputSizes, ModelConfig
from wattcast.tuning.price import WINDOWS, seconds_per_window, work

SIZES = InputSizes(horizon=672, week=672, targets=2, known=46, past=0, lags=4, anchors=11, weather=(40, 41, 42, 43))
LOOKBACK = 1344


def times_today(**model: object) -> float:
    return work(ModelConfig(**model), SIZES, LOOKBACK) / work(ModelConfig(), SIZES, LOOKBACK)


@pytest.mark.parametrize("dearer", [
    {"d_model": 128}, {"n_layers": 3}, {"d_ff_ratio": 3.0}, {"d_state": 32}, {"expand": 2.0}, {"patch_len": 8},
    {"stride_ratio": 0.75}, {"stride_ratio": 0.25}])
def test_work__every_size_counts(dearer) -> None:
    assert times_today(**dearer) > 1.005


@pytest.mark.parametrize("change", [{"patch_len": 24}])
def test_work__fewer_tokens_are_cheaper(change) -> None:
    assert times_today(**change) < 0.99


def test_work__does_not_depend_on_what_changes_no_size() -> None:
    assert times_today(drop_rate=0.5, d_conv=6) == 1


@pytest.mark.parametrize(("model", "measured"), [
    # One core, scan numba: times today's of 7.0 ms and the 3 ms that a window takes to be gathered.
    ({"d_model": 64, "n_layers": 3, "d_state": 16, "d_ff_ratio": 1.5, "expand": 2.0, "patch_len": 16,
      "stride_ratio": 0.75}, 2.0),
    ({"d_model": 512, "n_layers": 6, "expand": 3.0, "d_state": 128, "patch_len": 8, "stride_ratio": 0.25,
      "d_ff_ratio": 4.0}, 500.0),
])
def test_work__is_of_the_size_that_was_measured(model, measured: float) -> None:
    assert 0.5 < times_today(**model) / measured < 2.0


class Clock:
    """A window takes so many seconds, and the first pass a hundred times as many more."""

    def __init__(self, window: float) -> None:
        self.now, self.window = 0.0, window
        self.trained: list[int] = []

    def __call__(self) -> float:
        return self.now

    def train(self, count: int) -> None:
        self.now += self.window * (count + (100 if not self.trained else 0))
        # Another program disturbs the first pass and one round.
        self.now += 500 * self.window if len(self.trained) in {0, 3} else 0
        self.trained.append(count)


def test_seconds_per_window__leaves_out_what_is_done_once_and_what_disturbs() -> None:
    clock = Clock(0.01)
    assert seconds_per_window(clock.train, windows=64, clock=clock) == pytest.approx(0.01)
    assert clock.trained == [1, 1] + [WINDOWS] * 3


def test_seconds_per_window__sends_no_more_at_once_than_training() -> None:
    clock = Clock(0.01)
    assert seconds_per_window(clock.train, windows=2, clock=clock) == pytest.approx(0.01)
    assert max(clock.trained) == 2


@pytest.mark.parametrize(("window", "trained"), [(0.2, [1, 1, 2, 2, 2]), (0.4, [1, 1]), (30.0, [1, 1])])
def test_seconds_per_window__of_a_dear_shape_takes_few_windows(window: float, trained: list[int]) -> None:
    clock = Clock(window)
    assert seconds_per_window(clock.train, windows=64, clock=clock) == pytest.approx(window)
    assert clock.trained == trained
