"""The script of the guide `nightly.md`, run with a stand-in for wattcast that ends as it is told."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "nightly.md"
STAND_IN = """#!/bin/sh
echo "$@" >>calls.txt
echo "{}"
echo "progress" >&2
case "$1" in finetune) exit "$TUNED" ;; *) exit "$MADE" ;; esac
"""

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")


def night(folder: Path, tuned: int, made: int) -> int:
    """Run the script of the guide in a folder; `tuned` and `made` are the exit codes of the two commands."""
    script = re.search(r"^```text\n(#!/bin/sh\n.*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert script
    (folder / "night.sh").write_text(script[1], encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin" / "wattcast").write_text(STAND_IN, encoding="utf-8")
    (folder / "bin" / "wattcast").chmod(0o755)
    told = {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "TUNED": str(tuned), "MADE": str(made)}
    return subprocess.run(["sh", str(folder / "night.sh")], env=os.environ | told, cwd="/", check=False).returncode


@pytest.mark.parametrize(("tuned", "made", "ends"), [
    (0, 0, 0), (3, 0, 0), (0, 4, 4), (3, 4, 4), (2, 0, 2), (2, 4, 4), (1, 0, 1), (0, 2, 2)])
def test_script__ends_with_the_code_that_matters_more(tmp_path: Path, tuned: int, made: int, ends: int) -> None:
    assert night(tmp_path, tuned, made) == ends


def test_script__forecasts_after_a_fine_tuning_that_failed_and_keeps_what_was_said(tmp_path: Path) -> None:
    night(tmp_path, 2, 0)
    assert [call.split()[0] for call in (tmp_path / "calls.txt").read_text().splitlines()] == ["finetune", "forecast"]
    assert {path.suffix: path.read_text() for path in (tmp_path / "logs").glob("*-forecast.*")} == {
        ".json": "{}\n", ".txt": "progress\n"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d finetune 2 forecast 0\n", (tmp_path / "logs" / "nights.txt").read_text())
