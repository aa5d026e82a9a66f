# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Unit vectors of integer networks (Annex D): one layer, gains, the rectifier; and patches to planes (9.8.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from suitegen.unit import Case, drawn, tensor_of

Ints = NDArray[np.int64]
BYTE, WORD = (-127, 127), (-32767, 32767)
MOST = 32767


def cases() -> Iterator[Case]:
    """Layers, gains, the rectifier, planes."""
    yield from layers()
    yield from gains()
    extremes = [-(1 << 30), -32767, 32767, 1 << 30]
    yield Case(
        "unit-rectifier",
        "rectifier",
        "leaky rectifier",
        "Every remainder of 8 on both sides of 0, and extremes.",
        ("D.7.1",),
        {"input": tensor_of(np.array([[[*range(-34, 18), *extremes]]]), "i4")},
    )
    yield from planes()


def layer(
    name: str,
    title: str,
    purpose: str,
    weight: Ints,
    x: Ints,
    shift: Sequence[int],
    bias: Sequence[int],
    multiplier: Sequence[int] = (),
    output_range: tuple[int, int] = WORD,
    input_range: tuple[int, int] = WORD,
    depth_to_space: bool = False,
    clauses: tuple[str, ...] = ("D.2",),
) -> Case:
    """A layer and what goes in."""
    given = {
        "weight": tensor_of(weight, "i2"),
        "multiplier": tensor_of(multiplier or [1] * len(weight), "i4"),
        "bias": tensor_of(bias, "i8"),
        "shift": tensor_of(shift, "i4"),
        "depth_to_space": depth_to_space,
        "input_range": list(input_range),
        "output_range": list(output_range),
        "input": tensor_of(x, "i4"),
    }
    assert input_range[0] <= x.min() and x.max() <= input_range[1], name
    return Case(f"unit-layer-{name}", "layer", title, purpose, clauses, given)


def small(name: str, outputs: int, inputs: int, kernel: int, height: int, width: int) -> tuple[Ints, Ints]:
    """Weights of a byte, and an input."""
    return drawn(f"{name}/w", (outputs, inputs, kernel, kernel), *BYTE), drawn(
        f"{name}/x", (inputs, height, width), *WORD
    )


def layers() -> Iterator[Case]:
    """(D.2) One idea each."""
    bias = [-5000, 123, 70000, 4]
    yield layer(
        "1x1",
        "1x1",
        "Four channels to three, each with a shift and a bias of its own.",
        *small("1x1", 3, 4, 1, 3, 4),
        [7, 9, 11],
        bias[:3],
    )
    yield layer(
        "3x3",
        "3x3",
        "Three channels to four; beyond its edge the input is 0.",
        *small("3x3", 4, 3, 3, 5, 6),
        [10, 9, 8, 12],
        bias,
    )
    yield layer(
        "5x5-small",
        "5x5 on 2x3",
        "A kernel that is larger than its input.",
        *small("5x5", 2, 2, 5, 2, 3),
        [9, 9],
        bias[:2],
    )
    yield layer(
        "depth-to-space",
        "depth to space",
        "Eight channels become two of twice the height and width.",
        *small("shuffle", 8, 2, 3, 2, 3),
        [9] * 8,
        [1000 * i for i in range(8)],
        depth_to_space=True,
    )
    line = np.arange(-12, 13).reshape(1, 5, 5)
    yield layer(
        "halves",
        "halves",
        "Halves of both signs are rounded up, with shifts 0, 1, 2 and 3; shift 0 adds nothing.",
        np.ones((4, 1, 1, 1), np.int64),
        line,
        [0, 1, 2, 3],
        [0] * 4,
    )
    yield layer(
        "clamp",
        "clamp",
        "Values below, at and above both ends of an output range that is not symmetric.",
        np.ones((1, 1, 1, 1), np.int64),
        line,
        [0],
        [0],
        output_range=(-10, 7),
    )
    yield layer(
        "multiplier",
        "multipliers",
        "Multipliers 1, 3, 40000 and 65535 before shifts up to 32.",
        *small("multiplier", 4, 2, 1, 3, 3),
        [4, 6, 28, 32],
        [0, -1, 1 << 40, -(1 << 40)],
        [1, 3, 40000, 65535],
        clauses=("D.2", "D.4"),
    )
    one = np.ones((1, 1, 1, 1), np.int64)
    yield layer(
        "requantised-late",
        "bias before the shift",
        "The bias has the unit of the product: it is added before the shift.",
        one,
        line,
        [8],
        [128 * 3 + 1],
        [37],
    )
    weight = np.stack([np.full((64, 1, 1), MOST), np.where(drawn("wide/w", (64, 1, 1), 0, 7) < 7, MOST, -MOST)])
    x = MOST - drawn("wide/x", (64, 2, 3), 0, 1)
    yield layer(
        "wide",
        "sums beyond 2^32",
        "Sums of products that neither binary32 nor int32 holds; a bias takes them away, so that their last bits show.",
        weight,
        x,
        [0, 0],
        [-64 * MOST**2, -int(weight[1].sum()) * MOST],
        output_range=(-(1 << 31), (1 << 31) - 1),
        clauses=("D.2", "D.4"),
    )
    weight = np.stack([np.full((128, 1, 1), MOST), np.where(drawn("most/w", (128, 1, 1), 0, 1) > 0, MOST, -MOST)])
    x = np.stack([np.full(128, MOST), np.where(weight[1, :, 0, 0] > 0, MOST, -MOST)], 1).reshape(128, 1, 2)
    yield layer(
        "near-2-to-53",
        "close to 2^53",
        "All weights and inputs at their greatest: 65535 times a sum, below 2^53 by a hair.",
        weight,
        x,
        [32, 30],
        [1, -1],
        [65535, 65535],
        output_range=(-(1 << 31), (1 << 31) - 1),
        clauses=("D.2", "D.4"),
    )


