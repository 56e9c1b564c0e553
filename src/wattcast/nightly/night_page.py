"""A night as one offline page."""

from pathlib import Path

from wattcast.evaluation.html import write_page
from wattcast.nightly.summary import Light, Summary


def write_night_page(path: Path, summary: Summary) -> None:
    """Write a self-contained page: styles inside, nothing fetched, readable without a network and on a phone.

    Raises:
        DataError: the file cannot be written.
    """
    write_page(path, "wattcast.nightly", "night.html", title=f"The night of {summary.night}", night=summary,
               lights=tuple(Light))
