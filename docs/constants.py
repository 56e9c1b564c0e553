"""Writes the page of constants, `constants.md`, from the sources: name, value, unit, why, where.

    python docs/constants.py

A constant is an assignment of numbers to names in capitals at the top of a module; what it is for stands in the string
below it, and its unit in brackets there where the words do not tell. A test compares the page with the code.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent / "constants.md"
SOURCES = Path(__file__).parents[1] / "src" / "wattcast"

AREAS = {
    "data": "Reading data",
    "features": "Features",
    "windows": "Windows and scaling",
    "model": "The network",
    "training": "Training",
    "experts": "Rules that read the last weeks",
    "forecasting": "Forecasting: shares, bands, level",
    "explain": "Explanations",
    "finetune": "Fine-tuning and its gate",
    "tuning": "Search",
    "evaluation": "Evaluation and the first gate",
    "store": "What is kept",
    "workflows": "Workflows",
    "fleet": "Many stations",
    "nightly": "The night",
    "scan": "The scan",
    "": "All over the package",
}
"""Headings of the page by package, in their order."""

DEFINITIONS = {"HOURS", "HOUR", "DAY", "WEEK", "MONTH", "MONTHS", "GIB", "TRUTH"}
"""Constants that nobody chose: units of time and memory, what words mean."""

WITHOUT = ("scan/kernels/", "scan/cpu.py")
"""Where constants are the layout of memory and the mathematics of a processor."""

FIRST_WORDS = {
    "share": "Share|Shares|The share|By what share", "days": "Days|New days|Measured days|Among how many days",
    "hours": "Hours", "seconds": "Seconds", "steps": "Steps", "rows": "Rows|So many rows", "windows": "Windows",
    "origins": "Origins|How many origins", "readings": "Values|So many values", "degrees": "Degrees",
    "characters": "Characters", "standard deviations": "Standard deviations", "times": "How many times|So many times",
    "number": "How many|So many|And so many|Into how many|Parts|Places|A day has so many|Column names are looked for",
}
"""Words with which an explanation begins that tells the unit thereby; of several the longest counts."""

PREAMBLE = """# Constants

Numbers that are written in the code because nobody should have to set them: thresholds, spans, tolerances. Those that
are meant to be set are in [Configuration](configuration.md). This page is made from the code by `python
docs/constants.py`; what stands under *why* is the explanation beside the constant. Where several names stand in a line,
values and units are in the same order. Left out are units of time and memory, and the layout of memory in the scan's
kernels.
"""


@dataclass(frozen=True)
class Constant:
    """One assignment: names, values as written, the unit, the explanation, and the module's path."""

    names: tuple[str, ...]
    value: str
    unit: str
    why: str
    where: str

    @property
    def area(self) -> str:
        package = self.where.split("/")[0] if "/" in self.where else ""
        return AREAS[package]


def constants(sources: Path = SOURCES) -> list[Constant]:
    """Every constant of the package but definitions, module by module in their order."""
    modules = [path for path in sorted(sources.rglob("*.py"))
               if not path.relative_to(sources).as_posix().startswith(WITHOUT)]
    return [found for path in modules for found in _of_module(path, sources)]


def _of_module(path: Path, sources: Path) -> Iterator[Constant]:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        names, value = _assigned(node)
        if value is None or not all(name.strip("_").isupper() for name in names) or not _is_number(value):
            continue
        if not set(names) <= DEFINITIONS:
            why = _text(after)
            values = value.elts if isinstance(value, ast.Tuple) and len(names) > 1 else [value]
            yield Constant(names, ", ".join(map(_plain, values)), _unit(value, why), _without_unit(why),
                           path.relative_to(sources).as_posix())


def _assigned(node: ast.stmt) -> tuple[tuple[str, ...], ast.expr | None]:
    """The names that a statement assigns to, and the value."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return (node.target.id,), node.value
    if not isinstance(node, ast.Assign) or len(node.targets) > 1:
        return (), None
    target = node.targets[0]
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    return tuple(each.id for each in names if isinstance(each, ast.Name)), node.value


def _is_number(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return type(value.value) in (int, float)
    if isinstance(value, ast.UnaryOp):
        return _is_number(value.operand)
    if isinstance(value, ast.BinOp):
        return _is_number(value.left) and _is_number(value.right)
    if isinstance(value, ast.Tuple):
        return bool(value.elts) and all(map(_is_number, value.elts))
    if isinstance(value, ast.Dict):
        return any(map(_is_number, value.values))
    return _is_span(value)


def _is_span(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "pd.Timedelta" and bool(value.keywords)


def _plain(value: ast.expr) -> str:
    """`28` of `pd.Timedelta(days=28)`; other numbers as they are written."""
    if isinstance(value, ast.Tuple):
        return ", ".join(map(_plain, value.elts))
    if isinstance(value, ast.Call):
        return ", ".join(ast.unparse(each.value) for each in value.keywords)
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        return ", ".join(f"{_plain(key)}: {_plain(each)}" for key, each in pairs if key)
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return ast.unparse(value)


def _text(node: ast.stmt | None) -> str:
    """The string below a constant, in one line."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _unit(value: ast.expr, why: str) -> str:
    """What the brackets say, what a time span is in, or what the first words tell."""
    if named := re.search(r"\[([^\]]+)\]$", why):
        return named[1]
    spans = [str(each.keywords[0].arg) for each in ast.walk(value) if isinstance(each, ast.Call)]
    if spans:
        return ", ".join(dict.fromkeys(spans))
    matches = {unit: re.match(rf"(?:{words})\b", why) for unit, words in FIRST_WORDS.items()}
    begins = [(len(match[0]), unit) for unit, match in matches.items() if match]
    return max(begins, default=(0, ""))[1]


def _without_unit(why: str) -> str:
    return re.sub(r"\s*\[[^\]]+\]$", "", why)


def page(sources: Path = SOURCES) -> str:
    """The whole page."""
    parts, found = [PREAMBLE], constants(sources)
    for area in AREAS.values():
        if rows := [each for each in found if each.area == area]:
            parts.append("\n".join([f"## {area}\n", "| name | value | unit | why | where |", "|---|---|---|---|---|",
                                    *map(_row, rows), ""]))
    return "\n".join(parts)


def _row(constant: Constant) -> str:
    names = ", ".join(f"`{name}`" for name in constant.names)
    why = constant.why.replace("|", "\\|")
    return f"| {names} | {constant.value} | {constant.unit} | {why} | {constant.where} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
