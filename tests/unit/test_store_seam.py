"""Nobody but a store opens a station's folder: what is kept may be in a database as well."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "wattcast"
OF_A_FOLDER = {"registry", "history", "forecasts", "mornings", "disk_station", "bundle_folder"}
"""Modules of `store` that read and write files of a station."""
ALLOWED = {
    ("api.py", "bundle_folder"): "a folder of the user's own, that `Forecaster.save` and `load` are given",
}
OUTSIDE = sorted(path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] != "store")


def imports_of(path: Path) -> set[tuple[str, str]]:
    """Modules of `store` and the names that are imported from them."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {(node.module.removeprefix("wattcast.store."), alias.name) for node in nodes
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wattcast.store.")
            for alias in node.names}


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_store__its_folders_are_opened_by_itself_alone(path: Path) -> None:
    wrong = {module for module, _ in imports_of(path)
             if module in OF_A_FOLDER and (str(path.relative_to(SOURCE)), module) not in ALLOWED}
    assert not wrong
    text = path.read_text(encoding="utf-8")
    assert not [name for name in ("registry.json", "manifest.json", "measurements.parquet", "/ \"versions\"")
                if name in text and path.name != "base_model.py"]


def test_imports_of__sees_a_late_import(tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text("def f():\n    from wattcast.store.registry import Registry\n")
    assert imports_of(path) == {("registry", "Registry")}
