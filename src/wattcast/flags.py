"""The flags of the verbs, each said once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wattcast.errors import ConfigError

if TYPE_CHECKING:
    from wattcast.store.base import Store

Data = Annotated[Path | None, typer.Option("--data", help="table (CSV, workbook, Parquet), or folder of tables or "
                                                          "stations; without it what was taken in before is used")]
StationId = Annotated[str | None, typer.Option("--station", help="the station, or 'all'; not needed if there is one")]
SingleStation = Annotated[str | None, typer.Option("--station", help="the station; not needed if there is one")]
OneStation = Annotated[str, typer.Option("--station", help="the station")]
AnyStation = Annotated[str | None, typer.Option("--station", help="the station; all of them unless it is named")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML: the data's description and any setting")]
Assignments = Annotated[list[str] | None, typer.Option("--set", help="section.key=value, may be repeated")]
StoreName = Annotated[str | None, typer.Option("--store", help="where all is kept: a folder (models unless told "
                                                               "otherwise), sqlite:///FILE.db or postgresql://…")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="the same as --store for a folder")]
AsJson = Annotated[bool, typer.Option("--json", help="print the result as JSON")]
Until = Annotated[str | None, typer.Option("--until", help="nothing measured at or after this time is seen")]
Trials = Annotated[int | None, typer.Option("--n_trials", min=1, help="trials in all; as tuning.n_trials")]
Fidelity = Annotated[str | None, typer.Option("--fidelity", help="usual, or low for shorter and more trials; as "
                                                                 "tuning.fidelity")]
SearchOnly = Annotated[bool, typer.Option("--search-only", help="search and train nothing with what is found")]
At = Annotated[str | None, typer.Option("--at", help="the origin: a time, today (the last midnight) or now; default: "
                                                     "the end of the newest measurement")]
Now = Annotated[str | None, typer.Option("--now", help="as if it were this time; default: the clock's")]
Weather = Annotated[Path | None, typer.Option("--weather", help="a file with the horizon's weather")]
NoWeather = Annotated[bool, typer.Option("--no-weather", help="as if no weather were known over the horizon")]
Out = Annotated[Path, typer.Option("--out", help="a name that ends in .csv, .csv.gz or .parquet")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="write the file only, keep nothing beside the model")]
Strict = Annotated[bool, typer.Option("--strict", help="exit code 4 unless the quality is ok")]
IfNeeded = Annotated[bool, typer.Option("--if-needed", help="only if recent errors or the data say that it is due")]
FirstOrigin = Annotated[str, typer.Option("--first-origin", help="models are fitted on what lies before it")]
Every = Annotated[str, typer.Option("--every", help="from one origin to the next")]
Origins = Annotated[int | None, typer.Option("--origins", min=1, help="how many; default: all that the data allows")]
Models = Annotated[str, typer.Option("--models", help="names separated by commas")]
RefitEvery = Annotated[int | None, typer.Option("--refit-every", min=1, help="fit anew at every so many origins")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="processes that forecast; for many origins and cores")]
Rules = Annotated[list[str] | None, typer.Option("--rule", help="a grid code's rule, or a YAML file of one's own; "
                                                                "several with commas or repeated")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="write the result to this file")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="write a page one can open offline")]
Day = Annotated[int | None, typer.Option("--day", help="the day of the forecast that is told, from 1; with --miss how "
                                                       "many days ahead it was forecast")]
MissedDay = Annotated[str | None, typer.Option("--miss", help="a day that has passed: why its forecast was wrong")]
PlotFile = Annotated[Path | None, typer.Option("--plot", help="draw it to this PNG")]
Lang = Annotated[Literal["en", "zh"], typer.Option("--lang", help="of the sentences")]
JsonFileOrOut = Annotated[Path | None, typer.Option("--json", help="write the result to this file; - prints it")]
CorpusFiles = Annotated[list[Path] | None, typer.Option("--corpus", help="YAML: the sources to learn from; may be "
                                                                      "repeated")]
Untested = Annotated[bool, typer.Option("--untested", help="do not leave each source out once to tell how it did")]
BaseStore = Annotated[str | None, typer.Option("--store", help="learn from its stations: a folder, "
                                                               "sqlite:///FILE.db or postgresql://…")]
BaseFolder = Annotated[Path, typer.Option("--out", help="the folder that the base is written to")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of everything random")]
DemoFolder = Annotated[Path, typer.Option("--folder", help="where data, model and report are written")]
Since = Annotated[str | None, typer.Option("--since", help="the first origin")]
IssueNumber = Annotated[int, typer.Option("--issue", min=1, help="1 is the newest, 2 the one before")]
IssuedAt = Annotated[str | None, typer.Option("--at", help="the origin of the forecast")]
LeadDays = Annotated[int | None, typer.Option("--lead-days", min=1, help="of each day what was forecast so many days "
                                                                         "ahead, 1 to 7")]
TableFile = Annotated[Path | None, typer.Option("--out", help="a name that ends in .csv, .csv.gz or .parquet")]
ReviewDays = Annotated[int, typer.Option("--days", min=1, help="how many, up to the newest that is measured")]
CountedIssue = Annotated[Literal["first", "last"], typer.Option(
    "--issue", help="of several forecasts of one origin the last one made within its day, or the first")]
Keep = Annotated[int | None, typer.Option("--keep", min=1, help="versions that stay besides those in use and what they "
                                                                "come from; all if it is not given")]
OlderThan = Annotated[str, typer.Option("--forecasts-older-than", help="age of forecasts that go")]
NothingGoes = Annotated[bool, typer.Option("--dry-run", help="only say what would go")]
VersionName = Annotated[str, typer.Argument(help="a version or alias")]
Deadline = Annotated[str | None, typer.Option("--deadline", help="when all has to be done: a time such as 06:00, or "
                                                                 "minutes from now; as nightly.deadline")]
Rehearse = Annotated[bool, typer.Option("--dry-run", help="look and forecast, and change nothing")]
MetricsFile = Annotated[Path | None, typer.Option("--prometheus", help="write metrics for the textfile collector to "
                                                                       "this file, which should end in .prom")]
JsonLog = Annotated[Path | None, typer.Option("--log-json", help="append what is told to this file as lines of JSON")]
MODELS = Path("models")
"""Where all is kept unless `--store` or `--models-dir` says otherwise."""


def named_store(store: str | None, models_dir: Path | None) -> "Store":
    """The store that is meant.

    Raises:
        ConfigError: it is named twice, or another kind of store is given as a folder.
        StoreError: it is none.
    """
    from wattcast.store.open import kind_named, open_store

    if models_dir is not None and (kind := kind_named(models_dir)):
        # It may hold a password.
        raise ConfigError("--models-dir takes a folder's name alone", found=f"what looks like {kind}:…",
                          hint="use --store for it; a folder that is called so is --store disk:FOLDER")
    if store is not None and models_dir is not None:
        raise ConfigError("--store and --models-dir contradict each other", hint="give one of them")
    return open_store(store if store is not None else models_dir or MODELS)


def words(values: list[str] | None) -> list[str]:
    """What a flag was given, repeated or with commas."""
    return [word for value in values or () for word in value.split(",")]
