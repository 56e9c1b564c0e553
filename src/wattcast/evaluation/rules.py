"""Grid codes as data: what of a forecast is graded, by which formula, against which threshold, at what price.

A rule is a YAML file: one of `rules/` beside this module, or a user's own. Rules are revised every few years and differ
from region to region, so each is dated, names its source, and says whether that was the official text (`verified`).
"""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from wattcast.contracts import HORIZON_DAYS, Config, Kind, Station
from wattcast.errors import ConfigError, listing, nearest
from wattcast.evaluation.rule_formulas import FORMULAS, Formula, require_formula
from wattcast.metrics import FloatArray

PRESETS = files("wattcast.evaluation").joinpath("rules")


class Exclusions(Config):
    """Points that are not graded; points without a measurement never are."""

    actual_below: float | None = Field(None, description="measured power below this share of the capacity")
    both_below: float | None = Field(None, description="measured and forecast below this share of the capacity")
    actual_below_power: float | None = Field(None, description="measured power below this, in the unit of the power")
    hours: tuple[tuple[int, int], ...] = Field((), description="only these hours of the day: [[from, before], …]")

    def graded(self, actual: FloatArray, forecast: FloatArray, hour: NDArray[np.int64],
               capacity: float) -> NDArray[np.bool_]:
        """Which points `[n]` count."""
        keep = np.isfinite(actual)
        if self.actual_below is not None:
            keep &= ~(actual < self.actual_below * capacity)
        if self.both_below is not None:
            keep &= ~((actual < self.both_below * capacity) & (forecast < self.both_below * capacity))
        if self.actual_below_power is not None:
            keep &= ~(actual < self.actual_below_power)
        if self.hours:
            keep &= np.any([(hour >= first) & (hour < before) for first, before in self.hours], axis=0)
        return keep


class Penalty(Config):
    """What a value below its threshold costs: shortfall · C · `factor`, for each day or for each month."""

    factor: float = Field(gt=0, description="cost of a shortfall of 1 for each unit of capacity, in `unit`")
    unit: Literal["energy", "score", "10k RMB"] = Field("energy", description="energy is the power's unit times hours")
    per: Literal["day", "month"] = Field("day", description="whether each day or the month's mean is compared")
    each_point: bool = Field(False, description="times the number of points graded: for a price on each point")


class Measure(Config):
    """One graded quantity: a formula over the points of a forecast day."""

    name: str = Field(description="what it is called in tables")
    formula: str = Field(description="one of the closed set of formulas")
    parameters: dict[str, float] = Field({}, description="the formula's parameters")
    exclude: Exclusions = Exclusions()
    threshold: float | None = Field(None, description="what the value must reach; null: reported, not graded")
    penalty: Penalty | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_formula(self.formula, self.parameters)
        if self.penalty and self.threshold is None:
            raise ConfigError(f"the measure {self.name!r} has a penalty and no threshold", hint="give both or neither")
        return self

    @property
    def law(self) -> Formula:
        return FORMULAS[self.formula]

    def value(self, actual: FloatArray, forecast: FloatArray, capacity: float) -> float:
        """Of the graded points of a day; NaN where there is none."""
        return self.law.function(actual, forecast, capacity, **self.parameters) if len(actual) else float("nan")


class Rule(Config):
    """A grid code's rule for forecasts that are filed a day or more ahead."""

    name: str
    title: str = Field(description="what it is, in plain words")
    kinds: tuple[Kind, ...] = Field(description="the kinds of station it is written for")
    revision: str = Field(description="which version of the text, or as of when")
    source: str = Field(description="where the formula and the numbers were seen")
    verified: bool = Field(description="whether that was the official text")
    notes: str = Field("", description="what a reader must know")
    lead_days: tuple[int, int] = Field((1, 1), description="the first and the last day ahead that is graded")
    measures: tuple[Measure, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        first, last = self.lead_days
        if not 1 <= first <= last <= HORIZON_DAYS:
            raise ConfigError(f"the rule {self.name} grades impossible days ahead", found=f"{first} to {last}",
                              expected=f"1 to {HORIZON_DAYS}")
        return self


def preset_names() -> list[str]:
    """The rules that come with wattcast."""
    return sorted(entry.name.removesuffix(".yaml") for entry in PRESETS.iterdir() if entry.name.endswith(".yaml"))


def load_rules(names: Sequence[str], station: Station) -> tuple[Rule, ...]:
    """Rules by the name of a preset or the path of a YAML file.

    Raises:
        ConfigError: no such rule, a file that is none, or a station without a capacity.
    """
    if names and station.capacity is None:
        raise ConfigError(f"station {station.id} has no capacity, which the rule {names[0]} divides by",
                          hint="give it in the unit of the power, for example --set data.capacity=50")
    return named_rules(names)


def named_rules(names: Sequence[str]) -> tuple[Rule, ...]:
    """Rules by the name of a preset or the path of a YAML file, whatever they are to grade.

    Raises:
        ConfigError: no such rule, or a file that is none.
    """
    return tuple(_load(name) for name in names)


def _load(name: str) -> Rule:
    if name in preset_names():
        return _parsed(PRESETS.joinpath(f"{name}.yaml").read_text(encoding="utf-8"), name)
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        guess = nearest(name, preset_names())
        raise ConfigError(f"there is no rule {name!r}", expected=f"{listing(preset_names(), 40)}; or a YAML file",
                          hint=f"did you mean {guess!r}?" if guess else None)
    try:
        return _parsed(path.read_text(encoding="utf-8"), name)
    except OSError as error:
        raise ConfigError(f"the rule {name} cannot be read", found=error.strerror, hint="check --rule") from None


def _parsed(text: str, name: str) -> Rule:
    try:
        content: Any = yaml.safe_load(text)
        return Rule.model_validate(content)
    except yaml.YAMLError as error:
        raise ConfigError(f"the rule {name} is not valid YAML", found=" ".join(str(error).split())) from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"the rule {name} has a wrong value at {key}", found=repr(first["input"])[:80],
                          expected=first["msg"]) from None
