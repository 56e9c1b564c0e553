"""What people see in the terminal: tables and closing lines."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from wattcast.data.quality import QualityReport
    from wattcast.evaluation.backtest import BacktestResult
    from wattcast.evaluation.rules import Rule
    from wattcast.evaluation.scorecard import Scorecard
    from wattcast.explain.words import Language
    from wattcast.store.base import Version
    from wattcast.workflows.explain import ExplainOutcome
    from wattcast.workflows.finetune import FinetuneOutcome
    from wattcast.workflows.forecast import ForecastOutcome
    from wattcast.workflows.search import SearchOutcome
    from wattcast.workflows.train import TrainOutcome

WIDTH_WITHOUT_TERMINAL = 130
"""Width of a table that goes into a file or a pipe: as much as the widest one needs. [characters]"""


class _Console(Console):
    """Where nobody reads on, that is for the command to deal with."""

    def on_broken_pipe(self) -> None:
        raise       # the error that is being handled


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal, or wide enough for a table where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream is not None and stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return _Console(width=width, stderr=stderr, highlight=False, soft_wrap=False)


def say(text: str) -> None:
    """One line, as it is."""
    console().print(text, markup=False, soft_wrap=True)


def lines(texts: Sequence[str]) -> None:
    """Each as it is, without the console's styles."""
    for text in texts:
        print(text)


def announce(text: str) -> None:
    """One line beside the progress."""
    console(stderr=True).print(text, markup=False, soft_wrap=True)


def search(outcome: "SearchOutcome") -> None:
    """The trials that were compared, the verdict, and where the rest is."""
    found = outcome.results
    compared = found["comparison"]
    if len(compared["trials"]) > 1:
        today = found["today_trial"]
        table([{"trial": f"{each['number']}{' (today)' if each['number'] == today else ''}",
                "score": f"{each['score']:.5f}", "other origins": f"{each['loss']:.5f}",
                "difference": f"{each['difference']:+.5f}", "noise": f"{each['noise']:.5f}",
                "weeks better": f"{each['weeks_better']} of {each['weeks']}"} for each in compared["trials"]],
              title=f"{outcome.station_id}: trained in full, on {compared['origins']} other origins")
    say(f"{outcome.station_id}: {found['verdict']}")
    if found["best_trial"] != found["today_trial"]:
        say("chosen: " + ", ".join(f"{key} {value}" for key, value in found["best_params"].items()))
    if found["stopped"]:
        say(found["stopped"])
    ended = found["ended"]
    say(f"{found['n_trials']} trials ({ended.get('complete', 0)} to their end, {ended.get('pruned', 0)} ended by their "
        f"score) in {outcome.place}/hyperopt_results.json, pictures in {outcome.place}/search.html")


def table(rows: Sequence[Mapping[str, str]], title: str = "") -> None:
    """Rows that share their headings; the first column is text, the rest numbers."""
    drawn = Table(title=title or None, title_justify="left", header_style="bold")
    for position, heading in enumerate(rows[0]):
        drawn.add_column(heading, justify="left" if position == 0 else "right")
    for row in rows:
        drawn.add_row(*row.values())
    console().print(drawn)


def stations(rows: Sequence[Mapping[str, str]]) -> None:
    """What became of each station, a row each, and how many are done."""
    drawn = Table(header_style="bold")
    drawn.add_column("station", overflow="fold")
    drawn.add_column("outcome", no_wrap=True)
    drawn.add_column("what", overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(text) for text in row.values()))
    console().print(drawn)
    counts = Counter(row["outcome"] for row in rows)
    others = "".join(f", {counts[state]} {state}" for state in sorted(counts) if state != "done")
    say(f"{counts['done']} of {len(rows)} done{others}")


NARROW = 110
"""Characters below which a scorecard leaves out what the metrics file and the report hold anyway."""
LEFT_OUT_WHEN_NARROW = {"RMSE", "MAPE", "nMAE", "inside 80 % band", "steps"}


def scorecard(card: "Scorecard") -> None:
    """One table a target, by day and over all, and the verdict below it."""
    left_out = {"target"} | (LEFT_OUT_WHEN_NARROW if console().width < NARROW else set())
    for target in card.targets:
        rows = [{heading: text for heading, text in row.items() if heading not in left_out}
                for row in card.rows() if row["target"] == target]
        table(rows, title=f"{card.station_id}: {target}, error by day of the forecast")
        say(card.verdict(target))


def checked(report: "QualityReport") -> str:
    """A station in the table of `check`."""
    found = f"{len(report.findings)} findings" if report.findings else "nothing to report"
    return f"{report.measured_days:.1f} days measured; {found}"


def trained(outcome: "TrainOutcome") -> str:
    """A station in the table of `train` and `tune`."""
    if outcome.update is not None:
        return finetuned(outcome.update)
    return f"{outcome.champion} is the champion{_simple_only(outcome)}"


def _simple_only(outcome: "TrainOutcome") -> str:
    if not outcome.simple_only:
        return ""
    return f" with simple forecasts alone for {' and '.join(outcome.simple_only)}"


def searched(outcome: "SearchOutcome") -> str:
    """A station in the table of `tune --search-only`."""
    found: str = outcome.results["verdict"]
    return found


def finetuned(outcome: "FinetuneOutcome") -> str:
    """A station in the table of `finetune`."""
    return outcome.verdict or f"no update is due; {outcome.parent} stays the champion"


def forecasted(outcome: "ForecastOutcome") -> str:
    """A station in the table of `forecast`."""
    quality = outcome.ground.quality
    why = f" ({', '.join(dict.fromkeys(reason.code for reason in quality.reasons))})" if quality.reasons else ""
    made = f"{len(outcome.table)} steps from {outcome.table['origin'].iloc[0]} by {outcome.version}"
    return f"{made}; {quality.mark}{why}"


