"""The verb `check`."""

from wattcast.data.quality import QualityReport
from wattcast.workflows.job import Job


def check(job: Job, station_id: str | None = None) -> QualityReport:
    """What is wrong with a station's data and what will be done about it.

    Raises:
        InputError: the data cannot be used at all.
    """
    return job.read(station_id, tell=False)[1]
