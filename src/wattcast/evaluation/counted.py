"""Which forecast counts where several were issued, and what was forecast so many days ahead."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL
from wattcast.store.base import IssuedForecast
from wattcast.timegrid import days_later, lead_days

Which = Literal["first", "last"]


def counted_issue(origin: pd.Timestamp, issues: Iterable[pd.Timestamp | None], which: Which = "last") -> int:
    """The place of the one that counts among those of an origin, given in the order of their issue.

    The last one that was issued before the origin's day was over: what was filed for the next day stood then. If all
    came later, the first of them. One whose issue was not noted counts as made at the origin.

    Args:
        origin: of all of them.
        issues: when they were made.
        which: `first` takes the first one instead.
    """
    if which == "first":
        return 0
    over = days_later(origin, 1)
    in_time = [place for place, issued in enumerate(issues) if pd.isna(issued) or issued < over]
    return in_time[-1] if in_time else 0


def counted_rows(rows: pd.DataFrame, which: Which = "last") -> pd.DataFrame:
    """The rows of the forecasts that count, one for each origin (`counted_issue`)."""
    kept = []
    for origin, of_origin in rows.groupby("origin"):
        issues = of_origin["issued"].drop_duplicates().sort_values(na_position="first").tolist()
        chosen = issues[counted_issue(pd.Timestamp(origin), issues, which)]
        kept.append(of_origin[of_origin["issued"].isna() if pd.isna(chosen) else of_origin["issued"] == chosen])
    return pd.concat(kept) if kept else rows


def counted_forecasts(forecasts: Iterable[IssuedForecast], which: Which = "last") -> list[IssuedForecast]:
    """Of forecasts by origin and issue the ones that count, one for each origin."""
    by_origin: dict[pd.Timestamp, list[IssuedForecast]] = {}
    for forecast in forecasts:
        by_origin.setdefault(forecast.origin, []).append(forecast)
    return [each[counted_issue(origin, [made.issued for made in each], which)] for origin, each in by_origin.items()]


def days_ahead(forecasts: Iterable[IssuedForecast], days: int) -> pd.DataFrame:
    """What was forecast so many days ahead: of each step what the newest origin said that lay on its `days`-th day or
    earlier, so that a night without a forecast leaves no hole.

    Args:
        forecasts: one for each origin, oldest first.
        days: 1 … 7; the first day of a forecast is one day ahead.

    Returns:
        Their columns by `time`, and `origin` and `lead` (the step, from 1) beside them.
    """
    parts = []
    for forecast in forecasts:
        times = pd.DatetimeIndex(forecast.table.index, name="time")
        told = forecast.table.set_axis(times).assign(origin=forecast.origin, lead=np.arange(1, len(times) + 1))
        parts.append(told[lead_days(times) + 1 >= days])
    whole = pd.concat(parts) if parts else pd.DataFrame(columns=[TOTAL, "origin", "lead"])
    return whole[~whole.index.duplicated(keep="last")].sort_index()
