"""All configuration: the sections composed, placed from YAML and `--set`, with errors that name the nearest key."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from wattcast.configfile import merged, read_config, read_value, sign_for
from wattcast.contracts import Config
from wattcast.data.schema import DataConfig
from wattcast.errors import ConfigError, listing, nearest
from wattcast.finetune.config import FinetuneConfig
from wattcast.forecasting.config import ForecastConfig
from wattcast.training.config import Recipe
from wattcast.tuning.config import TuningConfig


class EvaluationConfig(Config):
    """The evaluation that follows a training."""

    holdout_weeks: int = Field(
        1, ge=0, le=26, description="weeks at the end that are kept from training to evaluate on")


class NightlyConfig(Config):
    """A night for all stations."""

    inbox: tuple[str, ...] = Field((), description="files and folders that are taken in first; in a night without any, "
                                                   "what is stored has to do")
    filed: str = Field("filed", description="folder of the forecast files and of the nights' ledgers")
    filed_as: str = Field("{date}/{station}.csv", description="a station's file in it, whose name ends in .csv, "
                                                          ".csv.gz or .parquet")
    together: str | None = Field("{date}.csv", description="a file in it with all stations' forecasts; null: none")
    night_zone: str | None = Field(None, description="IANA zone of the nights' dates and of the deadline; null: "
                                                   "data.time.timezone if that is given, else as most stations have it")
    deadline: str | None = Field(None, description="when all has to be done: a time of day such as 06:00, or minutes "
                                                   "from the start; null: never")
    finetune_minutes: float = Field(120, ge=0, description="minutes that fine-tuning may take in all; 0: none")
    review_days: int = Field(28, ge=1, description="days whose forecasts are reviewed, and by which the worst stations "
                                                   "are found")
    keep_versions: int = Field(5, ge=1, description="newest versions of a station that are kept, besides those in use")


class Settings(Recipe):
    """Everything a verb may read."""

    data: DataConfig = DataConfig()
    tuning: TuningConfig = TuningConfig()
    finetune: FinetuneConfig = FinetuneConfig()
    forecast: ForecastConfig = ForecastConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    nightly: NightlyConfig = NightlyConfig()

    def recipe(self) -> Recipe:
        """Only what decides the model."""
        return Recipe(**{name: getattr(self, name) for name in Recipe.model_fields})


def load_settings(file: Path | None = None, assignments: Iterable[str] = ()) -> Settings:
    """Settings from a YAML file and `section.key=value` assignments, which win.

    In the file a key may stand in its section or, if only one section has it, at the top: the keys of a station's
    description (`targets`, `time`, …) and the flat names of the seed's `CFG` (`d_model`, `lr`, …) are accepted as is,
    and so are the seed's blocks `CFG = {…}` and `HYPEROPT_SPACE = {…}` as a whole.

    Raises:
        ConfigError: unreadable file, unknown key, a key that is there twice, or a value of the wrong type.
    """
    tree = settings_tree(read_config(file) if file is not None else {})
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        if not sign:
            raise ConfigError(f"--set {assignment!r} has no value", expected="--set section.key=value")
        _place(tree, key.strip(), read_value(text, f"--set {assignment!r}", key.strip()), replace=True)
    return build_settings(tree)


def settings_tree(content: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a file, each where it belongs.

    Raises:
        ConfigError: an unknown key, or one that is there twice.
    """
    tree: dict[str, Any] = {}
    for key, value in _without_blocks(content):
        _place(tree, key, value, replace=False)
    return tree


def _without_blocks(content: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The file's keys, those inside the seed's `CFG` as if they stood at the top."""
    for key, value in content.items():
        if key == "CFG" and isinstance(value, dict):
            yield from value.items()
        else:
            yield key, value


def build_settings(tree: Mapping[str, Any]) -> Settings:
    """Checked settings from nested plain values.

    Raises:
        ConfigError: unknown key or a value of the wrong type.
    """
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        found = error.errors()
        # A misspelt key first: what it leaves missing follows from it.
        raise _explain(next((each for each in found if each["type"] == "extra_forbidden"), found[0])) from None


def _sections() -> dict[str, type[Config]]:
    return {name: type(field.default) for name, field in Settings.model_fields.items()}


ALIASES = {"station_id": "data.station", "knowable_future_features": "data.known_future",
           "unknowable_future_features": "data.past_only", "HYPEROPT_SPACE": "tuning.space"}
"""The seed document's words for keys of ours."""


PLAIN = {"tuple": "a list, such as [a, b]", "dict": "names with their values, such as {name: value}",
         "model": "keys with their values, such as {key: value}", "string": "a text", "bool": "true or false",
         "float": "a number, with a point before decimals and without a unit", "int": "an integer, a whole number"}
"""What is expected, in plain words, by how the kind of an error begins."""


def _place(tree: dict[str, Any], key: str, value: Any, *, replace: bool) -> None:
    """Put `value` where `key` belongs: `section`, `section.key`, or a key that exactly one section has.

    Raises:
        ConfigError: no such key; or, unless values are to `replace` earlier ones, one that has a value already.
    """
    path = ALIASES.get(str(key), str(key)).split(".")
    if path[0] not in _sections():
        owners = [name for name, section in _sections().items() if path[0] in section.model_fields]
        if len(owners) != 1:
            raise _unknown(str(key))
        path = [owners[0], *path]
    node = tree
    for part in path[:-1]:
        child = node.setdefault(part, {})
        if not isinstance(child, dict):
            raise ConfigError(f"{part} is a value, not a section", found=child)
        node = child
    node[path[-1]] = merged(node.get(path[-1]), value, ".".join(path), replace=replace) if path[-1] in node else value


def _known_keys() -> list[str]:
    """Every key in full, those of a section before those of the sections in it."""
    return sorted((key for name, section in _sections().items() for key in _keys_below(name, section)),
                  key=lambda key: key.count("."))


def _keys_below(name: str, section: type[Config]) -> Iterable[str]:
    for key, field in section.model_fields.items():
        yield f"{name}.{key}"
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Config):
                yield from _keys_below(f"{name}.{key}", kind)


def _unknown(key: str) -> ConfigError:
    known, word = _known_keys(), key.rpartition(".")[2]
    bare = {key.rpartition(".")[2]: key for key in [*reversed(known), *_sections()]}
    guess = bare.get(word) if "." in key else None
    guess = guess or (nearest(key, known) if "." in key else None) or bare.get(nearest(word, bare) or "")
    return ConfigError(f"unknown configuration key {key!r}",
                       hint=f"did you mean {guess!r}?" if guess else f"sections: {listing(_sections())}")


def _explain(error: ErrorDetails) -> ConfigError:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown(key)
    if error["type"] == "invalid_key":
        return ConfigError(f"configuration key {key!r} is no word", found=repr(error["input"]),
                           expected="words for keys", hint="a comma parts entries: decimals need a point")
    known = next((word for word in PLAIN if error["type"].startswith(word)), None)
    single = known == "tuple" and isinstance(error["input"], (str, int, float))
    hint = f"{key.rpartition('.')[2]}: [{error['input']}]" if single else sign_for(key)
    return ConfigError(f"configuration key {key!r} has a wrong value", found=repr(error["input"]),
                       expected=error["msg"] if known is None else PLAIN[known], hint=hint)
