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

SHOWN = 60
"""So much of what stands for keys and values is shown. [characters]"""
NUMBER = re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
"""What YAML 1.2 and Python call a number and PyYAML a text, such as 1e-5."""


AS_WRITTEN = {
    "station", "station_id", "deadline", "country", "timezone", "night_zone", "step", "horizon", "column", "clock",
    "station_column", "sheet", "known_future", "past_only", "categorical", "knowable_future_features",
    "unknowable_future_features", "missing_words", "path", "issued", "lead"}
"""Keys whose value is a text, or a list of texts: 007 is not 7, NO is Norway and no false, and 10:30 is not 630."""

WRITTEN_FOR = {"：": ": (a colon and a blank)", "，": ", (a comma)", "“": '"', "”": '"', "‘": "'", "’": "'",
               "｛": "{", "｝": "}", "［": "[", "］": "]", "\u00a0": "a blank", "\u3000": "a blank"}
"""Signs of texts that stand where YAML wants another one."""


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
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not valid YAML in UTF-8", found=f"{error.reason} at byte {error.start}",
                          hint="save it in UTF-8") from None
    except yaml.YAMLError as error:
        found = " ".join(str(error).split())
        raise ConfigError(f"{file} is not valid YAML", found=found, hint=sign_for(found) or (
            "indent with blanks, not with tabs" if r"'\t'" in found else None)) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{file} does not hold keys and values", found=f"{type(content).__name__}: "
                          f"{str(content)[:SHOWN]!r}", expected="section: {key: value}", hint=sign_for(str(content)))
    return content


def sign_for(text: str) -> str | None:
    """What to write instead of a sign that YAML takes for a part of a text; None where there is none."""
    wrong = next((sign for sign in text if sign in WRITTEN_FOR), None)
    return None if wrong is None else f"write {WRITTEN_FOR[wrong]} instead of {wrong!r}"


def _as_written(node: yaml.Node | None) -> str | list[str | None] | None:
    """The text of a single value, or those of a list; None for null and for all else."""
    if isinstance(node, yaml.SequenceNode):
        texts = [_as_written(each) for each in node.value]
        return [text for text in texts if text is None or isinstance(text, str)] if all(
            isinstance(each, yaml.ScalarNode) for each in node.value) else None
    if not isinstance(node, yaml.ScalarNode) or node.tag.endswith(":null"):
        return None
    if node.style is None and node.value[:1] in WRITTEN_FOR:
        raise ConfigError(f"the value {node.value!r} begins with a sign that is none of YAML",
                          hint=sign_for(node.value[:1]))
    return str(node.value)


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
