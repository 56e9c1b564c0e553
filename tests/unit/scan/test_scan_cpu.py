import os

import pytest
import torch

from wattcast.scan import cpu, selective_scan
from wattcast.scan.kernels import launch

pytest.importorskip("numba")


@pytest.mark.parametrize(("channels", "width"), [
    (1, 16), (16, 16), (17, 32), (64, 64), (96, 32), (160, 32), (192, 64), (256, 64)])
def test_block_width__wastes_little(channels: int, width: int) -> None:
    assert cpu.block_width(channels) == width


def test_by_block__puts_each_channel_into_its_lane_and_back() -> None:
    matrix = torch.arange(2.0 * 20 * 3).reshape(2, 20, 3)
    blocks = cpu.by_block(matrix, 32, 16)
    assert blocks.shape == (2, 2, 3, 16)
    assert blocks[1, 1, 2, 3] == matrix[1, 16 + 3, 2]
    assert (blocks[:, 1, :, 4:] == 0).all()
    assert torch.equal(cpu.from_blocks(blocks, 20), matrix)


@pytest.mark.parametrize(("outer", "count", "size"), [(1, 1, 16), (3, 7, 48), (2, 40, 16)])
def test_summed__adds_over_the_second_axis(outer: int, count: int, size: int) -> None:
    parts = torch.randn(outer, count, size)
    torch.testing.assert_close(launch.summed(parts), parts.sum(1))


def used_threads(monkeypatch: pytest.MonkeyPatch, length: int) -> list[int]:
    """The numbers of threads that one scan asks the pool for."""
    asked: list[int] = []
    monkeypatch.setattr(launch, "openmp", lambda: None)
    run = launch.run_in_pool
    monkeypatch.setattr(launch, "run_in_pool", lambda *arguments: asked.append(arguments[2]) or run(*arguments))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    u = torch.randn(4, length, 64)
    selective_scan(u, u, -torch.ones(64, 16), u[..., :16], u[..., 16:32], u[0, 0], u, u[0, 0], backend="numba")
    torch.set_num_threads(before)
    return asked


def test_run__wakes_other_threads_for_large_work_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert used_threads(monkeypatch, launch.SMALL // (4 * 64 * 16) + 1) == [2]
    assert used_threads(monkeypatch, 2) == []


def test_run__works_alone_in_a_forked_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_parent", os.getpid() + 1)
    assert used_threads(monkeypatch, launch.SMALL // (4 * 64 * 16) + 1) == []


def test_inference__keeps_no_states() -> None:
    u = torch.randn(1, 40, 64, requires_grad=True)
    inputs = (u, u, -torch.ones(64, 4), u[..., :4], u[..., 4:8], u[0, 0], u, u[0, 0])
    assert cpu.scan_forward(inputs, "forward", "silu", keep=False)[1].numel() == 0
    assert cpu.scan_forward(inputs, "forward", "silu", keep=True)[1].shape == cpu.kept_shape(u, inputs[2], "forward")
    with torch.no_grad():
        assert selective_scan(*inputs, backend="numba").grad_fn is None
