# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Floating point holds the integers: every operation equals its definition in int64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.exact.gain import LOG_LIMIT, GainTable
from refsw.exact.layer import IntegerLayer
from refsw.exact.operations import NumpyOperations, ProvenLayer
from refsw.exact.torch_backend import exact_numerics
from refsw.exact.torch_operations import TorchOperations

LIMIT = 32767
RANGE = (-LIMIT, LIMIT)


def layer(
    random: np.random.Generator, inputs: int, outputs: int, kernel: int, short: bool, shuffle: bool
) -> ProvenLayer:
    top = 127 if short else LIMIT
    weight = random.integers(-top, top + 1, (outputs, inputs, kernel, kernel)).astype(np.int8 if short else np.int16)
    multiplier = np.ones(outputs, np.int32) if random.random() < 0.5 else random.integers(1, 999, outputs, np.int32)
    bias = random.integers(-(1 << 30), 1 << 30, outputs)
    shift = random.integers(0, 33, outputs).astype(np.int32)
    return ProvenLayer.prove("test", IntegerLayer(weight, multiplier, bias, shift, shuffle, RANGE), RANGE)


@settings(max_examples=60)
@given(
    st.integers(0, 1 << 30), st.integers(1, 9), st.integers(1, 3), st.sampled_from((1, 3)), st.booleans(), st.booleans()
)
def test_convolutions(seed: int, inputs: int, groups: int, kernel: int, short: bool, shuffle: bool) -> None:
    random = np.random.default_rng(seed)
    proven = layer(random, inputs, 4 * groups, kernel, short, shuffle)
    x = random.integers(-LIMIT, LIMIT + 1, (inputs, *random.integers(1, 9, 2)))
    definition = NumpyOperations()
    wanted = definition.store(definition.conv(proven, definition.load(x)))
    for precision in ("auto", "float64"):
        operations = TorchOperations(precision=precision)
        with exact_numerics("cpu"):
            for _ in range(2):  # weights are converted once
                np.testing.assert_array_equal(operations.store(operations.conv(proven, operations.load(x))), wanted)


@settings(max_examples=80)
@given(st.integers(0, 1 << 30), st.integers(0, 2048), st.integers(1, 31))
def test_everything_else(seed: int, quality_index: int, bits: int) -> None:
    random = np.random.default_rng(seed)
    x, y = random.integers(-(1 << bits), 1 << bits, (2, 3, 4, 5))
    table = GainTable(random.integers(-LOG_LIMIT, LOG_LIMIT + 1, (9, 3)).astype(np.int32), (-(1 << 23), 1 << 23))
    keep = random.random((3, 4, 5)) < 0.5
    a, b = NumpyOperations(), TorchOperations()
    for name, first, second in (
        ("leaky", a.leaky(a.load(x)), b.leaky(b.load(x))),
        ("add", a.add(a.load(x), a.load(y), RANGE), b.add(b.load(x), b.load(y), RANGE)),
        ("gain", a.gain(table, a.load(x), quality_index), b.gain(table, b.load(x), quality_index)),
        ("mask", a.mask(a.load(x), keep), b.mask(b.load(x), keep)),
        ("join", a.join([a.load(x), a.load(y)]), b.join([b.load(x), b.load(y)])),
        ("cut", a.cut(a.load(x), slice(1, 3), slice(0, 2)), b.cut(b.load(x), slice(1, 3), slice(0, 2))),
    ):
        np.testing.assert_array_equal(a.store(first), b.store(second), err_msg=name)


def test_the_order_of_summation_does_not_matter() -> None:
    """Channels permuted, extremes of weights and samples: the proof is of every partial sum (D.4)."""
    random = np.random.default_rng(4)
    proven = layer(random, 64, 8, 3, short=False, shuffle=False)
    x = np.where(random.random((64, 6, 6)) < 0.5, -LIMIT, LIMIT)
    definition = NumpyOperations()
    wanted = definition.conv(proven, definition.load(x))
    for _ in range(5):
        order = random.permutation(64)
        own = proven.layer
        permuted = IntegerLayer(own.weight[:, order], own.multiplier, own.bias, own.shift, False, RANGE)
        operations = TorchOperations()
        with exact_numerics("cpu"), torch.inference_mode():
            found = operations.conv(ProvenLayer.prove("permuted", permuted, RANGE), operations.load(x[order]))
        np.testing.assert_array_equal(operations.store(found), wanted)


def test_refused_beyond_the_bound() -> None:
    from refsw.errors import ModelError

    weight = np.full((1, 4096, 15, 15), LIMIT, np.int16)
    huge = IntegerLayer(weight, np.full(1, 65535, np.int32), np.zeros(1, np.int64), np.zeros(1, np.int32), False, RANGE)
    with pytest.raises(ModelError, match="not below 2\\^53"):
        ProvenLayer.prove("huge", huge, RANGE)
