"""A night whose work is made up."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from made_up_night import NOW, MadeUp, Ticks

from wattcast.nightly.budget import Prices
from wattcast.nightly.deadline import NightClock
from wattcast.nightly.filing import Filing
from wattcast.nightly.ledger import Ledger
from wattcast.nightly.night import Night
from wattcast.nightly.summary import Summary
from wattcast.settings import NightlyConfig


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def work(ticks: Ticks) -> MadeUp:
    return MadeUp(("north", "south", "west"), ticks)


@pytest.fixture
def a_night(work: MadeUp, ticks: Ticks, tmp_path: Path) -> Callable[..., Summary]:
    """`a_night(minutes=30)`: one from begin to end, with that much time; settings as keywords. It is put into
    `nights`."""
    def run(minutes: float | None = None, prices: dict[str, float] | None = None, day: str = "2025-05-16",
            nights: list[Night] | None = None, **settings: object) -> Summary:
        config = NightlyConfig(filed=str(tmp_path / "filed"), **settings)
        filing = Filing.of(config, day)
        deadline = None if minutes is None else NOW + pd.Timedelta(minutes=minutes)
        night = Night(work, config, filing, Ledger.read(filing.ledger), NightClock(NOW, deadline, ticks),
                      Prices(prices or {}), lambda *_: None)
        if nights is not None:
            nights.append(night)
        return night.run()
    return run
