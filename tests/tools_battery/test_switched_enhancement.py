# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Switched enhancement beyond the battery: the bank, the second reading of 9.11.3 by decoder A, windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.independent.switched import Switched
from refsw.colour import plane_range
from refsw.resources import spec_dir
from refsw.syntax.geometry import Region
from refsw.syntax.headers import ComponentHeader, PictureHeader
from refsw.tools.planes import padded
from refsw.tools.switched_enhancement.bank import bank
from refsw.tools.switched_enhancement.features import DIRECTIONS, REACH, classes, differences
from refsw.tools.switched_enhancement.tool import SWITCHED_ENHANCEMENT, SwitchedEnhancementPayload
from refsw.tools.tool import Place, Plane

HEADER = PictureHeader(
    level_idc=10, synthesis_transform_id=(1,), model_id=1, model_digest=bytes(4), coded_width_minus1=0,
    coded_height_minus1=0,
    components=tuple(ComponentHeader(quality_index=q, num_coded_channels=8) for q in (700, 2048)),
)  # fmt: skip
BOTH = SwitchedEnhancementPayload(
    luma_switched_flag=True, chroma_switched_flag=True, luma_strength=(31, 8, 3), chroma_strength=(0, 9, 31, 16, 0, 1)
)
DEPTHS = {8: 0, 10: 1, 16: 4}


def planes_at(seed: int, height: int, width: int, bit_depth: int, planes: int = 3) -> Plane:
    """Smooth in some places, rough in others, to the ends of the range."""
    random, top = np.random.default_rng(seed), plane_range(bit_depth)
    y, x = np.mgrid[:height, :width]
    wave = np.sin(x / 3 + seed) * np.cos(y / 5) * 0.3 + 0.5
    rough = random.normal(0, 1, (planes, height, width)) * (x / max(1, width)) ** 3
    return ((wave + 0.4 * rough) * top).clip(0, top).astype(np.int32)


def place(bit_depth: int, shape: tuple[int, int]) -> Place:
    return Place(replace(HEADER, bit_depth_idc=DEPTHS[bit_depth]), 0, 0, Region(0, 0, *shape))


def applied(planes: Plane, payload: SwitchedEnhancementPayload, bit_depth: int = 8) -> Plane:
    return SWITCHED_ENHANCEMENT.apply(planes, payload, place(bit_depth, (planes.shape[1], planes.shape[2])))


@pytest.mark.parametrize(("height", "width", "bit_depth"), [(1, 1, 8), (9, 70, 8), (130, 33, 10), (40, 50, 16)])
def test_decoder_a_reads_the_text_alike(height: int, width: int, bit_depth: int) -> None:
    planes = planes_at(height, height, width, bit_depth)
    strengths = tuple(BOTH.strengths(k) for k in range(3))
    other = Switched(strengths, (700, 2048, 2048)).filter(planes.astype(np.int64), bit_depth, Path(spec_dir()))
    own = applied(planes, BOTH, bit_depth)
    assert np.array_equal(own, other)
    assert own.min() >= 0 and own.max() <= plane_range(bit_depth)
    assert height == 1 or not np.array_equal(own, planes)


def test_luma_does_not_see_chroma() -> None:
    planes = planes_at(1, 30, 40, 8)
    assert np.array_equal(applied(planes, BOTH)[0], applied(planes[:1], BOTH)[0])


def test_reach_and_strips() -> None:
    planes, changed = planes_at(2, 150, 40, 8), planes_at(2, 150, 40, 8)
    changed[:, 70, 20] = 4080 - changed[:, 70, 20]
    different = np.argwhere((applied(planes, BOTH) != applied(changed, BOTH)).any(0))
    assert np.abs(different - (70, 20)).max() <= SWITCHED_ENHANCEMENT.reach(BOTH) == REACH
    part = applied(planes[:, 40:110], BOTH)[:, REACH:-REACH]
    assert np.array_equal(part, applied(planes, BOTH)[:, 40 + REACH : 110 - REACH])


def test_strength_zero_changes_nothing() -> None:
    planes = planes_at(3, 20, 20, 8)
    off = replace(BOTH, luma_strength=(0, 0, 0), chroma_strength=(0,) * 6)
    assert np.array_equal(applied(planes, off), planes)


def test_the_bank_fits_and_every_class_has_its_own_filter() -> None:
    own = bank()
    count = DIRECTIONS * (len(own.thresholds) + 1)
    for plane, coefficients in enumerate(own.coefficients):
        assert coefficients.shape == (5, count, len(own.of_plane(plane)))
        assert own.fits_int32(plane, 8)
        assert np.array_equal(own.at(plane, 1024), coefficients[2])
        assert len({row.tobytes() for row in coefficients[2]}) == count


def test_classes_of_stripes() -> None:
    """Stripes of a gentle slope: the gradient across them is found, none along."""
    y, x = np.mgrid[:40, :40]
    for direction, phase in ((1, x), (2, y), (3, x + y), (4, x - y)):
        plane = (2000 + 900 * np.sin(phase)).astype(np.int32)
        assert set((classes(padded(plane[None], REACH)[0], bank().thresholds, 8) % DIRECTIONS)[8:-8, 8:-8].flat) == {
            direction
        }
    flat = np.full((20, 20), 7, np.int32)
    assert (classes(padded(flat[None], REACH)[0], bank().thresholds, 8) < DIRECTIONS).all()


def test_differences_are_bounded() -> None:
    for bit_depth in DEPTHS:
        random = np.random.default_rng(bit_depth)
        extreme = (random.integers(0, 2, (3, 24, 24)) * plane_range(bit_depth)).astype(np.int32)
        for plane in range(3):
            terms = bank().of_plane(plane)
            for term, values in zip(terms, differences(extreme, plane, terms, bit_depth), strict=True):
                assert np.abs(values).max() <= term.largest(bit_depth)
