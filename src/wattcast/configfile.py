"""Configuration files: YAML that takes the seed document's blocks as they stand and never loses a key silently.

`CFG = {` and `HYPEROPT_SPACE = {` read as YAML once the sign is a colon: the rest of a Python literal with quoted keys,
True, False and `#` comments is YAML's flow style.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from wattcast.errors import ConfigError

BLOCK = re.compile(r"^(\w+)[ \t]*=[ \t]*(?=\{)", re.MULTILINE)
REPEATABLE = {"CFG", "HYPEROPT_SPACE"}
"""Blocks that the seed document shows more than once, for one purpose each: their keys are taken together."""

NUMBER = re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
"""What YAML 1.2 and Python call a number and PyYAML a text, such as 1e-5."""


AS_WRITTEN = {"station", "station_id", "deadline"}
"""Keys whose value is a text: 007 is not 7, NO is not false, and 10:30 is not 630."""


class _Loader(yaml.SafeLoader):
    """Plain values only; a key that is there twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping: dict[Hashable, Any] = {}
        self.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "found a key that is not a word",
                                                        key_node.start_mark)
            value = _as_written(value_node) if key in AS_WRITTEN else None
            value = self.construct_object(value_node, deep=True) if value is None else value
            if key not in mapping:
                mapping[key] = value
            elif key in REPEATABLE:
                mapping[key] = merged(mapping[key], value, str(key), replace=False)
            else:
                raise _twice(str(key), mapping[key], value)
        return mapping


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+.0123456789"))


def read_config(file: Path) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Raises:
        ConfigError: it cannot be read, is not YAML, does not hold keys and values, or has a key twice.
    """
    try:
        content = yaml.load(BLOCK.sub(r"\1: ", file.read_text(encoding="utf-8")), _Loader)
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {file}", found=error.strerror,
                          hint="check --config") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid YAML", found=" ".join(str(error).split())) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{file} does not hold keys and values", found=type(content).__name__,
                          expected="section: {key: value}")
    return content


def _as_written(node: yaml.Node | None) -> str | None:
    """The text of a single value; None for null and for what holds several."""
    return node.value if isinstance(node, yaml.ScalarNode) and not node.tag.endswith(":null") else None


def read_value(text: str, where: str, key: str = "") -> Any:
    """One value in YAML; of a `key` that is a name, as it is written.

    Raises:
        ConfigError: not YAML; `where` says whose value it is.
    """
    try:
        name = _as_written(yaml.compose(text, _Loader)) if key.rpartition(".")[2] in AS_WRITTEN else None
        return yaml.load(text, _Loader) if name is None else name
    except yaml.YAMLError:
        raise ConfigError(f"{where} has an unreadable value", expected="a number, a word or [a, list]") from None


def merged(first: Any, second: Any, key: str, *, replace: bool) -> Any:
    """The values of a key that was given two times: the keys of both where they hold some.

    Raises:
        ConfigError: there is one value for two, and the second is not to `replace` the first.
    """
    if isinstance(first, dict) and isinstance(second, dict):
        together = dict(first)
        for name, value in second.items():
            together[name] = (merged(first[name], value, f"{key}.{name}", replace=replace)
                              if name in first and not replace else value)
        return together
    if replace:
        return second
    raise _twice(key, first, second)


def _twice(key: str, first: Any, second: Any) -> ConfigError:
    return ConfigError(f"configuration key {key!r} is there twice", found=f"{first!r}, then {second!r}",
                       hint="keep one of them")
