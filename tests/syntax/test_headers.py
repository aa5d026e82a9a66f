# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The dataclasses are the specification's structures, name by name."""

from __future__ import annotations

from dataclasses import fields

import pytest

from refsw.syntax.binding import CLASSES
from refsw.syntax.definition import Field, Include, syntax
from refsw.syntax.documents import fields_of, flatten
from refsw.syntax.geometry import REGION_UNIT, Region, ceil_div, region_bounds
from refsw.syntax.headers import BIT_DEPTHS, Codestream


@pytest.mark.parametrize("name", sorted(CLASSES.keys() - {"codestream"}))
def test_fields_are_elements(name: str) -> None:
    items = list(flatten(syntax().structures[name].items))
    coded = [item for item in items if isinstance(item, Field) and item.descriptor.kind != "align"]
    expected = [item.name for item in items if item in coded or isinstance(item, Include)]
    computed = {item.name for item in coded if item.computed is not None}
    given = [field.name for field in fields(CLASSES[name]) if field.name != "segment_marker"]
    assert given == [item for item in expected if item not in computed]


def test_codestream_has_every_kind_of_segment() -> None:
    assert [field.name for field in fields(Codestream)] == [kind.name for kind in syntax().segments]


def test_every_structure_has_a_dataclass() -> None:
    framing = {"start_of_codestream", "end_of_codestream", "segment_header"}
    assert syntax().structures.keys() - framing == CLASSES.keys() - {"codestream"}


def test_flags_are_booleans() -> None:
    for name, kind in CLASSES.items():
        flags = {field.name for field in fields(kind) if field.name.endswith("_flag")}
        assert {field.name for field in fields(kind) if str(field.type) == "bool"} == flags, name


def test_constants_repeat_the_specification() -> None:
    depth = next(field for field in fields_of(syntax().structures["picture_header"]) if field.name == "bit_depth_idc")
    assert depth.values is not None
    assert tuple(map(int, depth.values.values())) == BIT_DEPTHS


def test_sizes(usual: Codestream, full: Codestream) -> None:
    header = usual.picture_header
    assert (header.width, header.height, header.bit_depth, header.num_regions) == (768, 512, 8, 1)
    assert (header.latent_size, header.hyper_size) == ((32, 48), (8, 12))
    assert full.picture_header.num_regions == 4
    assert (full.picture_header.width, full.picture_header.height) == (705, 505)
    assert full.picture_header.region(3) == Region(256, 384, 512, 768)
    assert full.z_data(1, 2) == b"\1\2" * 5 == full.residual_data(1, 2)
    assert full.residual_data(0, 3) == b"\0\3" * 5
    assert full.tensor_digest(1, 1) == 5


@pytest.mark.parametrize(("height", "width"), [(1, 1), (64, 65), (65, 64), (1000, 333), (4096, 129)])
def test_regions_tile_the_picture(height: int, width: int) -> None:
    rows, columns = min(7, ceil_div(height, REGION_UNIT)), min(3, ceil_div(width, REGION_UNIT))
    regions = [region_bounds(height, width, rows, columns, index) for index in range(rows * columns)]
    assert sum((region.bottom - region.top) * (region.right - region.left) for region in regions) == height * width
    assert all(region.top < region.bottom and region.left < region.right for region in regions)
    assert (regions[0].top, regions[0].left, regions[-1].bottom, regions[-1].right) == (0, 0, height, width)
