"""Variational mode decomposition against vmdpy, window by window."""

import numpy as np
import pytest
import torch
import vmdpy

from wattcast.features import vmd
from wattcast.features.vmd import decompose


def load_like(batch: int, length: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    day = np.arange(length) / 96
    cycle = np.sin(2 * np.pi * day) + 0.4 * np.sin(4 * np.pi * day + 1)
    return cycle * (1 + 0.5 * rng.normal(size=(batch, 1))) + 0.3 * rng.normal(size=(batch, length))


def reference(windows: np.ndarray, modes: int, alpha: float = 2000, tau: float = 0,
              tolerance: float = 1e-7) -> np.ndarray:
    return np.stack([vmdpy.VMD(window, alpha, tau, modes, 0, 1, tolerance)[0] for window in windows])


def relative_error(found: torch.Tensor, expected: np.ndarray) -> float:
    """Of the worst window."""
    difference = np.linalg.norm(found.double().numpy() - expected, axis=(1, 2))
    return float((difference / np.linalg.norm(expected, axis=(1, 2))).max())


@pytest.mark.parametrize(("length", "modes"), [(2, 1), (6, 2), (50, 3), (96, 5), (334, 4)])
def test_decompose__agrees_with_vmdpy(length: int, modes: int) -> None:
    windows = load_like(3, length)
    assert relative_error(decompose(torch.from_numpy(windows), modes), reference(windows, modes)) < 1e-10


@pytest.mark.parametrize(("alpha", "tau", "tolerance"),
                         [(50, 0, 1e-7), (2000, 0.1, 1e-6), (300, 0, 1e-3), (2000, 0, 0)])
def test_decompose__agrees_with_vmdpy_for_other_settings(alpha: float, tau: float, tolerance: float) -> None:
    windows = load_like(2, 64)
    found = decompose(torch.from_numpy(windows), 3, alpha, tau, tolerance)
    assert relative_error(found, reference(windows, 3, alpha, tau, tolerance)) < 1e-8


def test_decompose__noise_alone_agrees_including_the_reference_s_ripple() -> None:
    windows = np.random.default_rng(1).normal(size=(4, 32))
    assert relative_error(decompose(torch.from_numpy(windows), 3), reference(windows, 3)) < 1e-10


def test_decompose__single_precision_is_close() -> None:
    windows = load_like(4, 336)
    found = decompose(torch.from_numpy(windows).float(), 4)
    assert found.dtype == torch.float32
    assert relative_error(found, reference(windows, 4)) < 1e-4


def test_decompose__a_window_does_not_depend_on_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = torch.from_numpy(load_like(11, 50) * np.linspace(0.01, 3, 11)[:, None])  # converge one by one
    together = decompose(windows, 3)
    for slots in (1, 4):
        monkeypatch.setattr(vmd, "_ELEMENTS", slots * 50)
        torch.testing.assert_close(decompose(windows, 3), together, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("length", [1, 5, 95, 337])
def test_decompose__odd_lengths_lose_no_sample(length: int) -> None:
    windows = torch.from_numpy(load_like(2, length))
    modes = decompose(windows, 4, alpha=1, tolerance=1e-12, max_iterations=3000)
    assert modes.shape == (2, 4, length)
    residual = (modes.sum(1) - windows).norm(dim=1) / windows.norm(dim=1)
    assert residual.max() < 0.2                                  # wide modes leave little out, at the ends neither
    assert (modes.sum(1) - windows)[:, -1].abs().max() < 0.5


def test_decompose__odd_length_is_near_its_even_neighbour() -> None:
    windows = torch.from_numpy(load_like(1, 336))
    odd, even = decompose(windows[:, 1:], 3), decompose(windows, 3)
    middle = slice(50, -50)
    error = (odd[..., middle] - even[..., 1:][..., middle]).norm() / even[..., middle].norm()
    assert error < 0.02


def test_decompose__finds_the_parts_of_a_sum() -> None:
    time = torch.arange(960, dtype=torch.float64) / 960
    parts = torch.stack([torch.cos(2 * torch.pi * count * time) for count in (24, 160, 320)])
    modes = decompose(parts.sum(0, keepdim=True), 3)[0]
    order = modes.diff(dim=1).norm(dim=1).argsort()
    assert ((modes[order] - parts)[:, 48:-48].norm(dim=1) / parts[:, 48:-48].norm(dim=1)).max() < 0.05


def test_decompose__empty_windows_have_empty_modes() -> None:
    windows = torch.zeros(3, 48)
    windows[1] = torch.linspace(0, 1, 48)
    modes = decompose(windows, 3)
    assert torch.isfinite(modes).all()
    assert (modes[0] == 0).all()
    assert modes[1].abs().sum() > 0


def test_decompose__result_takes_part_in_training() -> None:
    modes = decompose(torch.from_numpy(load_like(2, 48)).float(), 2)
    weight = torch.ones(48, requires_grad=True)
    (modes * weight).sum().backward()
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0
