"""The page about issued forecasts, which is read without a network."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from wattcast.contracts import TARGETS
from wattcast.evaluation.charts import as_svg
from wattcast.evaluation.html import write_page
from wattcast.evaluation.issued_charts import review_figure
from wattcast.evaluation.issued_scores import StationReview, days_table, in_words, means, stations_table
from wattcast.evaluation.report import rule_tables
from wattcast.evaluation.rules import Rule
from wattcast.evaluation.scorecard import number, percent
from wattcast.timegrid import days_later

HOW = (
    "A forecast is compared as it was issued, with the measured values as they are known now: corrections count.",
    "Last week's values: the same time a week before, where it was measured before the forecast's origin.",
    "A day counts that is over and of which half was measured.",
)
"""What holds for every review."""
WORST_OF_ALL = 10
"""How many of the days with the largest errors of several stations are shown. [days]"""


def write_review_report(path: Path, reviews: Sequence[StationReview], title: str) -> Path:
    """Write the page about one station or several.

    Raises:
        DataError: the file cannot be written.
    """
    judged = [review for review in reviews if review.targets]
    targets = [target for target in TARGETS if any(target in review.targets for review in judged)]
    pictures = {target: as_svg(partial(review_figure, judged, target), f"review{place}")
                for place, target in enumerate(targets)}
    write_page(
        path, "wattcast.evaluation", "review.html", title=title, several=len(reviews) > 1, reviews=judged,
        span=_span(judged), verdicts=_verdicts(judged, targets), notes=review_notes(reviews), targets=targets,
        stations={target: stations_table(judged, target) for target in targets}, pictures=pictures,
        days={target: days_table(judged, target) for target in targets}, rules=graded_stations(judged),
        worst=worst_of_all(judged) if len(judged) > 1 else [], how=HOW)
    return path


def graded_stations(reviews: Sequence[StationReview]) -> list[tuple[Rule, list[dict[str, str]]]]:
    """Each rule with a table of the stations under it, in words."""
    tables = rule_tables([score for review in reviews for score in review.rules])
    return [(rule, [{"station" if name == "model" else name: text for name, text in row.items()} for row in rows])
            for rule, rows in tables]


def review_notes(reviews: Sequence[StationReview]) -> list[str]:
    """Of all; of several stations each is named."""
    return [note if len(reviews) == 1 else f"{review.station_id}: {note}" for review in reviews
            for note in review.notes]


def _span(reviews: Sequence[StationReview]) -> str:
    spans = [review.span for review in reviews if review.span]
    if not spans:
        return ""
    return f"{min(first for first, _ in spans):%Y-%m-%d} to {days_later(max(end for _, end in spans), -1):%Y-%m-%d}"


def _verdicts(reviews: Sequence[StationReview], targets: Sequence[str]) -> list[str]:
    if len(reviews) == 1:
        return [reviews[0].verdict(target) for target in targets]
    return [verdict_of_all(reviews, target) for target in targets]


def verdict_of_all(reviews: Sequence[StationReview], target: str) -> str:
    """One line in plain words about several stations."""
    total = means(reviews, target)
    worse = sum(review.score(target).skill < 0 for review in reviews if target in review.targets)
    return (f"{target}: {total.stations} stations, on the mean {in_words(total.skill)} (1 − the mean of the ratios of "
            f"the errors), {worse} of them worse; {percent(total.inside_80)} inside the 80 % band")


def worst_of_all(reviews: Sequence[StationReview], count: int = WORST_OF_ALL) -> list[dict[str, str]]:
    """The days with the largest error for its station, of the first target and the forecast one day ahead."""
    found = []
    for review in reviews:
        target = review.targets[0]
        usual = review.score(target, 1).mae
        found += [(row.mae / usual, {"station": review.station_id, "day": f"{row.day:%a %Y-%m-%d}",
                                     "MAE": number(row.mae), "times the usual": f"{row.mae / usual:.1f}",
                                     "last week's MAE": number(row.last_week), "made by": row.version})
                  for row in review.of(target, 1).itertuples() if usual > 0]
    return [cells for _, cells in sorted(found, key=lambda each: -each[0])[:count]]