def gains() -> Iterator[Case]:
    """(D.6) At anchors, between them, to the left and to the right."""
    log_gain = np.array(
        [
            [0, 65536, -65536 * 3 - 777, 65536 * 18 + 1234, -65536 * 20],
            [65536, 65535, -65536 * 2 + 99, 65536 * 19 + 4321, -65536 * 21 + 5],
            [40000, 12345, 65536 * 5 + 1, -65536 * 2, 30 * 65536],
        ]
    )
    x = drawn("gain/x", (5, 3, 4), *WORD)
    x[:, 0] = (-3, -1, 1, 3)
    limits = (-((1 << 23) - 1), (1 << 23) - 1)
    at = {0: "at the first anchor", 256: "at the middle anchor", 301: "between anchors", 512: "at the last anchor"}
    for quality_index, where in at.items():
        given = {
            "log_gain": tensor_of(log_gain, "i4"),
            "quality_index": quality_index,
            "output_range": list(limits),
            "input": tensor_of(x, "i4"),
        }
        text = f"Five channels with gains below and above 1, shifts to the right and to the left, {where}."
        yield Case(f"unit-gain-{quality_index}", "gain", f"gains {where}", text, ("D.6.1", "D.6.2"), given)


def planes() -> Iterator[Case]:
    """(9.8.4) Output of the last layer to planes."""
    for name, count, depth, size in (
        ("1", 1, 8, (2, 2)),
        ("3", 3, 8, (1, 2)),
        ("10-bits", 1, 10, (2, 1)),
        ("16-bits", 1, 16, (1, 2)),
    ):
        v = drawn(f"planes/{name}", (64 * count, *size), -(1 << 19) - 2000, (1 << 19) + 2000)
        v[:8, 0, 0] = [-(1 << 30), -(1 << 19) - 1, -(1 << 19), -(1 << 19) + 1, 0, (1 << 19) - 1, 1 << 19, 1 << 30]
        text = (
            f"Patches of 8x8 to {count} plane{'s' if count > 1 else ''} of {depth} bits, below and above the range too."
        )
        yield Case(
            f"unit-planes-{name}",
            "planes",
            f"patches to planes, {name.replace('-', ' ')}",
            text,
            ("9.8.4",),
            {"bit_depth": depth, "patches": tensor_of(v, "i4")},
        )
