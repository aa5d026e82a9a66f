# SPDX-License-Identifier: BSD-3-Clause-Clear
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.errors import DamageError
from refsw.lossless.stored import read_stored, write_stored


@settings(max_examples=30)
@given(
    height=st.integers(1, 20), width=st.integers(1, 20), depth=st.sampled_from([8, 12, 16]), small=st.booleans(),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_every_sample_returns(height: int, width: int, depth: int, small: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    chroma = (-(-height // 2), -(-width // 2)) if small else (height, width)
    shapes = [(height, width), chroma, chroma]
    planes = [random.integers(0, 1 << depth, s).astype(np.int32) for s in shapes]
    planes[0][:] = planes[0][:1] + np.arange(height)[:, None] & (1 << depth) - 1  # a plane that filters help
    for found, wanted in zip(read_stored(write_stored(planes, depth), shapes, depth), planes, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("data", [
    b"", b"no zlib stream", zlib.compress(bytes(19)), zlib.compress(bytes(21)), zlib.compress(bytes(20)) + b"x",
    zlib.compress(bytes(20))[:-1], zlib.compress(b"\3" + bytes(19)), zlib.compress(bytes(1 << 24)),
])  # fmt: skip
def test_anything_else_is_damage(data: bytes) -> None:
    with pytest.raises(DamageError):
        read_stored(data, [(4, 4)], 8)


def test_samples_above_the_range_are_damage() -> None:
    with pytest.raises(DamageError, match="outside 0"):
        read_stored(zlib.compress(b"\0\4\0"), [(1, 1)], 10)
