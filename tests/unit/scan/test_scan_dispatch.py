import logging
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from wattcast.errors import ConfigError, MissingExtraError
from wattcast.scan import available_backends, causal_conv, dispatch, loop, resolve_backend, selective_scan


@pytest.fixture(autouse=True)
def fresh_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """No choice remembered and none made by the environment."""
    monkeypatch.delenv("WATTCAST_SCAN", raising=False)
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setattr(dispatch, "_chosen", {})


@pytest.fixture
def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "is_installed", lambda _package: False)


def tensors(dtype: torch.dtype = torch.float32) -> list[Tensor]:
    sizes = ((1, 3, 4), (1, 3, 4), (4, 2), (1, 3, 2), (1, 3, 2), (4,), (1, 3, 4), (4,))
    return [torch.randn(size, dtype=dtype) for size in sizes]


def test_auto__prefers_kernels_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "wattcast"):
        assert [resolve_backend() for _ in range(3)] == ["numba"] * 3
    assert caplog.messages == ["scan: numba on cpu (vector kernels for this processor)"]


@pytest.mark.usefixtures("without_packages")
def test_auto__falls_back_to_the_loop_where_numba_is_missing() -> None:
    assert resolve_backend() == "loop"
    inputs = tensors()
    assert torch.equal(selective_scan(*inputs), selective_scan(*inputs, backend="loop"))


def test_auto__takes_float64_to_the_loop() -> None:
    assert resolve_backend(dtype=torch.float64) == "loop"
    assert selective_scan(*tensors(torch.float64)).dtype == torch.float64


def test_auto__does_not_run_the_interpreter_of_gpu_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    assert resolve_backend() == "numba"


def test_auto__obeys_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTCAST_SCAN", "reference")
    assert resolve_backend() == "reference"
    assert resolve_backend("loop") == "loop"
    monkeypatch.setenv("WATTCAST_SCAN", "nmba")
    with pytest.raises(ConfigError, match="did you mean numba"):
        resolve_backend()


def test_a_backend_asked_for_by_name__runs(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(loop, "selective_scan", lambda *arguments: called.append("scan") or arguments[0])
    monkeypatch.setattr(loop, "causal_conv", lambda *arguments: called.append("conv") or arguments[0])
    selective_scan(*tensors(), backend="loop")
    causal_conv(torch.randn(1, 3, 4), torch.randn(4, 2), torch.randn(4), backend="loop")
    assert called == ["scan", "conv"]


@pytest.mark.parametrize(("name", "dtype", "words"), [
    ("numba", torch.float64, "float64"), ("triton", torch.float32, "on cuda only"), ("cuda", torch.float32, "unknown")])
def test_a_backend_asked_for_by_name__that_cannot_run_is_an_error(name: str, dtype: torch.dtype, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        resolve_backend(name, dtype=dtype)


@pytest.mark.usefixtures("without_packages")
def test_a_backend_asked_for_by_name__whose_package_is_missing_is_an_error() -> None:
    with pytest.raises(ConfigError, match="numba is not installed"):
        resolve_backend("numba")
    with pytest.raises(MissingExtraError, match=r"pip install 'wattcast\[mamba\]'"):
        resolve_backend("mamba_ssm")


def test_numba__of_an_older_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "version", lambda _package: "0.61.2")
    assert resolve_backend() == "loop"
    with pytest.raises(ConfigError, match=r"Numba 0\.62 or newer"):
        resolve_backend("numba")


def test_available_backends__gives_a_reason_for_each() -> None:
    statuses = {status.name: status for status in available_backends("cpu")}
    assert list(statuses) == ["triton", "mamba_ssm", "numba", "loop", "reference"]
    assert [name for name, status in statuses.items() if status.usable] == ["numba", "loop", "reference"]
    assert all(status.reason for status in statuses.values())
    assert not {status.name: status for status in available_backends("cuda")}["numba"].usable


def test_arguments__of_the_wrong_shape_or_kind_are_named() -> None:
    inputs = tensors()
    with pytest.raises(ValueError, match=r"C has the shape \(1, 2, 2\), expected \(1, 3, 2\)"):
        selective_scan(*inputs[:4], inputs[4][:, :2], *inputs[5:])
    with pytest.raises(ValueError, match="u has the shape"):
        selective_scan(inputs[0][0], *inputs[1:])
    with pytest.raises(ValueError, match="u has the shape"):
        selective_scan(inputs[0][:, :0], *inputs[1:])
    with pytest.raises(ValueError, match=r"expected \(2, 1, 3, 4\)"):
        selective_scan(*(tensor.expand(2, *tensor.shape) for tensor in inputs[:6]), *inputs[6:], direction="both")
    with pytest.raises(ValueError, match=r"D holds torch\.int64"):
        selective_scan(*inputs[:5], inputs[5].long(), *inputs[6:])
    with pytest.raises(ValueError, match="z is on meta"):
        selective_scan(*inputs[:6], inputs[6].to("meta"), inputs[7])
    with pytest.raises(ConfigError, match="did you mean mamba_plus"):
        selective_scan(*inputs, gate="mambaplus")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="direction"):
        causal_conv(inputs[0], torch.randn(4, 2), inputs[5], direction="sideways")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="9 taps"):
        causal_conv(inputs[0], torch.randn(4, 9), inputs[5])
    with pytest.raises(ValueError, match="bias has the shape"):
        causal_conv(inputs[0], torch.randn(4, 2), inputs[5][:3])


def test_import__reads_no_compiler() -> None:
    script = ("import sys, wattcast.scan\n"
              "print({'numba', 'llvmlite', 'triton', 'mamba_ssm', 'torch._dynamo'} & sys.modules.keys())")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
