"""Writes the tables of the documentation that follow from the code: the settings and the recognised column names.

    python docs/tables.py

A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`. A test compares the pages with the code.
"""

import re
import types
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from wattcast.contracts import Config
from wattcast.data.schema import QUANTITIES
from wattcast.settings import Settings

DOCS = Path(__file__).parent
TABLE = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end of table -->)", re.DOTALL)

WORDS = {bool: "true or false", int: "integer", float: "number", str: "text"}

INDEX = ("Unnamed", "__index")
"""Names that pandas gives to an index: read, but nobody writes them."""

SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def rows(section: type[Config], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a section under its full name, keys of a part of it included."""
    for name, field in section.model_fields.items():
        part = _part(field.annotation)
        if part is None:
            yield f"{prefix}.{name}", field
        else:
            yield from rows(part, f"{prefix}.{name}")


def section_table(name: str) -> str:
    """`key | value | default | meaning` of one section."""
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key, field in rows(_section(name), name):
        kind, meaning = value_in_words(field.annotation, field.metadata), _cell(field.description)
        default = "required" if field.is_required() else f"`{_plain(field.default)}`"
        lines.append(f"| `{key}` | {kind} | {default} | {meaning} |")
    return "\n".join(lines)


def search_table() -> str:
    """The values that hyper-parameter search is to explore, as the models note them."""
    lines = ["| key | values |", "|---|---|"]
    for name in Settings.model_fields:
        for key, field in rows(_section(name), name):
            extra = field.json_schema_extra
            if isinstance(extra, dict) and "search" in extra:
                lines.append(f"| `{key}` | `{extra['search']}` |")
    return "\n".join(lines)


def names_table(head: str = "stands for | spellings | possible values", text: str = "code or text") -> str:
    """The spellings that need no description, and what is possible at all.

    Args:
        head: the names of the columns.
        text: what is possible in a column of texts.
    """
    lines = [f"| {head} |", "|---|---|---|"]
    for name, quantity in QUANTITIES.items():
        low, high = quantity.limits
        limits = "" if low is None and high is None else f"{low:g} … {high:g}"
        spellings = ", ".join(f"`{alias}`" for alias in quantity.aliases if not alias.startswith(INDEX))
        lines.append(f"| {name} | {spellings} | {text if quantity.text else limits} |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {
    **{name: partial(section_table, name) for name in Settings.model_fields},
    "search": search_table,
    "names": names_table,
    "names.zh": partial(names_table, "含义 | 写法 | 可能的取值", "代码或文字"),
}


def value_in_words(kind: Any, limits: Iterable[Any] = ()) -> str:
    """What a key takes: `integer ≥ 1`, `text or null`, `list: number > 0`, `load, pv or wind`.

    Args:
        kind: the annotation of the key.
        limits: what pydantic keeps beside it.
    """
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return value_in_words(inside[0], [limit for field in inside[1:] for limit in field.metadata])
    if origin in (Union, types.UnionType):
        # Beside a plain value the same may be told for each target.
        given = [f"{{target: {value_in_words(get_args(each)[1])}}}" if get_origin(each) is dict else
                 value_in_words(each, limits) for each in inside if each is not type(None)]
        return " or ".join([*given, *(["null"] if type(None) in inside else [])])
    if origin is tuple:
        return f"list: {value_in_words(inside[0])}"
    if origin is dict:
        if get_origin(inside[1]) is not tuple:
            return "name: column"
        return "key: [values]" if Ellipsis in get_args(inside[1]) else "column: [lowest, highest]"
    if origin is Literal:
        return _either([str(each) for each in inside])
    if issubclass(kind, Enum):
        return _either([str(each.value) for each in kind])
    bounds = [f"{sign} {_plain(getattr(limit, name))}" for limit in limits for name, sign in SIGNS.items()
              if getattr(limit, name, None) is not None]
    return f"{WORDS[kind]} {', '.join(bounds)}".strip()


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _part(kind: Any) -> type[Config] | None:
    """The model of a key that holds keys itself, perhaps optional."""
    found = [each for each in (kind, *get_args(kind)) if isinstance(each, type) and issubclass(each, Config)]
    return found[0] if found else None


def _section(name: str) -> type[Config]:
    return type(Settings.model_fields[name].default)


def _plain(value: Any) -> str:
    """A value as YAML takes it."""
    if value is None:
        return "null"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_plain, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def updated(page: str) -> str:
    """The page with every table as the code has it now."""
    return TABLE.sub(lambda match: f"{match[1]}{TABLES[match['name']]()}\n{match[3]}", page)


def main() -> None:
    for path in sorted(DOCS.rglob("*.md")):
        page = path.read_text(encoding="utf-8")
        if updated(page) != page:
            path.write_text(updated(page), encoding="utf-8")
            print(f"{path.name}: tables brought up to date")


if __name__ == "__main__":
    main()
