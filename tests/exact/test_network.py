# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every back-end gives the integers of the oracle, and the oracle those of the definition."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsw.errors import ModelError
from refsw.exact import IntegerLayer, IntegerNetwork

FLOATS = ("auto", "float32", "float64")


@st.composite
def networks(draw: st.DrawFn) -> tuple[IntegerNetwork, NDArray[np.int64]]:
    """A random network and an input: odd sizes, extreme weights, inputs at and beyond the clamps."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    low = draw(st.sampled_from([-31, 0, -255, -(2**15), 3]))
    input_range = (low, low + draw(st.sampled_from([0, 1, 62, 255, 2**15])))
    channels = [draw(st.integers(1, 9))]
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        shuffle = draw(st.booleans())
        outputs = draw(st.integers(1, 5)) * (4 if shuffle else 1)
        kernel = draw(st.sampled_from([1, 3, 5]))
        dtype = draw(st.sampled_from([np.int8, np.int16]))
        shape = (outputs, channels[-1], kernel, kernel)
        low_weight, high_weight = (-(2**7), 2**7 - 1) if dtype is np.int8 else (-(2**15), 2**15 - 1)
        weight = random.integers(low_weight, high_weight + 1, shape).astype(dtype)
        if draw(st.booleans()):
            weight = random.choice(np.array([low_weight, high_weight, 0, -1], dtype), shape)
        out_low = draw(st.sampled_from([0, -128, -255, -8192]))
        layers.append(
            IntegerLayer(
                weight,
                random.integers(1, 65536, outputs).astype(np.int32),
                random.integers(-(2**36), 2**36, outputs),
                random.integers(0, 33, outputs).astype(np.int32),
                shuffle,
                (out_low, out_low + draw(st.sampled_from([255, 1023, 8191 * 2]))),
            )
        )
        channels.append(outputs // 4 if shuffle else outputs)
    size = draw(st.tuples(st.integers(1, 2), st.just(channels[0]), st.integers(1, 5), st.integers(1, 5)))
    x = random.integers(input_range[0] - 3, input_range[1] + 4, size)
    if draw(st.booleans()):
        x = random.choice(np.array([*input_range]), size)
    return IntegerNetwork("random", input_range, tuple(layers)), x


@given(networks())
@settings(max_examples=120)
def test_back_ends_agree(case: tuple[IntegerNetwork, NDArray[np.int64]]) -> None:
    network, x = case
    wanted = network.run(x, "oracle")
    side = network.upsampling
    assert wanted.dtype == np.int32
    assert wanted.shape == (x.shape[0], network.outputs, x.shape[2] * side, x.shape[3] * side)
    for backend in FLOATS:
        if backend == "float32" and any(bound.precision == "float64" for bound in network.bounds):
            with pytest.raises(ModelError, match=r"network random, layer \d: bound \d+ is not below 2\^24"):
                network.run(x, backend)
            continue
        np.testing.assert_array_equal(network.run(x, backend), wanted)
    np.testing.assert_array_equal(network.run(x[0]), wanted[0])
    columns_first = np.asfortranarray(x)  # another memory layout
    np.testing.assert_array_equal(network.run(columns_first), wanted)


def test_definition_by_hand() -> None:
    """acc = 3 x[0] - 2 x[1] (centre) + x[0] of the column to the left; (5 acc + 7 + 4) >> 3; clamp -10..20."""
    weight = np.zeros((1, 2, 3, 3), np.int8)
    weight[0, :, 1, 1] = 3, -2
    weight[0, 0, 1, 0] = 1
    layer = IntegerLayer(weight, np.array([5], np.int32), np.array([7]), np.array([3], np.int32), False, (-10, 20))
    network = IntegerNetwork("hand", (-31, 31), (layer,))
    x = np.array([[[4, -31, 40]], [[9, 31, -31]]])  # 40 is clamped to 31
    accumulators = [3 * 4 - 2 * 9 + 0, 3 * -31 - 2 * 31 + 4, 3 * 31 + 2 * 31 - 31]
    wanted = [min(max((5 * acc + 7 + 4) >> 3, -10), 20) for acc in accumulators]
    assert wanted == [-3, -10, 20]
    for backend in ("oracle", *FLOATS):
        assert network.run(x, backend).tolist() == [[wanted]]


def test_depth_to_space_order() -> None:
    """Output channel c at (i, j) is input channel (2i + j) C + c."""
    weight = np.eye(8, dtype=np.int8)[:, :, None, None]
    one, zero = np.ones(8, np.int32), np.zeros(8, np.int32)
    network = IntegerNetwork("d2s", (0, 99), (IntegerLayer(weight, one, np.zeros(8, np.int64), zero, True, (0, 99)),))
    x = np.arange(8)[:, None, None] * 10
    for backend in ("oracle", *FLOATS):
        assert network.run(x, backend).tolist() == [[[0, 20], [40, 60]], [[10, 30], [50, 70]]]


def test_same_shuffle_as_training() -> None:
    import torch

    from refsw.nets.blocks import depth_to_space

    weight = np.eye(12, dtype=np.int8)[:, :, None, None]
    one, zero = np.ones(12, np.int32), np.zeros(12, np.int32)
    layer = IntegerLayer(weight, one, np.zeros(12, np.int64), zero, True, (0, 255))
    x = np.random.default_rng(0).integers(0, 256, (1, 12, 3, 5))
    wanted = depth_to_space(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(IntegerNetwork("d2s", (0, 255), (layer,)).run(x), wanted)


def near_limit(limit: int, dtype: Any, high: int) -> IntegerNetwork:
    """A 3x3 layer whose accumulator reaches its bound, at most 4095 * 2^7 under the limit."""
    info = np.iinfo(dtype)
    inputs = (limit - 1) // (9 * info.max * high)
    weight = np.full((3, inputs, 3, 3), info.max, dtype)
    weight[1] = -weight[1]
    weight[2] = np.random.default_rng(1).choice([info.max, -info.max], weight[2].shape)
    layer = IntegerLayer(
        weight, np.ones(3, np.int32), np.zeros(3, np.int64), np.zeros(3, np.int32), False, (-(2**31), 2**31 - 1)
    )
    return IntegerNetwork("near", (0, high), (layer,))


def test_just_under_2_to_24_is_exact_in_float32() -> None:
    network = near_limit(2**24, np.int8, 255)
    (bound,) = network.bounds
    assert 0.9 * 2**24 < bound.accumulator < 2**24 and bound.precision == "float32"
    x = np.full((network.inputs, 5, 7), 255)
    x[::3] -= 1  # odd and even partial sums
    wanted = network.run(x, "oracle")
    assert abs(int(wanted[0, 2, 2])) > 0.9 * 2**24
    for backend in FLOATS:
        np.testing.assert_array_equal(network.run(x, backend), wanted)


def test_just_under_2_to_53_is_exact_in_float64() -> None:
    """Accumulators of nearly 2^52 and biases of the opposite sign: every bit down to the last one shows."""
    random = np.random.default_rng(3)
    high = 2**31 - 1
    weight = random.integers(2**15 - 99, 2**15, (5, 63, 1, 1)).astype(np.int16)
    x = random.integers(high - 1000, high + 1, (63, 1, 1))
    sums = weight[:, :, 0, 0].astype(np.int64) @ x[:, 0, 0]
    wanted = np.array([0, 1, -1, 12345, -(2**31)])
    one, zero = np.ones(5, np.int32), np.zeros(5, np.int32)
    layer = IntegerLayer(weight, one, wanted - sums, zero, False, (-(2**31), high))
    network = IntegerNetwork("wide", (0, high), (layer,))
    (bound,) = network.bounds
    assert 0.95 * 2**53 < bound.requantised < 2**53 and bound.precision == "float64"
    for backend in ("oracle", "auto", "float64"):
        assert network.run(x, backend).ravel().tolist() == wanted.tolist()


def test_float32_is_wrong_beyond_its_bound() -> None:
    """The proof is needed: the same arithmetic in float32 without it loses bits."""
    import torch

    from refsw.exact.torch_backend import convolve

    taps = torch.full((1, 1, 1, 3), 4095.0)
    x = torch.full((3, 1, 1), 4095.0)
    assert int(convolve(taps.double(), x.double())) == 3 * 4095**2
    assert int(convolve(taps, x)) != 3 * 4095**2


@given(networks())
@settings(max_examples=25)
def test_tensors_round_trip(case: tuple[IntegerNetwork, NDArray[np.int64]]) -> None:
    network, x = case
    again = IntegerNetwork.from_tensors("again", network.tensors())
    assert [str(bound).replace("again", "random") for bound in again.bounds] == [str(bound) for bound in network.bounds]
    np.testing.assert_array_equal(again.run(x), network.run(x))


def small() -> IntegerNetwork:
    one, shift, bias = np.ones(4, np.int32), np.ones(4, np.int32), np.zeros(4, np.int64)
    first = IntegerLayer(np.ones((4, 2, 3, 3), np.int8), one, bias, shift, True, (0, 9))
    last = IntegerLayer(np.ones((4, 1, 1, 1), np.int16), one, bias, shift, False, (0, 9))
    return IntegerNetwork("small", (-31, 31), (first, last))


@pytest.mark.parametrize("name", sorted(small().tensors()))
def test_missing_tensors_are_named(name: str) -> None:
    tensors = small().tensors()
    del tensors[name]
    with pytest.raises(ModelError, match="network small"):
        IntegerNetwork.from_tensors("small", tensors)
    tensors = {**small().tensors(), name: np.ones(7, np.float32)}
    with pytest.raises(ModelError, match="network small"):
        IntegerNetwork.from_tensors("small", tensors)


def test_left_over_tensors_and_wrong_chains_are_refused() -> None:
    with pytest.raises(ModelError, match=r"tensor layers\.7\.weight belongs to no layer"):
        IntegerNetwork.from_tensors("small", {**small().tensors(), "layers.7.weight": np.ones((1, 1, 1, 1), np.int8)})
    with pytest.raises(ModelError, match="network small: layer 1 reads 1 channels, but is given 4"):
        IntegerNetwork("small", (0, 1), (small().layers[1], small().layers[1]))
    with pytest.raises(ModelError, match="no layers"):
        IntegerNetwork("small", (0, 1), ())


@pytest.mark.parametrize("x", [np.zeros((2, 1, 1)), np.zeros((3, 1, 1), np.int8), np.zeros((2, 0, 1), np.int8)])
def test_wrong_inputs_are_refused(x: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="network small: input"):
        small().run(x)


MACHINE = """
import hashlib, sys
import numpy as np, torch
from refsw.exact import IntegerLayer, IntegerNetwork
random = np.random.default_rng(0)
def layer(outputs, inputs, kernel, shuffle, dtype, lo, hi):
    info = np.iinfo(dtype)
    return IntegerLayer(
        random.integers(info.min, info.max + 1, (outputs, inputs, kernel, kernel)).astype(dtype),
        random.integers(2**15, 2**16, outputs).astype(np.int32), random.integers(-2**30, 2**30, outputs),
        np.full(outputs, 22 if dtype == np.int8 else 30, np.int32), shuffle, (lo, hi))
