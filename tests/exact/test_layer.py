# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Bounds are proven, tight, and refuse by name; malformed layers are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.errors import ModelError
from refsw.exact import IntegerLayer, IntegerNetwork, prove
from refsw.exact.layer import prove_layer

INT32 = (-(2**31), 2**31 - 1)


def layer(weight: Any, multiplier: int = 1, bias: int = 0, shift: int = 0, **fields: Any) -> IntegerLayer:
    weight = np.asarray(weight)
    outputs = weight.shape[0]
    return IntegerLayer(
        weight,
        np.full(outputs, multiplier, np.int32),
        np.full(outputs, bias, np.int64),
        np.full(outputs, shift, np.int32),
        fields.get("depth_to_space", False),
        fields.get("output_range", INT32),
    )


@given(
    st.lists(st.integers(-128, 127), min_size=1, max_size=6),
    st.integers(-40, 40),
    st.integers(0, 40),
)
@settings(max_examples=100)
def test_bound_is_the_worst_partial_sum(weights: list[int], low: int, span: int) -> None:
    own = layer(np.array(weights, np.int8).reshape(1, -1, 1, 1))
    reached = 0
    inputs = sorted({low, low + span, 0})  # a term is extreme at an end of the range; 0 is the padding
    sums = {0}
    for weight in weights:  # every input of every term, and every subset of the terms
        sums |= {total + weight * x for total in sums for x in inputs}
    reached = max(map(abs, sums))
    assert prove_layer("it", own, (low, low + span)).accumulator == reached


def test_precision_changes_at_2_to_24() -> None:
    weight = np.full((1, 1, 1, 1), 1, np.int8)
    assert prove_layer("it", layer(weight), (0, 2**24 - 1)).precision == "float32"
    assert prove_layer("it", layer(weight), (0, 2**24)).precision == "float64"
    assert prove_layer("it", layer(weight), (-(2**24), 0)).precision == "float64"


def test_refused_by_name_at_2_to_53() -> None:
    wide = np.full((1, 128, 1, 1), -(2**15), np.int16)  # 2^15 * 128 * 2^31 = 2^53
    with pytest.raises(ModelError, match=r"network base/primary.scale, layer 1: bound \d+ of the accumulator"):
        IntegerNetwork("base/primary.scale", (0, 1), (layer(np.ones((128, 1, 1, 1), np.int8)), layer(wide)))
    just = layer(wide[:, :127])
    assert prove_layer("it", just, INT32).accumulator == 127 * 2**46


def test_requantisation_bound() -> None:
    weight = np.ones((1, 1, 1, 1), np.int8)
    limit = 2**53 - 65535 * 100 - 2**3
    prove_layer("it", layer(weight, 65535, limit - 1, 4), (0, 100))
    with pytest.raises(ModelError, match="it: bound 9007199254740992 of the requantisation"):
        prove_layer("it", layer(weight, 65535, limit, 4), (0, 100))
    with pytest.raises(ModelError, match="requantisation"):
        prove_layer("it", layer(weight, 1, -(2**63), 0), (0, 1))


def test_prove_tells_every_layer() -> None:
    network = IntegerNetwork("n", (-31, 31), (layer(np.full((4, 2, 3, 3), -128, np.int8), output_range=(0, 255)),) * 1)
    (bound,) = prove(network)
    assert (bound.accumulator, bound.precision) == (128 * 18 * 31, "float32")
    assert str(bound).startswith("network n, layer 0: float32, |accumulator| <= 71424 (0.004 of 2^24)")
    assert network.bounds == (bound,)


GOOD = layer(np.ones((4, 2, 3, 3), np.int8))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("weight", np.ones((4, 2, 3, 3), np.int32), "weight of type int32"),
        ("weight", np.ones((4, 2, 3, 3), np.float32), "weight of type float32"),
        ("weight", np.ones((4, 2, 2, 2), np.int8), "kernel of size 2"),
        ("weight", np.ones((4, 2, 3, 1), np.int8), "weight of shape"),
        ("weight", np.ones((4, 0, 3, 3), np.int8), "weight of shape"),
        ("weight", np.ones((3, 2, 3, 3), np.int8), "multiplier of type"),
        ("multiplier", np.ones(4, np.int64), "multiplier of type int64"),
        ("multiplier", np.zeros(4, np.int32), "multiplier outside"),
        ("multiplier", np.full(4, 65536, np.int32), "multiplier outside"),
        ("bias", np.zeros(4, np.float64), "bias of type float64"),
        ("shift", np.full(4, -1, np.int32), "shift outside"),
        ("shift", np.full(4, 33, np.int32), "shift outside"),
        ("output_range", (1, 0), "output_range"),
        ("output_range", (0, 2**31), "output_range"),
    ],
)
def test_malformed_layers_are_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        replace(GOOD, **{field: value})


def test_depth_to_space_needs_a_multiple_of_four() -> None:
    with pytest.raises(ModelError, match="multiple of 4"):
        layer(np.ones((6, 1, 1, 1), np.int8), depth_to_space=True)


def test_layers_are_copied_and_read_only() -> None:
    weight = np.ones((1, 1, 1, 1), np.int8)
    own = layer(weight)
    weight[:] = 5
    assert own.weight[0, 0, 0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        own.weight[:] = 2
