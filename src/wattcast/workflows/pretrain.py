"""The verb `pretrain`."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from wattcast.configfile import read_config
from wattcast.data.corpus import Source, StationSource, corpus_of, joined
from wattcast.errors import ConfigError, listing
from wattcast.experts.pretrained import Pretrained
from wattcast.store.files import require_writable, written_aside
from wattcast.timegrid import parse_time
from wattcast.training.base_model import Base
from wattcast.training.pretrain import Price, Progress
from wattcast.training.pretrain import pretrain as run
from wattcast.workflows.job import Job
from wattcast.workflows.stored_sources import Stored, stored_sources

WORK = ".samples"


@dataclass(frozen=True)
class PretrainOutcome:
    """What `pretrain` did."""

    folder: Path
    base: Base
    size: int
    """Of the files, in bytes."""
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "bytes": self.size, "seconds": round(self.seconds, 1),
                "manifest": dict(self.base.manifest)}

    def lines(self) -> list[str]:
        """The closing lines."""
        sources = self.base.manifest["sources"]
        stations, windows = (sum(of) for of in ([len(source["stations"]) for source in sources],
                                                [source["windows"] for source in sources]))
        kept = [source["name"] for source in sources if not source["may_ship"]]
        return [f"{windows} windows of {stations} stations from {len(sources)} sources, {self.seconds:.0f} s",
                *_against_start(sources),
                *(f"may not be given to others, because of {', '.join(kept)}" for _ in kept[:1]),
                f"{self.folder} ({self.size / 1e6:.1f} MB)"]


def pretrain(corpus: Sequence[Path], out: Path, *, job: Job | None = None, until: str | None = None, seed: int = 0,
             tested: bool = True, progress: Progress | None = None,
             tell: Callable[[str], None] | None = None) -> PretrainOutcome:
    """Learn a base from the corpus that YAML files describe and the stations of a store, and write it to the folder
    `out`.

    From a store alone it begins as the base that ships, and learns on: some stations tell less than the hundreds that
    this one has learned from. What is learned of each source is kept there until all is done, for a run that goes on
    after an interrupted one.

    Args:
        corpus: YAML files; none if there is a job.
        out: the folder.
        job: store and settings, without data; None to learn from the files alone.
        until: nothing measured at or after this time is seen.
        seed: of everything random.
        tested: whether each source is left out once, to tell how a base of the others does there.
        progress: told of each finished part.
        tell: told before it starts what is used of the store, what is not, and what it takes.

    Raises:
        ConfigError: neither files nor a store are given, or two sources have one name.
        InputError: the corpus or one of its files is wrong, nothing can be learned from the store, or `out` cannot be
            written to.
    """
    started = time.perf_counter()
    if not corpus and job is None:
        raise ConfigError("nothing is given to learn from", expected="--corpus FILE.yaml, --store PLACE, or both")
    if until is not None:
        parse_time(until, "UTC")
    files = _files(corpus, until)
    stored = Stored() if job is None else stored_sources(job, until)
    sources: list[StationSource] = [*files, *stored.sources]
    if twice := {source.name for source in files} & {source.name for source in stored.sources}:
        raise ConfigError(f"sources are called as parts of the store are: {listing(sorted(twice))}",
                          hint="give them other names in the corpus")
    require_writable(out)
    # The base that ships knows the files that it was learned from: what it says of them would flatter it.
    start = None if files else Pretrained().loaded
    if tell is not None and job is not None:
        price = _price(sources, stored, tested=tested, started=start is not None)
        for line in (*stored.lines(job.store.place), price):
            tell(line)
    base = run(sources, seed=seed, work=out / WORK, start=start, tested=tested, progress=progress)
    learned = base.manifest["sources"][len(files):]
    if unused := stored.unused({name for source in learned for name in source["stations"]}):
        base = replace(base, manifest={**base.manifest, "left_out": unused})
    return _written(base, out, started)


def _files(corpus: Sequence[Path], until: str | None) -> tuple[Source, ...]:
    """The sources of YAML files, cut where a time is given, or at the earlier one that they name themselves."""
    if not corpus:
        return ()
    found = joined(corpus_of(read_config(file), file) for file in corpus).sources
    times = [[time for time in (source.until, until) if time is not None] for source in found]
    return tuple(source.model_copy(update={"until": min(of, default=None, key=partial(parse_time, timezone="UTC"))})
                 for source, of in zip(found, times, strict=True))


def _price(sources: Sequence[StationSource], stored: Stored, *, tested: bool, started: bool) -> str:
    """What it takes, in a sentence: what is in the files is not known before they are read."""
    first = stored.sources[0]
    price = Price.of(first.stations(), first.windows)
    seconds = price.seconds(stored.used, first.windows, len(sources), tested=tested, started=started)
    besides = " without the drawing from files" if len(sources) > len(stored.sources) else ""
    return f"about {seconds / 60:.0f} minutes of a core{besides}, an estimate"


def _against_start(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """How stations that were left out were forecast, against the base that it begins as, if both were asked."""
    told = [source["never_seen"] for source in sources if "start" in (source["never_seen"] or ())]
    if not told:
        return []
    share = sum(each["base"] for each in told) / sum(each["start"] for each in told)
    advice = "" if share < 1 else ": nothing is gained, leave model.base as it is"
    return [f"stations that were left out: {share:.3f} of the error of the base that ships{advice}"]


def _written(base: Base, out: Path, started: float) -> PretrainOutcome:
    files = base.files()
    for name, content in files.items():
        with written_aside(out / name) as aside:
            aside.write_bytes(content)
    shutil.rmtree(out / WORK, ignore_errors=True)
    return PretrainOutcome(out, base, sum(map(len, files.values())), time.perf_counter() - started)