network = IntegerNetwork("n", (-31, 31), (layer(128, 24, 3, True, np.int8, 0, 255),
    layer(132, 32, 3, True, np.int16, 0, 255), layer(37, 33, 3, False, np.int8, -8192, 16383)))
assert [bound.precision for bound in network.bounds] == ["float32", "float64", "float32"]
x = random.integers(-31, 32, (24, 13, 9))
for threads in (1, 2):
    torch.set_num_threads(threads)
    for backend in ("auto", "float64"):
        print(hashlib.sha256(network.run(x, backend).tobytes()).hexdigest())
print(torch.backends.cpu.get_cpu_capability(), file=sys.stderr)
"""


def test_equal_across_vector_widths_and_threads() -> None:
    """ATen at three widths, MKL at two, 1 and 2 threads, oneDNN told to round: one digest."""
    digests, seen = set(), set()
    settings_of = {
        "default": {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
        "avx2": {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_DEFAULT_FPMATH_MODE": "BF16"},
        "avx512": {},
    }
    for capability, more in settings_of.items():
        threads = {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}  # spinning threads starve on a busy machine
        environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability, **threads, **more}
        done = subprocess.run(
            [sys.executable, "-c", MACHINE], env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        digests |= set(done.stdout.split())
        seen.add(done.stderr.strip().splitlines()[-1])
    assert len(digests) == 1
    assert seen  # on a machine without AVX-512 two of the three are the same


def test_settings_of_the_process_are_restored_and_do_not_matter() -> None:
    import torch

    network = near_limit(2**24, np.int8, 255)
    x = np.random.default_rng(0).integers(0, 256, (network.inputs, 3, 3))
    wanted = network.run(x, "oracle")
    for enabled, autocast in product((True, False), (True, False)):
        torch.backends.mkldnn.enabled = enabled  # type: ignore[assignment]
        try:
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                np.testing.assert_array_equal(network.run(x), wanted)
                assert torch.is_autocast_enabled("cpu") == autocast
            assert bool(torch.backends.mkldnn.enabled) == enabled
        finally:
            torch.backends.mkldnn.enabled = True  # type: ignore[assignment]


def test_the_oracle_needs_no_torch() -> None:
    code = (
        "import sys, numpy as np; from refsw.exact import IntegerLayer, IntegerNetwork; import refsw.exact.quantise\n"
        "one = np.ones(1, np.int32)\n"
        "layer = IntegerLayer(np.ones((1, 1, 1, 1), np.int8), one, np.zeros(1, np.int64), one, False, (0, 9))\n"
        "print(IntegerNetwork('n', (0, 9), (layer,)).run(np.full((1, 1, 1), 5), 'oracle'), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[[[3]]] False\n"
