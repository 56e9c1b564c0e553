"""What training and searching see of a station, and what is kept from them."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from wattcast.data.quality import QualityReport, measured_days
from wattcast.data.schema import StationData
from wattcast.errors import DataError, InputError
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.timegrid import days_later, parse_step, parse_time, require_on_grid, station_horizon
from wattcast.windows.splits import MINIMUM_DAYS
from wattcast.workflows.evaluation import holdout_weeks
from wattcast.workflows.job import Job


@dataclass(frozen=True, eq=False)
class History:
    """A station's data, and the weeks at its end that are kept to evaluate on.

    Attributes:
        data: all of it, up to `until`.
        quality: what was found when it was read.
        weeks: how many are kept.
        notes: why none is kept.
        newest: days before those weeks that are left to a fine-tuning.
    """

    data: StationData
    quality: QualityReport
    weeks: int
    notes: tuple[str, ...]
    newest: int = 0

    @property
    def kept(self) -> pd.Timestamp:
        """Where the weeks that are kept begin."""
        return days_later(self.data.end, -7 * self.weeks, parse_step(self.data.station.step))

    @property
    def end(self) -> pd.Timestamp:
        """Where training ends."""
        return days_later(self.kept, -self.newest, parse_step(self.data.station.step))

    @cached_property
    def view(self) -> HorizonView:
        """All that training may see."""
        return HorizonView(self.data, self.end, station_horizon(self.data.station))


NEWEST_DAYS = 28
"""Days that a fine-tuning which follows a training learns from: what a month brings in later."""


def read_history(job: Job, station_id: str | None, until: str | None, *, updating: bool = False) -> History:
    """Read a station's data up to `until` and decide what is kept, and with `updating` what is left to a fine-tuning.

    Raises:
        InputError: something the user gave is wrong, or there is too little data.
    """
    data, quality = job.read(station_id)
    if until is not None:
        data = cut(data, until)
    weeks, notes = holdout_weeks(data, job.settings)
    if not updating:
        return History(data, quality, weeks, tuple(notes))
    if measured_days(data) - 7 * weeks - NEWEST_DAYS < MINIMUM_DAYS:
        raise DataError(f"station {data.station.id} has too little data to train and then fine-tune",
                        found=f"{measured_days(data):.0f} days",
                        expected=f"{MINIMUM_DAYS} days to train on, {NEWEST_DAYS} to fine-tune on and {7 * weeks} to "
                                 "evaluate on", hint="train first, and fine-tune when new data has come in")
    return History(data, quality, weeks, tuple(notes), NEWEST_DAYS)


def cut(data: StationData, until: str) -> StationData:
    """The data as it was known at a time, which a person writes.

    Raises:
        InputError: no time, one between two steps, or one before the first measurement.
    """
    origin = require_on_grid(parse_time(until, data.station.timezone), parse_step(data.station.step))
    if origin <= data.frame.index[0]:
        raise InputError(f"--until {until} is before the first measurement", found=f"data from {data.frame.index[0]}")
    return data.until(origin)
