# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The convolution is exact within its bound, in both types, layouts and thread counts; rounding devices are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refsw.errors import RefswError
from refsw.exact import torch_backend
from refsw.exact.torch_backend import convolve, exact_numerics


@given(
    seed=st.integers(0, 2**32),
    inputs=st.integers(1, 48),
    outputs=st.integers(1, 40),
    kernel=st.sampled_from([1, 3, 5]),
    rows=st.integers(1, 19),
    columns=st.integers(1, 23),
    bits=st.sampled_from([(8, 8), (8, 10), (16, 8), (16, 16)]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    channels_last=st.booleans(),
)
@example(  # weights that alone reach the limit: inputs of 1 are not small enough
    seed=10417, inputs=46, outputs=4, kernel=5, rows=13, columns=13, bits=(16, 8), dtype=torch.float32,
    channels_last=False,
)
@settings(max_examples=150)
def test_convolution_equals_int64(
    seed: int,
    inputs: int,
    outputs: int,
    kernel: int,
    rows: int,
    columns: int,
    bits: tuple[int, int],
    dtype: torch.dtype,
    channels_last: bool,
) -> None:
    """As the research's 768 cases (shared/research/training.md), on the back-end's own convolution.

    One thread: two are in test_network, in a process whose threads do not spin when the machine is busy.
    """
    random = np.random.default_rng(seed)
    half = [2 ** (number_of_bits - 1) for number_of_bits in bits]
    weight = torch.from_numpy(random.integers(-half[0], half[0], (outputs, inputs, kernel, kernel)))
    x = torch.from_numpy(random.integers(-half[1], half[1], (inputs, rows, columns)))
    limit = 2**24 if dtype == torch.float32 else 2**53
    while int((weight.abs().sum((1, 2, 3)) * x.abs().max()).max()) >= limit:
        if int(x.abs().max()) > 1:
            x = x.div(2, rounding_mode="trunc")
        else:
            weight = weight.div(2, rounding_mode="trunc")
    wanted = torch.nn.functional.conv2d(x[None], weight, padding=kernel // 2)[0]
    given = x.to(dtype)
    if channels_last:
        given = given.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    with exact_numerics("cpu"):
        got = convolve(weight.permute(2, 3, 0, 1).contiguous().to(dtype), given)
    assert got.dtype == dtype
    assert torch.equal(got.long(), wanted)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, "tf32"])
def test_canary_notices_rounded_products(dtype: torch.dtype | str, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = torch.Tensor.__matmul__

    def rounded(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        if a.dtype != torch.float32:
            return exact(a, b)
        if isinstance(dtype, str):  # 10 bits of mantissa, to nearest
            narrow = [((t.view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32) for t in (a, b)]
        else:
            narrow = [t.to(dtype).float() for t in (a, b)]
        return exact(*narrow)

    torch_backend._canary("cpu")
    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    with pytest.raises(RefswError, match="device cpu are rounded"):
        torch_backend._canary("cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_equals_oracle() -> None:
    from refsw.exact import IntegerLayer, IntegerNetwork

    random = np.random.default_rng(0)
    layer = IntegerLayer(
        random.integers(-127, 128, (64, 40, 3, 3)).astype(np.int8),
        np.full(64, 40000, np.int32),
        np.zeros(64, np.int64),
        np.full(64, 22, np.int32),
        True,
        (-255, 255),
    )
    network = IntegerNetwork("gpu", (-31, 31), (layer,))
    x = random.integers(-31, 32, (40, 9, 7))
    wanted = network.run(x, "oracle")
    for backend in ("float32", "float64"):
        np.testing.assert_array_equal(network.run(x, backend, "cuda"), wanted)
