"""The verb `check`."""

from wattcast.data.quality import QualityReport
from wattcast.workflows.job import Job


def check(job: Job) -> list[QualityReport]:
    """What is wrong with each station's data and what will be done about it."""
    return [job.read(station_id)[1] for station_id in job.station_ids()]
