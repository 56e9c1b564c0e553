"""Values by day."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WEEK, MONTH = 7, 28
"""Days over which power and weather are looked back at; a month of four whole weeks. [days]"""


def by_day(values: Floats, day: int) -> Floats:
    """`[D, S]`, filled up with NaN."""
    return np.append(values, np.full(-len(values) % day, np.nan)).reshape(-1, day)


def quantile(rows: Floats, share: float) -> Floats:
    """Of each row, without its NaN; NaN of an empty one."""
    ordered, known = np.sort(rows, axis=1), np.isfinite(rows).sum(1)
    place = share * np.maximum(known - 1, 0)
    low = place.astype(int)
    below, above = (np.take_along_axis(ordered, np.minimum(at, np.maximum(known - 1, 0))[:, None], 1)[:, 0]
                    for at in (low, low + 1))
    found: Floats = below + (place - low) * (above - below)
    return found
