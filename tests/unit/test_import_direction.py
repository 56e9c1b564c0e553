"""Imports go one way: a module may use earlier tiers and its own package, nothing later."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "wattcast"
TIERS = (
    {"errors", "contracts", "timegrid"},
    {"metrics", "data", "scan", "configfile", "locks", "manifests", "forked"},
    {"features", "model"},
    {"windows"},
    {"training"},
    {"experts"},
    {"store"},
    {"forecasting", "evaluation"},
    {"explain", "tuning", "finetune"},
    {"settings", "workflows"},
    {"nightly", "fleet"},
    {"api", "cli", "cli_exits", "cli_fleet", "cli_intake", "cli_models", "cli_nightly", "cli_review", "cli_stations",
     "flags", "legacy", "render", "render_issued", "render_progress", "stations"},
    {"__main__"},
)
TIER = {name: number for number, names in enumerate(TIERS) for name in names}
SHARES_A_TIER = {("contracts", "errors"), ("timegrid", "contracts"), ("timegrid", "errors"), ("workflows", "settings"),
                 ("cli", "cli_exits"), ("cli_exits", "cli_stations"), ("cli", "cli_fleet"),
                 ("cli_fleet", "cli_stations"), ("cli_fleet", "flags"),
                 ("cli_fleet", "render"), ("cli", "cli_intake"), ("cli", "cli_models"), ("cli", "cli_review"),
                 ("cli", "cli_stations"), ("cli", "flags"), ("cli", "render"), ("cli_models", "cli_stations"),
                 ("cli_models", "flags"), ("cli_models", "render"), ("cli_intake", "cli_stations"),
                 ("cli_intake", "flags"), ("cli_intake", "render"), ("cli", "cli_nightly"),
                 ("cli_nightly", "cli_stations"), ("cli_nightly", "flags"), ("cli_nightly", "render"),
                 ("cli_review", "cli_stations"), ("cli_review", "flags"), ("cli_review", "render_issued"),
                 ("render_issued", "render"), ("cli", "render_progress"), ("legacy", "render_progress"),
                 ("render_progress", "render"), ("cli_stations", "render"), ("legacy", "render"), ("stations", "api")}
"""Within a tier only these, in this direction: no cycle can arise."""


def imported_parts(path: Path) -> set[str]:
    """The parts of wattcast that a file imports when it runs: what only a type checker sees does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    only_for_types = {child for block in blocks for child in ast.walk(block)}
    names = []
    for node in ast.walk(tree):
        if node in only_for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "wattcast":
            names += [f"wattcast.{alias.name}" for alias in node.names if alias.name != "__version__"]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("wattcast.")}


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports__only_earlier_tiers(path: Path) -> None:
    part = part_of(path)
    wrong = {other for other in imported_parts(path) - {part}
             if TIER[other] >= TIER[part] and (part, other) not in SHARES_A_TIER}
    assert not wrong, f"{part} may not import {sorted(wrong)}"


def test_tiers__hold_every_part_and_no_other() -> None:
    assert {part_of(path) for path in MODULES} == set(TIER)


def test_imported_parts__sees_a_late_import(tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from wattcast.cli import main\n"
                    "def f():\n    import wattcast.store.files\n    from wattcast import __version__, render\n")
    assert imported_parts(path) == {"store", "render"}