def training(outcome: "TrainOutcome") -> None:
    """What was searched, trained and fine-tuned, how good it is, and what is in use now."""
    station = outcome.data.station.id
    if outcome.search is not None:
        search(outcome.search)
    if outcome.update is not None:
        finetuning(outcome.update)
    if outcome.evaluation is not None:
        scorecard(outcome.evaluation.card)
        say(f"weather over the forecast weeks: {outcome.evaluation.weather}")
    for note in outcome.notes:
        say(f"note: {note}")
    say(f"{station}: {outcome.champion} is the champion{_simple_only(outcome)} after {outcome.epochs} epochs in "
        f"{outcome.seconds:.0f} s; kept in {outcome.place}")


def finetuning(outcome: "FinetuneOutcome") -> None:
    """What came in, the comparison, and what was decided for which reasons."""
    station, decision = outcome.station_id, outcome.decision
    if outcome.merged is not None and outcome.merged.appended:
        say(f"{station}: {outcome.merged.appended} new rows")
    for note in outcome.notes:
        say(f"note: {note}")
    if outcome.due is not None:
        for sentence in outcome.due.sentences:
            say(sentence)
    if decision is None:
        say(f"{station}: no update is due; {outcome.parent} stays the champion")
        return
    if outcome.card is not None:
        scorecard(outcome.card)
        say(f"weather over the newest days: {outcome.weather}")
    for check in decision.checks:
        say(f"gate, {check.name}: {'yes' if check.holds else 'NO'}, {check.sentence}")
    made = f" after {outcome.epochs} epochs in {outcome.seconds:.0f} s; kept in {outcome.place}"
    if decision.promoted:
        say(f"{station}: {outcome.version} replaces {outcome.parent} as the champion{made}")
    elif outcome.version is not None:
        say(f"{station}: {outcome.version} was rejected, {outcome.parent} stays the champion{made}")
    else:
        say(f"{station}: nothing was fine-tuned, {outcome.parent} stays the champion")


def forecast(outcome: "ForecastOutcome", path: Path) -> None:
    """Where the forecast is, what it stands on, and what is unusual; what is so every day is only counted."""
    made, quality = outcome.forecast, outcome.ground.quality
    count = len(outcome.facts)
    usual = f"; {count} usual note{'s' if count > 1 else ''} (--json lists them)" if count else ""
    say(f"{made.station_id}: {len(outcome.table)} steps from {outcome.table['origin'].iloc[0]} by {outcome.version} "
        f"({made.model}) written to {path}{usual}")
    say(f"{made.station_id}: quality {quality.mark}")
    for reason in quality.reasons:
        say(f"  {reason.code}: {reason.sentence}")
    for note in outcome.notes:
        say(f"  note: {note}")


def explanation(outcome: "ExplainOutcome", language: "Language") -> None:
    """The day in words, and the days in a table whose columns add up."""
    from wattcast.explain.words import day_rows

    for line in outcome.sentences(language):
        say(line)
    for note in outcome.notes:
        say(f"note: {note}")
    if outcome.miss is None:
        for position, target in enumerate(outcome.explanation.targets):
            table(day_rows(outcome.explanation, position, language),
                  title=f"{outcome.explanation.forecast.station_id}: {target}")


def backtest(result: "BacktestResult") -> None:
    """For each target a table of the models, the best first; then grid codes, and what was left out."""
    from wattcast.evaluation.report import model_rows, rule_tables
    from wattcast.evaluation.scorecard import number

    for target in result.station.targets:
        rows = [row for row in model_rows(result.table()) if row.pop("target") == target]
        table(rows, title=f"{result.station.id}: {target}, {len(result.origins)} origins")
        best, ours = rows[0]["model"], result.scores(target)[result.chosen]
        say(f"{result.chosen}: mean absolute error {number(ours['mae'])}, "
            f"{ours['skill']:+.1%} against “same as 7 days ago”; lowest: {best}")
    graded(rule_tables(result.rule_scores()))
    lines([*result.left_out_in_words(), *result.notes])
    say(f"weather: {result.weather}")


def graded(tables: "Iterable[tuple[Rule, Sequence[Mapping[str, str]]]]") -> None:
    """A table for each grid code, and a note where nobody has held it against the official text."""
    for rule, rows in tables:
        table(rows, title=f"{rule.name}: {rule.title}")
        if not rule.verified:
            say(f"note: {rule.name} ({rule.revision}) was not verified against the official text")


def versions(found: Sequence["Version"]) -> None:
    """A row each; nothing where there are none."""
    if found:
        table([_version(each) for each in found])


def all_versions(found: Mapping[str, Sequence["Version"]]) -> None:
    """The versions by station."""
    if rows := [{"station": station, **_version(each)} for station, of_one in found.items() for each in of_one]:
        table(rows)


def _version(version: "Version") -> dict[str, str]:
    return {"version": version.name, "aliases": ", ".join(version.aliases), "created": version.created,
            "data from": version.span[0], "to": version.span[1]}


def doctor(findings: Mapping[str, Any]) -> None:
    """What is installed, and which implementation of the scan runs."""
    table([{"what": name, "found": str(value)} for name, value in findings["environment"].items()])
    table([{"scan": each["name"], "device": each["device"], "usable": "yes" if each["usable"] else "no",
            "why": each["reason"]} for each in findings["scan"]])
    say(f"the scan runs with {findings['chosen']} here; wattcast is ready")
