"""Every way in which a candidate can fail to be better leaves the champion in place."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL
from wattcast.errors import WattcastError
from wattcast.evaluation.scorecard import LEVELS, Scorecard
from wattcast.finetune.comparison import CHAMPION, Evidence
from wattcast.finetune.config import FinetuneConfig
from wattcast.finetune.gate import Decision, decide, judge, refusal
from wattcast.forecasting.predictor import NAME

CONFIG = FinetuneConfig()
WEIGHTS = {TOTAL: 1.0, PART: 1.0}
SPREAD = np.linspace(-40, 40, len(LEVELS))
DAY = 24


def steps(model: str, target: str, error: float, origins: int, spread: float = 1.0) -> pd.DataFrame:
    """Hourly forecasts of a day each that are too high by `error`; the 80 % band reaches 40 · `spread` to each side."""
    first = pd.Timestamp("2025-04-01", tz="Asia/Shanghai")
    tables = []
    for number in range(origins):
        time = pd.date_range(first + number * pd.Timedelta("1D"), periods=DAY, freq="1h")
        actual = 500.0 + np.arange(DAY)
        quantiles = {level: actual + error + offset * spread for level, offset in zip(LEVELS, SPREAD, strict=True)}
        tables.append(pd.DataFrame({"origin": time[0], "lead": np.arange(1, DAY + 1), "day": 1, "time": time,
                                    "target": target, "actual": actual, "model": model, "median": actual + error,
                                    **quantiles}))
    return pd.concat(tables)


def card(candidate: float, champion: float, *, origins: int = 7, part: float | None = None,
         spread: float = 1.0) -> Scorecard:
    """Candidate and champion that are wrong by so much; `part` is the candidate's error of a second target."""
    if not origins:
        return Scorecard("works", NAME, (CHAMPION,), None, pd.DataFrame(columns=["origin", "target", "model"]))
    tables = [steps(NAME, TOTAL, candidate, origins, spread), steps(CHAMPION, TOTAL, champion, origins)]
    if part is not None:
        tables += [steps(NAME, PART, part, origins), steps(CHAMPION, PART, champion, origins)]
    return Scorecard("works", NAME, (CHAMPION,), None, pd.concat(tables, ignore_index=True))


def evidence(newest: Scorecard | None = None, guard: Scorecard | None = None, broken: tuple[str, ...] = ()) -> Evidence:
    return Evidence(newest or card(10, 30), guard or card(20, 20, origins=8), broken, "none")


def failed(decision: Decision) -> set[str]:
    return {check.name for check in decision.checks if not check.holds}


def test_decide__a_better_candidate_that_breaks_nothing_is_promoted() -> None:
    decision = decide(evidence(), CONFIG, WEIGHTS)
    assert decision.promoted
    assert decision.reasons == ()
    told = decision.to_dict()
    assert told["newest"][TOTAL]["candidate"]["mae"] == pytest.approx(10)
    assert told["newest"][TOTAL][CHAMPION]["mae"] == pytest.approx(30)
    assert (told["origins"], told["guard_origins"]) == (7, 8)


@pytest.mark.parametrize(("found", "names"), [
    (evidence(newest=card(30, 30)), {"error", "days"}),
    (evidence(newest=card(29.8, 30)), {"error"}),
    (evidence(newest=card(40, 30)), {"error", "days"}),
    (evidence(newest=card(float("nan"), 30)), {"comparison"}),
    (evidence(newest=card(10, 30, origins=4)), {"origins"}),
    (evidence(newest=card(10, 30, origins=0)), {"origins"}),
    (evidence(guard=card(20, 20, origins=1)), {"origins"}),
    (evidence(guard=card(20, 20, origins=0)), {"origins"}),
    (evidence(guard=card(22, 20)), {"forgetting"}),
    (evidence(guard=card(0, 0)), {"forgetting"}),
    (evidence(newest=card(10, 30, spread=0.2)), {"coverage"}),
    (evidence(newest=card(10, 30, part=33)), {"targets"}),
    (evidence(broken=("a forecast has values that are no numbers",)), {"limits"}),
], ids=["equal", "within the margin", "worse", "not a number", "too few origins", "no origin", "one guard origin",
        "no guard", "forgetting", "errors of zero", "coverage", "one target worse", "broken limit"])
def test_decide__fails_closed(found: Evidence, names: set[str]) -> None:
    decision, _ = judge(lambda: found, CONFIG, WEIGHTS)
    assert not decision.promoted
    assert names <= failed(decision)
    assert decision.reasons


@pytest.mark.parametrize("field", ["gate_margin", "guard_tolerance", "coverage_tolerance", "gate_origins"])
def test_decide__every_setting_has_a_say(field: str) -> None:
    found, strict = {
        "gate_margin": (evidence(newest=card(20, 30)), 0.6), "guard_tolerance": (evidence(guard=card(20.2, 20)), 0.001),
        "coverage_tolerance": (evidence(newest=card(15, 18, spread=0.2)), 0.0), "gate_origins": (evidence(), 8)}[field]
    before = decide(found, CONFIG.model_copy(update={"coverage_tolerance": 1.0}), WEIGHTS)
    assert before.promoted
    assert not decide(found, CONFIG.model_copy(update={"coverage_tolerance": 1.0, field: strict}), WEIGHTS).promoted


def test_decide__most_days_must_be_better() -> None:
    newest = card(10, 30)
    table = newest.steps.copy()
    # Very much better on two days, a little worse on the other five.
    late = (table["model"] == NAME) & (table["origin"] > table["origin"].min() + pd.Timedelta("1D"))
    table.loc[late, ["median", *LEVELS]] += 21
    decision = decide(evidence(newest=replace(newest, steps=table)), CONFIG, WEIGHTS)
    assert failed(decision) == {"days"}
    assert "2 of 7 days" in decision.reasons[0]


def test_decide__targets_count_by_their_weights() -> None:
    found = evidence(newest=card(10, 30, part=31), guard=card(20, 20, part=20))
    assert decide(found, CONFIG, {TOTAL: 1.0, PART: 1.0}).promoted
    assert "error" in failed(decide(found, CONFIG, {TOTAL: 0.0, PART: 1.0}))
    assert "error" in failed(decide(found, CONFIG, {TOTAL: 0.0, PART: 0.0}))


@pytest.mark.parametrize("error", [WattcastError("no weights"), ValueError("shapes"), KeyError("targets"),
                                   MemoryError()])
def test_judge__whatever_is_raised_is_a_decision_for_the_champion(error: Exception) -> None:
    def gather() -> Evidence:
        raise error

    decision, found = judge(gather, CONFIG, WEIGHTS)
    assert found is None
    assert not decision.promoted
    assert "could not be compared" in decision.reasons[0]


def test_decision__without_checks_promotes_nothing() -> None:
    assert not Decision((), {}).promoted
    assert not refusal("plausibility", "power 1000 times too large", doubts=[1]).promoted
    assert refusal("plausibility", "power 1000 times too large", doubts=[1]).to_dict()["doubts"] == [1]
