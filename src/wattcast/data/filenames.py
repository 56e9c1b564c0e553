"""Dates in the names of files: what of a name is one, and which day it tells."""

import re
from pathlib import Path

_YEAR, _MONTH, _DAY = r"(?:19|20)\d{2}", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_TIME = r"[-_. T]?(?:[01]\d|2[0-3])(?:[-_.:h]?[0-5]\d){0,2}Z?(?![-_.]?\d)"
DATE = re.compile(rf"(?<!\d)(?:{_DAY}(?P<sign>[-.]){_MONTH}(?P=sign))?{_YEAR}"
                  rf"(?:[-_.]?(?:0?[1-9]|1[0-2])(?:[-_.]?(?:0?[1-9]|[12]\d|3[01])(?:{_TIME})?)?)?(?!\d)")
"""What of a file's name is a date, or a year or a month alone, and says nothing of whose file it is."""
_WHOLE_DAY = re.compile(rf"(?<!\d)(?:(?P<year>{_YEAR})[-_.年]?(?P<month>{_MONTH})[-_.月]?(?P<day>{_DAY})"
                        rf"|(?P<day_first>{_DAY})\.(?P<then>{_MONTH})\.(?P<last>{_YEAR}))(?!\d)")
"""Stricter than `DATE`, as the rows get their date from it: two digits for month and day, and dots where days come
first, as 05-06-2025 may be in May."""


def date_in(file: Path) -> str | None:
    """The day that a file's name tells, as `2025-05-20`; None if it tells none, or several."""
    found = {f"{match['year'] or match['last']}-{match['month'] or match['then']}-{match['day'] or match['day_first']}"
             for match in _WHOLE_DAY.finditer(file.name)}
    return found.pop() if len(found) == 1 else None
