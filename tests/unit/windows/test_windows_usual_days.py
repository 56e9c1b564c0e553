"""A small world: three steps a day, two weeks of past, power made of sun by a rule that the tests know."""

import pytest
import torch

from wattcast.windows.lately import Lately
from wattcast.windows.usual_days import masked_mean, usual_days, weather_adjustment

DAY, DAYS, AHEAD = 3, 14, 6
LENGTH = DAY * DAYS
SLOTS = torch.arange(AHEAD)[None] % DAY
NOWHERE_OFF = torch.zeros(1, LENGTH + AHEAD)


def sun(columns: int = 1) -> torch.Tensor:
    return torch.randn(1, LENGTH + AHEAD, columns, generator=torch.Generator().manual_seed(0))


def adjustment(past: torch.Tensor, weather: torch.Tensor, *, mask: torch.Tensor | None = None,
               weather_mask: torch.Tensor | None = None, day_off: torch.Tensor = NOWHERE_OFF) -> torch.Tensor:
    mask = torch.ones_like(past) if mask is None else mask
    weather_mask = torch.ones_like(weather) if weather_mask is None else weather_mask
    usual = usual_days(past, mask, day_off, SLOTS, DAY)
    found = weather_adjustment(Lately(past, mask, day_off, weather, weather_mask, SLOTS, DAY), usual)
    assert found.shape == (1, AHEAD, past.shape[-1])
    assert torch.isfinite(found).all()
    return found


def test_masked_mean__nothing_known_is_the_fallback() -> None:
    values, mask = torch.tensor([[1.0, 5.0], [3.0, 7.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert masked_mean(values, mask, 0, 9.0).tolist() == [2.0, 9.0]


def test_usual_days__the_mean_of_the_days_of_the_same_type() -> None:
    past = torch.arange(DAYS, dtype=torch.float32).repeat_interleave(DAY)[None, :, None]
    day_off = torch.zeros(1, LENGTH + AHEAD)
    for day in (2, 4, DAYS):
        day_off[:, day * DAY:(day + 1) * DAY] = 1
    found = usual_days(past, torch.ones_like(past), day_off, SLOTS, DAY)[0, :, 0].unflatten(0, (-1, DAY))
    worked = sum(set(range(DAYS)) - {2, 4}) / (DAYS - 2)
    assert found[[2, 4, DAYS]].unique().tolist() == [3.0]
    torch.testing.assert_close(found[[0, 1, 3, DAYS + 1]], torch.full((4, DAY), worked))


def test_usual_days__no_day_of_the_type_is_nan() -> None:
    past, day_off = torch.ones(1, LENGTH, 1), torch.zeros(1, LENGTH + AHEAD)
    day_off[:, LENGTH:] = 1
    found = usual_days(past, torch.ones_like(past), day_off, SLOTS, DAY)
    assert found[:, LENGTH:].isnan().all()
    assert torch.isfinite(found[:, :LENGTH]).all()


@pytest.mark.parametrize("slope", [3.0, -2.0])
def test_adjustment__what_the_past_says_of_the_weather(slope: float) -> None:
    weather = sun()
    found = adjustment(slope * weather[:, :LENGTH] + 10, weather)
    usual = weather[:, :LENGTH].unflatten(1, (DAYS, DAY)).mean(1).repeat(1, AHEAD // DAY, 1)
    expected = slope * (weather[:, LENGTH:] - usual)
    # The ridge takes some of it: a tenth where the weather's variance is one.
    ratio = (found * expected).sum() / expected.square().sum()
    assert 0.8 < ratio < 1.0


def test_adjustment__the_same_sun_brings_more_where_there_is_usually_more() -> None:
    """Nothing in the first slot of a day, whatever the sun; ten times the sun in the last."""
    weather = sun()
    share = torch.tensor([0.0, 1.0, 10.0]).repeat(DAYS + AHEAD // DAY)[None, :, None]
    found = adjustment((share * (weather + 2))[:, :LENGTH], weather).unflatten(1, (-1, DAY)).abs().mean((0, 1, 3))
    assert found[0] < 0.2 * found[2]


def test_adjustment__each_target_has_its_own() -> None:
    weather = sun(2)
    both = torch.stack([3 * weather[..., 0], -weather[..., 1]], -1)[:, :LENGTH]
    found = adjustment(both, weather)
    alone = [adjustment(both[..., [target]], weather) for target in range(2)]
    torch.testing.assert_close(found, torch.cat(alone, -1))


def test_adjustment__missing_steps_count_for_nothing() -> None:
    weather = sun()
    past = 3 * weather[:, :LENGTH]
    mask, weather_mask = torch.ones_like(past), torch.ones_like(weather)
    mask[:, 4:9] = weather_mask[:, 20:25] = 0
    plain = adjustment(past * mask, weather * weather_mask, mask=mask, weather_mask=weather_mask)
    poisoned = adjustment(past.masked_fill(mask == 0, 1e6), weather.masked_fill(weather_mask == 0, 1e6),
                          mask=mask, weather_mask=weather_mask)
    assert torch.equal(plain, poisoned)
    assert plain.abs().mean() > 1


def test_adjustment__weather_that_is_unknown_ahead_or_behind_adjusts_nothing() -> None:
    weather = sun()
    past = 3 * weather[:, :LENGTH]
    ahead, behind = torch.ones_like(weather), torch.ones_like(weather)
    ahead[:, LENGTH:] = behind[:, :LENGTH] = 0
    for mask in (ahead, behind):
        assert (adjustment(past, weather * mask, weather_mask=mask) == 0).all()


def test_adjustment__the_weather_of_a_step_changes_that_step_alone() -> None:
    weather = sun()
    past = 3 * weather[:, :LENGTH]
    other = weather.clone()
    other[:, LENGTH + 2] += 5
    changed = (adjustment(past, other) - adjustment(past, weather))[0, :, 0]
    assert changed[2] > 1
    assert (changed[[0, 1, 3, 4, 5]] == 0).all()
