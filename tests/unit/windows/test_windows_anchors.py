import torch

from wattcast.windows.anchors import ANCHORS_WITHOUT_LAGS, anchor_count, build_anchors, without_weather
from wattcast.windows.lately import Lately

DAY, DAYS, STEPS, LAGS = 3, 8, 6, 2
SLOTS = torch.arange(STEPS)[None] % DAY


def anchors_of(past: torch.Tensor, past_mask: torch.Tensor, lags: torch.Tensor, lag_mask: torch.Tensor,
               off_days: tuple[int, ...] = (), weather: torch.Tensor | None = None) -> dict[str, list[float]]:
    day_off = torch.zeros(1, DAYS * DAY + STEPS)
    for day in off_days:
        day_off[:, day * DAY:(day + 1) * DAY] = 1
    weather = torch.zeros(1, DAYS * DAY + STEPS, 0) if weather is None else weather
    lately = Lately(past, past_mask, day_off, weather, torch.ones_like(weather), SLOTS, DAY)
    built = build_anchors(lags, lag_mask, lately)
    assert built.shape == (1, STEPS, 1, anchor_count(LAGS))
    assert torch.isfinite(built).all()
    names = [f"lag_{week}w" for week in range(1, LAGS + 1)] + list(ANCHORS_WITHOUT_LAGS)
    return {name: built[0, :, 0, position].tolist() for position, name in enumerate(names)}


def past_days() -> torch.Tensor:
    """Day d holds 100·d + slot, so that each value names where it came from."""
    return torch.tensor([[100.0 * (step // DAY) + step % DAY] for step in range(DAYS * DAY)])[None]


def test_build_anchors__all_measured() -> None:
    past = past_days()
    lags = torch.zeros(1, DAY + STEPS, 1, LAGS)
    lags[..., 0], lags[..., 1] = 10.0, 30.0
    found = anchors_of(past, torch.ones_like(past), lags, torch.ones_like(lags))
    assert found["lag_1w"] == [10.0] * STEPS
    assert found["lag_mean"] == [20.0] * STEPS
    assert found["yesterday"] == [700.0, 701.0, 702.0] * 2
    assert found["day_profile"] == [400.0, 401.0, 402.0] * 2          # mean of days 1 … 7
    assert found["lag_mean_shifted"] == [701.0] * STEPS               # 20 + (701 − 20)


def test_build_anchors__missing_lag_is_the_mean_of_the_others() -> None:
    past = past_days()
    lags = torch.full((1, DAY + STEPS, 1, LAGS), 30.0)
    mask = torch.ones_like(lags)
    mask[:, :, :, 0] = 0
    lags = lags * mask
    found = anchors_of(past, torch.ones_like(past), lags, mask)
    assert found["lag_1w"] == [30.0] * STEPS
    assert found["lag_mean"] == [30.0] * STEPS


def test_build_anchors__nothing_measured_is_zero() -> None:
    past, lags = torch.zeros(1, DAYS * DAY, 1), torch.zeros(1, DAY + STEPS, 1, LAGS)
    found = anchors_of(past, torch.zeros_like(past), lags, torch.zeros_like(lags))
    assert all(value == 0.0 for values in found.values() for value in values)


def test_build_anchors__missing_yesterday_is_the_profile() -> None:
    past = past_days()
    mask = torch.ones_like(past)
    mask[:, -DAY:] = 0
    lags = torch.zeros(1, DAY + STEPS, 1, LAGS)
    found = anchors_of(past * mask, mask, lags, torch.zeros_like(lags))
    assert found["yesterday"] == found["day_profile"] == [350.0, 351.0, 352.0] * 2   # mean of days 1 … 6
    assert found["lag_mean"] == found["day_profile"]


def test_build_anchors__a_day_off_looks_like_days_off() -> None:
    past, lags = past_days(), torch.zeros(1, DAY + STEPS, 1, LAGS)
    everything = torch.ones_like(past), lags, torch.zeros_like(lags)
    found = anchors_of(past, *everything, off_days=(1, 3, DAYS))       # the horizon's first day is off, its second not
    assert found["day_type_profile"][:DAY] == [200.0, 201.0, 202.0]    # mean of days 1 and 3
    assert found["day_type_profile"][DAY:] == [400.0, 401.0, 402.0]    # mean of days 0, 2, 4, 5, 6, 7


def test_build_anchors__a_first_day_off_looks_like_the_profile() -> None:
    past, lags = past_days(), torch.zeros(1, DAY + STEPS, 1, LAGS)
    found = anchors_of(past, torch.ones_like(past), lags, torch.zeros_like(lags), off_days=(DAYS,))
    assert found["day_type_profile"][:DAY] == found["day_profile"][:DAY]


def test_build_anchors__without_weather_columns_nothing_is_adjusted() -> None:
    past, lags = past_days(), torch.zeros(1, DAY + STEPS, 1, LAGS)
    found = anchors_of(past, torch.ones_like(past), lags, torch.zeros_like(lags), off_days=(1, DAYS))
    assert found["weather_adjusted"] == found["day_type_profile"]


def test_build_anchors__a_day_with_more_sun_is_adjusted_and_without_weather_it_is_not() -> None:
    """Power is three times the sun, which shines more each day: the horizon's days are brighter than usual."""
    sun = torch.tensor([[float(step // DAY)] for step in range(DAYS * DAY + STEPS)])[None]
    past, lags = 3 * sun[:, :DAYS * DAY], torch.zeros(1, DAY + STEPS, 1, LAGS)
    found = anchors_of(past, torch.ones_like(past), lags, torch.zeros_like(lags), weather=sun)
    assert found["day_type_profile"] == [10.5] * STEPS
    assert all(20 < value < 3 * DAYS + 3 for value in found["weather_adjusted"])


def test_without_weather__the_adjusted_days_are_the_usual_ones() -> None:
    anchors = torch.arange(2.0 * anchor_count(LAGS)).reshape(1, 1, 2, -1)
    hidden = without_weather(anchors)
    names = [*(f"lag_{week}w" for week in range(1, LAGS + 1)), *ANCHORS_WITHOUT_LAGS]
    adjusted, usual = names.index("weather_adjusted"), names.index("day_type_profile")
    assert torch.equal(hidden[..., adjusted], anchors[..., usual])
    assert torch.equal(hidden[..., :adjusted], anchors[..., :adjusted])
