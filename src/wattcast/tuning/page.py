"""What a search leaves for people: one offline page, and its history as a PNG."""

from functools import partial

from optuna.trial import TrialState

from wattcast.evaluation.charts import as_png, as_svg
from wattcast.evaluation.html import page
from wattcast.evaluation.scorecard import percent
from wattcast.tuning.figures import cost_figure, history_figure
from wattcast.tuning.plan import duration
from wattcast.tuning.search import SearchResult
from wattcast.tuning.space import noted, values_of
from wattcast.tuning.stages import newest, score, seconds
from wattcast.tuning.study import asked_for

SHOWN = 20
"""The best trials in the page's table. [trials]"""


def search_page(found: SearchResult, *, station_id: str) -> str:
    """A self-contained page of what a station's search found: styles and pictures inside, nothing fetched, readable
    without a network."""
    return page(
        "wattcast.tuning", "search.html", title=f"Search for {station_id}",
        verdict=found.choice.verdict, stopped=found.stopped,
        plan=found.plan.in_words(found.config), history=as_svg(partial(history_figure, found), "history"),
        cost=as_svg(partial(cost_figure, found), "cost"), compared=_compared(found), trials=_best(found),
        keys=_keys(found), facts=_facts(found))


def history_plot(found: SearchResult) -> bytes:
    """Every trial's score and the best so far, beside it what decides: a PNG."""
    return as_png(partial(history_figure, found))


def _compared(found: SearchResult) -> list[dict[str, str]]:
    return [{"configuration": "today's" if at == 0 else f"trial {each.number}", "score in the search":
             f"{each.score:.5f}", "error where no trial was scored": f"{each.loss:.5f}",
             "against today's": "" if at == 0 else percent(-each.difference / today.loss, sign="+"),
             "noise": "" if at == 0 else percent(each.noise / today.loss),
             "weeks better": "" if at == 0 else f"{each.weeks_better} of {each.weeks}",
             "training took": duration(each.seconds)}
            for today in found.choice.confirmations[:1] for at, each in enumerate(found.choice.confirmations)]


def _best(found: SearchResult) -> list[dict[str, str]]:
    """The trials that went furthest, the best of these first."""
    trials = [trial for trial in newest(found.trials).values() if trial.intermediate_values]
    ranked = sorted(trials, key=lambda trial: (-max(trial.intermediate_values), score(trial)))
    return [{"trial": str(trial.number), "epochs": str(max(trial.intermediate_values)), "score": f"{score(trial):.5f}",
             "took": "" if trial.duration is None else duration(seconds(trial)),
             **{key: f"{value:g}" for key, value in trial.params.items()}} for trial in ranked[:SHOWN]]


def _keys(found: SearchResult) -> list[dict[str, str]]:
    chosen = values_of(found.recipe, noted())
    today = found.trials[0].params
    return [{"key": key, "today": f"{today[key]:g}" if key in today else "not searched", "chosen": f"{value:g}",
             "tried": ", ".join(f"{each:g}" for each in found.space.get(key, ()))} for key, value in chosen.items()]


def _facts(found: SearchResult) -> dict[str, str]:
    trials = asked_for(found.trials)
    ended = {state: sum(trial.state == state for trial in trials) for state in TrialState}
    return {"trials": f"{len(trials)} of {found.config.n_trials}: {ended[TrialState.COMPLETE]} to their end, "
                      f"{ended[TrialState.PRUNED]} ended by their score, {ended[TrialState.FAIL]} failed",
            "time": duration(found.seconds), "sampler": f"{found.config.sampler}, seed {found.config.sampler_seed}",
            "study": found.study}
