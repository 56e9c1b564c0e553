"""What training and searching see of a station, and what is kept from them."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from wattcast.data.quality import QualityReport
from wattcast.data.schema import StationData
from wattcast.errors import InputError
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.timegrid import DAY, parse_step, parse_time, require_on_grid, station_horizon
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
    """

    data: StationData
    quality: QualityReport
    weeks: int
    notes: tuple[str, ...]

    @property
    def end(self) -> pd.Timestamp:
        """Where training ends and the weeks that are kept begin."""
        return self.data.end - self.weeks * 7 * DAY

    @cached_property
    def view(self) -> HorizonView:
        """All that training may see."""
        return HorizonView(self.data, self.end, station_horizon(self.data.station))


def read_history(job: Job, station_id: str | None, until: str | None) -> History:
    """Read a station's data up to `until` and decide what is kept.

    Raises:
        InputError: something the user gave is wrong, or there is too little data.
    """
    data, quality = job.read(station_id)
    if until is not None:
        data = _cut(data, until)
    weeks, notes = holdout_weeks(data, job.settings)
    return History(data, quality, weeks, tuple(notes))


def _cut(data: StationData, until: str) -> StationData:
    origin = require_on_grid(parse_time(until, data.station.timezone), parse_step(data.station.step))
    if origin <= data.frame.index[0]:
        raise InputError(f"--until {until} is before the first measurement", found=f"data from {data.frame.index[0]}")
    return data.until(origin)
