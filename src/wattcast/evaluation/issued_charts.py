"""Pictures of how issued forecasts did: by day ahead, and day by day."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wattcast.evaluation.charts import INK, MODEL, OTHERS
from wattcast.evaluation.issued_scores import StationReview

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND = 0.8
"""Share of what is measured that should lie inside the band. [share]"""
OURS, LAST_WEEK = "forecast, as issued", "last week's values"


def mean_errors(reviews: Sequence[StationReview], target: str, by: str) -> pd.DataFrame:
    """Mean absolute errors of the forecasts and of last week's values, on the same steps, and the share inside the band
    (`ours`, `last_week`, `inside`), for each value of a column of the rows.

    Of one station in the target's unit; of several in that of each station's error of last week's values, so that each
    counts alike.
    """
    found = []
    for review in reviews:
        rows = review.of(target)
        scale = review.score(target).last_week if len(reviews) > 1 else 1.0
        if rows.empty or not scale > 0:
            continue
        chosen = rows if by == "lead_day" else review.of(target, 1)
        key = chosen[by] if by == "lead_day" else chosen[by].dt.tz_localize(None).dt.normalize()
        weight = chosen["compared"]
        summed = pd.DataFrame({"ours": chosen["compared_mae"] / scale * weight,
                               "last_week": chosen["last_week"] / scale * weight}).groupby(key).sum()
        found.append(summed.div(weight.groupby(key).sum().replace(0, np.nan), axis=0).assign(
            inside=chosen["inside_80"].groupby(key).mean()))
    if not found:
        return pd.DataFrame(columns=["ours", "last_week", "inside"], dtype=float)
    return pd.concat(found).groupby(level=0).mean()


def review_figure(reviews: Sequence[StationReview], target: str) -> "Figure":
    """Errors by day ahead beside last week's values, the share inside the band, and the errors day by day of the
    forecast one day ahead."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(3, 2))
    ahead, daily = mean_errors(reviews, target, "lead_day"), mean_errors(reviews, target, "day")
    error = f"MAE of {target}" if len(reviews) == 1 else "MAE over last week's"
    errors = figure.add_subplot(grid[0, 0])
    _bars(errors, ahead)
    errors.set(ylabel=error, xlabel="day ahead")
    band = figure.add_subplot(grid[0, 1])
    _shares(band, ahead)
    days = figure.add_subplot(grid[1, :])
    days.plot(daily.index, daily["ours"], color=MODEL, linewidth=1.6, marker="o", markersize=3)
    days.plot(daily.index, daily["last_week"], color=OTHERS[0], linewidth=1.1, linestyle=(0, (4, 2)))
    days.set(ylabel=error, ylim=(0, None), title="day by day, forecast one day ahead")
    days.title.set_fontsize(9)
    _name_dates(days)
    handles, labels = errors.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    return figure


def _bars(axis: "Axes", ahead: pd.DataFrame) -> None:
    places = np.arange(len(ahead))
    axis.bar(places - 0.2, ahead["ours"], 0.37, color=MODEL, label=OURS)
    axis.bar(places + 0.2, ahead["last_week"], 0.37, color=OTHERS[0], label=LAST_WEEK)
    axis.set_xticks(places, [str(day) for day in ahead.index])
    axis.grid(axis="x", visible=False)


def _shares(axis: "Axes", ahead: pd.DataFrame) -> None:
    axis.set(ylim=(0, 1), ylabel="share inside the 80 % band", xlabel="day ahead")
    axis.grid(axis="x", visible=False)
    axis.set_xticks(range(len(ahead)), [str(day) for day in ahead.index])
    if ahead["inside"].isna().all():
        axis.text(0.5, 0.5, "no bands were kept", transform=axis.transAxes, ha="center", color=INK)
        return
    axis.axhline(BAND, color="#8c959f", linewidth=1.0, linestyle=(0, (4, 2)))
    axis.plot(range(len(ahead)), ahead["inside"], color=MODEL, linewidth=1.6, marker="o", markersize=4)


def _name_dates(axis: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter

    axis.xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=12))
    axis.xaxis.set_major_formatter(DateFormatter("%a\n%m-%d"))
