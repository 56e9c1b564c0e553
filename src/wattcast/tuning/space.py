"""What is searched: the values noted at the settings, those that replace them, and always today's."""

import math
from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError

from wattcast.contracts import Config
from wattcast.errors import ConfigError, listing, nearest
from wattcast.training.config import Recipe

Value = int | float
Space = dict[str, tuple[Value, ...]]
"""Values to try by key; keys are those of the seed's `HYPEROPT_SPACE`."""

TARGET_WEIGHTS = {"power_weight", "not_use_power_weight"}


def noted() -> dict[str, tuple[str, Sequence[Value]]]:
    """Section and values of every setting that notes under `search` what is worth trying."""
    found = {}
    for section, part in Recipe.model_fields.items():
        for key, field in type(part.default).model_fields.items():
            extra = field.json_schema_extra
            if isinstance(extra, dict) and "search" in extra:
                found[key] = (section, extra["search"])
    return found


def check_values(key: str, values: Sequence[Value]) -> tuple[Value, ...]:
    """The values as the setting `key` has them, each once.

    Raises:
        ValueError: a setting that is not searched, no value, or one that the setting does not take.
    """
    known = noted()
    if key not in known:
        guess = nearest(key, known)
        raise ValueError(f"{key!r} is not searched; "
                         + (f"did you mean {guess!r}?" if guess else f"known: {listing(known, len(known))}"))
    if not values:
        raise ValueError(f"{key!r} needs at least one value")
    part: type[Config] = type(Recipe.model_fields[known[key][0]].default)
    checked = []
    for value in values:
        try:
            checked.append(getattr(part(**{key: value}), key))
        except ValidationError as error:
            raise ValueError(f"{key}: {value} is not possible ({error.errors()[0]['msg']})") from None
    return tuple(dict.fromkeys(checked))


def search_space(recipe: Recipe, replaced: Mapping[str, Sequence[Value]], *, targets: int) -> Space:
    """The values of each key that has more than today's; today's value is among them.

    Args:
        recipe: today's configuration.
        replaced: values in place of the noted ones.
        targets: how many the station has; the weight of a single one in the loss changes nothing.

    Raises:
        ConfigError: no key is left to search.
    """
    space = {}
    for key, (_, values) in noted().items():
        today = values_of(recipe, [key])[key]
        tried = check_values(key, (*replaced.get(key, values), today))
        if len(tried) > 1 and (targets > 1 or key not in TARGET_WEIGHTS):
            space[key] = tried
    if not space:
        raise ConfigError("there is nothing to search: every key has today's value only",
                          hint="give tuning.space other values, or leave it out")
    return space


def values_of(recipe: Recipe, keys: Iterable[str]) -> dict[str, Value]:
    """Today's values of `keys`."""
    sections = noted()
    return {key: getattr(getattr(recipe, sections[key][0]), key) for key in keys}


def with_values(recipe: Recipe, values: Mapping[str, Value]) -> Recipe:
    """The recipe with other values of searched keys.

    What counts batches follows the batch size: an epoch holds as many windows as before, rounded up to whole batches,
    and the average of the weights spans as many.
    """
    sections = noted()
    changes: dict[str, dict[str, Value]] = {}
    for key, value in values.items():
        changes.setdefault(sections[key][0], {})[key] = value
    training, batch_size = recipe.training, values.get("batch_size", recipe.training.batch_size)
    if batch_size != training.batch_size:
        changes["training"] |= {
            "batches_per_epoch": math.ceil(training.batches_per_epoch * training.batch_size / batch_size),
            "ema_decay": average_over(training.ema_decay, batch_size / training.batch_size)}
    parts = {name: getattr(recipe, name) for name in Recipe.model_fields}
    return Recipe(**{name: type(part)(**{**part.model_dump(), **changes.get(name, {})})
                     for name, part in parts.items()})


def average_over(decay: float, fewer: float) -> float:
    """The decay of an average that spans so many times fewer steps."""
    return decay if fewer == 1 else max(0.0, 1 - (1 - decay) * fewer)
