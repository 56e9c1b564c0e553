"""How the CPU kernels may be run: by any number of threads, in any process, compiled; always the same bits."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from wattcast.scan import causal_conv, selective_scan
from wattcast.scan.kernels import launch

pytest.importorskip("numba")


@pytest.fixture(autouse=True)
def threads_for_small_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads are used whatever the work, and their number is restored."""
    monkeypatch.setattr(launch, "SMALL", 0)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def results(seed: int = 0) -> list[Tensor]:
    """The outputs and all gradients of a convolution and a scan in both directions; several blocks, series and chunks.

    Too small for torch's own operators to ask for threads, which would hang in a forked child.
    """
    make = torch.Generator().manual_seed(seed)

    def leaf(*sizes: int) -> Tensor:
        return torch.randn(2, *sizes, generator=make).requires_grad_()
    u, delta, z, B, C = leaf(4, 37, 96), leaf(4, 37, 96), leaf(4, 37, 96), leaf(4, 37, 6), leaf(4, 37, 6)
    D, bias, weight = leaf(96), leaf(96), leaf(96, 4)
    A = torch.empty(2, 96, 6).uniform_(-3, -0.1, generator=make).requires_grad_()
    convolved = causal_conv(u, weight, bias, direction="both", backend="numba")
    out = selective_scan(convolved, delta, A, B, C, D, z, bias, direction="both", gate="mamba_plus", backend="numba")
    return [out, *torch.autograd.grad(out, (u, delta, z, B, C, D, bias, weight, A), z.detach())]


def digest(tensors: list[Tensor]) -> str:
    return hashlib.sha256(b"".join(tensor.detach().contiguous().numpy().tobytes() for tensor in tensors)).hexdigest()


def test_results__are_the_same_bits_for_any_number_of_threads() -> None:
    digests = set()
    for threads in (1, 2, 3, 2, 1):
        torch.set_num_threads(threads)
        digests.add(digest(results()))
    assert len(digests) == 1


def test_results__are_the_same_bits_on_a_pool_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = digest(results())
    monkeypatch.setattr(launch, "openmp", lambda: None)
    assert digest(results()) == expected


def test_results__are_the_same_bits_in_another_process() -> None:
    script = ("import sys; sys.path.insert(0, sys.argv[1])\n"
              "from test_scan_execution import digest, results\nprint(digest(results()))")
    found = subprocess.run([sys.executable, "-c", script, os.path.dirname(__file__)], capture_output=True, text=True,
                           check=True)
    assert found.stdout.strip() == digest(results())


def test_results__are_the_same_bits_when_python_threads_call_at_once() -> None:
    expected = [digest(results(seed)) for seed in range(4)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda seed: digest(results(seed)), [0, 1, 2, 3] * 3)) == expected * 3


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_results__are_the_same_bits_in_a_forked_child() -> None:
    expected = digest(results())
    context = get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=lambda: answers.put(digest(results())), daemon=True)
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert answers.get() == expected


class Scanned(Dataset[Tensor]):
    """A data set whose items need the scan."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Tensor:
        return results(index)[0].detach()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_results__are_the_same_bits_in_a_data_worker() -> None:
    expected = [results(seed)[0].detach() for seed in range(2)]
    loader = DataLoader(Scanned(), batch_size=None, num_workers=1, multiprocessing_context="fork")
    assert digest(list(loader)) == digest(expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compile__takes_the_kernels_as_they_are() -> None:
    def network(u: Tensor, scale: Tensor, A: Tensor, B: Tensor, D: Tensor, weight: Tensor) -> Tensor:
        u = causal_conv(u * scale, weight, D, backend="numba")
        return selective_scan(u, u + scale, -A.exp(), B, B * 2, D, u, D, backend="numba").tanh()

    shapes = ((2, 9, 17), (17,), (17, 3), (2, 9, 3), (17,), (17, 2))
    leaves: list[Any] = [torch.randn(*sizes, requires_grad=True) for sizes in shapes]
    graphs: list[torch.fx.GraphModule] = []

    def record(graph: torch.fx.GraphModule, _inputs: list[Tensor]) -> torch.fx.GraphModule:
        graphs.append(graph)
        return graph
    torch.compile(network, fullgraph=True, backend=record)(*leaves)
    called = {str(node.target) for node in graphs[0].graph.nodes if node.op == "call_function"}
    assert any("numba_scan" in name for name in called), called
    assert any("numba_conv" in name for name in called), called

    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    gradients = [torch.autograd.grad(function(*leaves).sum(), leaves) for function in (network, compiled)]
    for plain, traced in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, traced)


def test_operators__keep_what_torch_asks_of_operators() -> None:
    inputs = [torch.randn(1, 5, 4), torch.randn(1, 5, 4), -torch.rand(4, 2), torch.randn(1, 5, 2), torch.randn(1, 5, 2),
              torch.randn(4), torch.randn(1, 5, 4), torch.randn(4)]
    leaves = [tensor.requires_grad_() for tensor in inputs]
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(torch.ops.wattcast.numba_scan, (*leaves, "forward", "silu", True), test_utils=checks)
    torch.library.opcheck(torch.ops.wattcast.numba_conv, (leaves[0], leaves[2], leaves[5], "backward"),
                          test_utils=checks)
