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


def test_kernels__are_compiled_when_needed_and_then_loaded_without_the_compiler(tmp_path: Path) -> None:
    environment, outputs = os.environ | {"WATTCAST_CACHE_DIR": str(tmp_path)}, []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", FORECAST], capture_output=True, text=True, env=environment,
                              check=True)
        outputs.append(done.stdout.split())
    assert [compiled for _, compiled in outputs] == ["True", "False"]
    assert outputs[0][0] == outputs[1][0]
    kept = list(tmp_path.rglob("*.o"))
    assert [path.relative_to(tmp_path).parts for path in kept] == [(cache.fingerprint(), "wattcast_scan_forward_16.o")]


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The kernels compiled so far, by a compiler that makes nothing of use; an empty cache in `tmp_path/cache`."""
    done: list[str] = []

    def compiled(_name: str, _width: int, symbol: str) -> bytes:
        done.append(symbol)
        return b"code"
    monkeypatch.setenv("WATTCAST_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "compiled", compiled)
    monkeypatch.setattr(cache, "link", lambda code, _symbol: len(code))
    return done


def load(monkeypatch: pytest.MonkeyPatch) -> int:
    """The address of a kernel in what might be a new process."""
    monkeypatch.setattr(cache, "_addresses", {})
    return cache.kernel_address("sums", 16)


def test_kernel_address__finds_what_was_kept(compilations: list[str], monkeypatch: pytest.MonkeyPatch,
                                             tmp_path: Path) -> None:
    assert [load(monkeypatch) for _ in range(3)] == [4, 4, 4]
    assert cache.kernel_address("sums", 16) == 4
    assert compilations == ["wattcast_sums_16"]
    folder = tmp_path / "cache" / cache.fingerprint()
    assert [path.name for path in folder.iterdir()] == ["wattcast_sums_16.o"]
    if os.name == "posix":
        assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"short", bytes(32) + b"code", None])
def test_kernel_address__does_not_load_what_is_damaged(compilations: list[str], monkeypatch: pytest.MonkeyPatch,
                                                       tmp_path: Path, damage: bytes | None) -> None:
    load(monkeypatch)
    kept, = tmp_path.rglob("*.o")
    kept.write_bytes(kept.read_bytes()[:-1] if damage is None else damage)
    assert [load(monkeypatch), load(monkeypatch)] == [4, 4]
    assert len(compilations) == 2


def test_kernel_address__does_not_find_what_was_kept_for_another_environment(
        compilations: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    load(monkeypatch)
    monkeypatch.setattr(cache, "fingerprint", lambda: "another")
    load(monkeypatch)
    assert len(compilations) == 2
    assert len(list(tmp_path.rglob("*.o"))) == 2


def test_kernel_address__works_where_nothing_can_be_kept(compilations: list[str], monkeypatch: pytest.MonkeyPatch,
                                                         tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("WATTCAST_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert [load(monkeypatch), load(monkeypatch)] == [4, 4]
    assert len(compilations) == 2


def test_fingerprint__changes_with_sources_compiler_and_processor(monkeypatch: pytest.MonkeyPatch,
                                                                  tmp_path: Path) -> None:
    from llvmlite import binding

    found = {cache.fingerprint()}
    with monkeypatch.context() as patch:
        patch.setattr(cache, "version", lambda _package: "0")
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
