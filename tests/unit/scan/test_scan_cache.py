import os
import subprocess
import sys
from pathlib import Path

import pytest

from wattcast.scan.kernels import cache

pytest.importorskip("numba")

FORECAST = """
import sys, torch
from wattcast.scan import selective_scan
tensors = [torch.ones(1, 3, 4), torch.ones(1, 3, 4), -torch.ones(4, 2), torch.ones(1, 3, 2), torch.ones(1, 3, 2),
           torch.ones(4), torch.ones(1, 3, 4), torch.ones(4)]
print(selective_scan(*tensors, backend="numba").sum().item(), "numba" in sys.modules)
"""


def forecast(folder: Path) -> list[str]:
    """The sum that a new process forecasts, and whether it had to load Numba."""
    environment = os.environ | {"WATTCAST_CACHE_DIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", FORECAST], capture_output=True, text=True, env=environment, check=True)
    return done.stdout.split()


def test_kernels__are_compiled_once_and_only_those_that_are_used(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    total, compiled = forecast(folder)
    assert compiled == "True"
    kept, = folder.rglob("*.o")
    assert kept.name == "wattcast_scan_forward_16.o"
    assert kept.parent == folder / cache.fingerprint()
    if os.name == "posix":
        assert kept.parent.stat().st_mode & 0o077 == 0
    assert forecast(folder) == [total, "False"]

    kept.write_bytes(kept.read_bytes()[:-1])
    assert forecast(folder) == [total, "True"]
    assert forecast(folder) == [total, "False"]

    kept.parent.rename(folder / "another-processor")
    assert forecast(folder) == [total, "True"]


def test_kernels__are_compiled_in_every_process_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert forecast(tmp_path / "file" / "cache")[1] == "True"


def test_fingerprint__changes_with_the_sources_the_compiler_and_the_processor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from llvmlite import binding

    found = {cache.fingerprint()}
    with monkeypatch.context() as patch:
        patch.setattr(cache, "version", lambda package: "0")
        found.add(cache.fingerprint.__wrapped__())
    with monkeypatch.context() as patch:
        patch.setattr(binding, "get_host_cpu_name", lambda: "another")
        found.add(cache.fingerprint.__wrapped__())
    (tmp_path / "simd.py").write_text("WIDER = True\n")
    with monkeypatch.context() as patch:
        patch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
        found.add(cache.fingerprint.__wrapped__())
    assert len(found) == 4
    assert cache.fingerprint.__wrapped__() in found


def test_cache_folder__is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WATTCAST_CACHE_DIR", str(tmp_path))
    assert cache.cache_folder() == tmp_path
    monkeypatch.delenv("WATTCAST_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_folder() == tmp_path / "xdg" / "wattcast"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.cache_folder() == Path.home() / "Library" / "Caches" / "wattcast"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache.cache_folder() == tmp_path / "local" / "wattcast"
