"""Patches of the past and the horizon, and back to steps."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wattcast.errors import ConfigError
from wattcast.model.patching import horizon_patches, merge_patches, past_patches, patch_count, patch_counts

few = settings(max_examples=60)
sizes = st.integers(1, 24).flatmap(lambda patch_len: st.tuples(st.just(patch_len), st.integers(1, patch_len)))


def steps(length: int, features: int = 1) -> torch.Tensor:
    """Steps 1, 2, 3 … in the first feature, ten thousand more in each next one."""
    values = torch.arange(1, length + 1, dtype=torch.float32)
    return torch.stack([values + 10_000 * feature for feature in range(features)], -1)[None]


@pytest.mark.parametrize(("patch_len", "stride", "expected"), [
    (16, 16, (126, 42)), (20, 20, (101, 34)), (20, 15, (135, 45)), (24, 6, (333, 109)), (2100, 2100, (1, 1))])
def test_patch_counts__are_the_fewest_that_cover_three_weeks_and_one(patch_len, stride, expected):
    assert patch_counts(2016, 672, patch_len, stride) == expected


@pytest.mark.parametrize("stride", [0, 5])
def test_patch_count__refuses_a_stride_that_leaves_steps_out(stride):
    with pytest.raises(ConfigError, match="patches of 4 steps"):
        patch_count(96, 4, stride)


def test_past_patches__end_at_the_origin_and_fill_up_at_the_front():
    patches = past_patches(steps(9), 4, 3)[0, :, :, 0]
    assert patches.tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]


def test_horizon_patches__begin_at_the_origin_and_fill_up_at_the_end():
    patches = horizon_patches(steps(9), 4, 3)[0, :, :, 0]
    assert patches.tolist() == [[1, 2, 3, 4], [4, 5, 6, 7], [7, 8, 9, 0]]


def test_patches__of_a_window_shorter_than_one_are_one():
    assert past_patches(steps(3), 5, 2)[0, :, :, 0].tolist() == [[0, 0, 1, 2, 3]]
    assert horizon_patches(steps(3), 5, 2)[0, :, :, 0].tolist() == [[1, 2, 3, 0, 0]]


@pytest.mark.parametrize("cut", [past_patches, horizon_patches])
def test_patches__are_a_view_where_they_divide_the_window(cut):
    window = steps(10, 3)
    assert cut(window, 4, 2).data_ptr() == window.data_ptr()


@few
@given(sizes, st.integers(1, 60))
def test_patches__hold_the_steps_that_their_place_says(size, length):
    patch_len, stride = size
    window = steps(length, 2)
    past, horizon = past_patches(window, patch_len, stride), horizon_patches(window, patch_len, stride)
    count = patch_count(length, patch_len, stride)
    assert past.shape == horizon.shape == (1, count, patch_len, 2)
    for index in range(count):
        for place in range(patch_len):
            after = index * stride + place
            before = length - 1 - (count - 1 - index) * stride - (patch_len - 1 - place)
            assert horizon[0, index, place].tolist() == (window[0, after].tolist() if after < length else [0, 0])
            assert past[0, index, place].tolist() == (window[0, before].tolist() if before >= 0 else [0, 0])


def test_merge_patches__averages_where_patches_overlap():
    patches = torch.tensor([200.0, 300.0]).reshape(1, 2, 1, 1).expand(1, 2, 4, 1)
    assert merge_patches(patches, 2, 6).flatten().tolist() == [200, 200, 250, 250, 300, 300]


@few
@given(sizes, st.integers(1, 100), st.integers(1, 3))
def test_merge_patches__is_the_inverse_of_horizon_patches(size, length, features):
    window = torch.cat([steps(length, features), -steps(length, features)])
    merged = merge_patches(horizon_patches(window, *size), size[1], length)
    assert merged.shape == window.shape
    torch.testing.assert_close(merged, window, rtol=1e-6, atol=0)


@few
@given(sizes, st.integers(1, 60))
def test_merge_patches__gives_each_step_weights_that_sum_to_one(size, length):
    patch_len, stride = size
    patches = torch.zeros(1, patch_count(length, patch_len, stride), patch_len, 1, requires_grad=True)
    for step in {0, length // 2, length - 1}:
        (weights,) = torch.autograd.grad(merge_patches(patches, stride, length)[0, step, 0], patches)
        held = weights[weights != 0]
        assert held.sum().item() == pytest.approx(1)
        assert held.min() == held.max()
