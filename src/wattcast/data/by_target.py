"""Settings that hold for all targets, or for each by its name."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from wattcast.contracts import TARGETS
from wattcast.errors import ConfigError, listing, nearest

Counter = bool | Literal["falling", "hourly"]
"""What a column counts, if it does: a meter's reading, what is left of an amount, energy since the full hour."""
Value = TypeVar("Value", Counter, str)


def of_target(setting: Value | Mapping[str, Value] | None, target: str) -> Value | None:
    """What a setting says of a target; None if it says nothing."""
    return setting.get(target) if isinstance(setting, Mapping) else setting


def require_targets(key: str, setting: object) -> None:
    """Nothing, unless a setting by target names something else.

    Raises:
        ConfigError: the message names the key.
    """
    stray = [name for name in setting if name not in TARGETS] if isinstance(setting, Mapping) else []
    if stray:
        close = nearest(str(stray[0]), TARGETS)
        raise ConfigError(f"{key} has the unknown name {stray[0]!r}", expected=listing(TARGETS),
                          hint=f"did you mean {close}?" if close else "our names of the targets come first")
