import pytest
import torch

from wattcast.scan import loop, reference


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("length", [1, loop.CHUNK - 1, loop.CHUNK, loop.CHUNK + 1, 3 * loop.CHUNK])
def test_chunks__visit_every_step_once_in_the_order_of_the_scan(length: int, backward: bool) -> None:
    visited = [range(length)[part][step] for part, order in loop.chunks(length, backward) for step in order]
    assert visited == (list(range(length))[::-1] if backward else list(range(length)))


@pytest.mark.parametrize("steps", [0, 1, 3, 4, 7])
def test_shifted__pairs_each_step_with_the_one_before_it_in_the_scan(steps: int) -> None:
    x = torch.arange(4.0).reshape(1, 4, 1)
    for backward, sign in ((False, -1), (True, 1)):
        source, place = loop.shifted(x, steps, backward)
        assert (source == x[:, place] + sign * steps).all()
        assert source.shape[1] == max(4 - steps, 0)


def test_loop__keeps_one_state_a_chunk_for_its_backward_pass() -> None:
    u = torch.randn(2, 3 * loop.CHUNK, 4, requires_grad=True)
    B = u[..., :1].expand(-1, -1, 5)
    out = loop.selective_scan(u, u, -torch.ones(4, 5), B, B, u[0, 0], u, u[0, 0], "forward", "silu")
    node = out.grad_fn
    while not hasattr(node, "saved_tensors"):
        node = node.next_functions[0][0]
    saved = [tensor.shape for tensor in node.saved_tensors]
    assert saved.count(torch.Size((2, 4, 5))) == 3
    assert max(shape.numel() for shape in saved) <= 2 * 3 * loop.CHUNK * 5


def test_gate_gradients__are_autograds() -> None:
    y, u, z = (torch.randn(3, 5, dtype=torch.float64, requires_grad=True) for _ in range(3))
    D, grad = torch.randn(5, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)
    for gate in ("silu", "mamba_plus"):
        skip = (D * u).detach().requires_grad_()
        out = reference.apply_gate(y, skip, torch.ones(5, dtype=torch.float64), z, gate)  # type: ignore[arg-type]
        expected = torch.autograd.grad(out, (y, skip, z), grad)
        found = loop.gate_gradients(grad, y, u, D, z, gate)  # type: ignore[arg-type]
        for mine, right in zip(found, expected, strict=True):
            torch.testing.assert_close(mine, right)
