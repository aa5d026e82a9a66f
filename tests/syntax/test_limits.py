# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Tables A-1 and A-2: a codestream at each limit is written and read, one just over it is refused by both.

Columns are taken from the specification; budgets of networks and memory are tested in tests/decode/test_budgets.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from refsw import syntax
from refsw.errors import InputError, LevelError
from refsw.spec import Level, Profile, levels, lowest_level, profiles
from refsw.syntax.geometry import ceil_div
from refsw.syntax.headers import Codestream, ComponentHeader, Extension, PictureHeader, Substream, Tool, ToolHeader
from refsw.syntax.headers import UserData as Data
from tests.support.limits import BUDGETS, EXPERIMENTAL

Make = Callable[[int, Level], Codestream]
COMPONENT = ComponentHeader(quality_index=1000, num_coded_channels=8)
LARGEST = 9 << 20
"""Bytes of a limit beyond which its segment is not built; the rule is the same table row's."""


def stream(
    width: int = 64, height: int = 64, rows: int = 1, columns: int = 1, count: int = 1, **header: Any
) -> Codestream:
    regions = rows * columns
    grid = {"region_partitioning_flag": True, "num_ver_splits_minus1": rows - 1, "num_hor_splits_minus1": columns - 1}
    fields: dict[str, Any] = {
        "level_idc": levels()[-1].level_idc, "decoder_profile_idc": 2, "synthesis_transform_id": (1,), "model_id": 1,
        "model_digest": b"abcd", "coded_width_minus1": width - 1, "coded_height_minus1": height - 1,
        "components": (COMPONENT,) * count,
    }  # fmt: skip
    fields |= (grid if regions > 1 else {}) | header
    parts = [
        Substream(component_index=c, region_index=r, substream_data=b"") for c in range(count) for r in range(regions)
    ]
    return Codestream(
        picture_header=PictureHeader(**fields), z=tuple(parts), primary_residual=tuple(parts[:regions]),
        secondary_residual=tuple(parts[regions:]),
    )  # fmt: skip


def tool_header(size: int, level: Level) -> Codestream:
    """A tool header segment of exactly this size: three bytes and the Exp-Golomb code of the length stand before."""
    own = stream(decoder_profile_idc=15, stream_profile_idc=15, tools_enabled_flag=True)
    payload = size - 2 - ceil_div(2 * (size - 6).bit_length() - 1, 8)
    return replace(own, tool_header=ToolHeader(tools=(Tool(tool_id=1, tool_payload=bytes(payload)),)))


def regions(count: int, level: Level) -> Codestream:
    """Two rows of regions where the count is even, one row otherwise, on a picture that is large enough."""
    rows = next(rows for rows in range(1, 128) if count % rows == 0 and count // rows <= 128)
    return stream(64 * (count // rows), 64 * rows, rows, count // rows)


def substream(size: int, level: Level) -> Codestream:
    """A z substream of exactly this size: what stands before its data is as long as one without data."""
    own = stream()
    lead = next(e.value for e in syntax.trace(syntax.write(own))[0] if e.path == "z.segment_size")
    assert isinstance(lead, int)
    return replace(own, z=(replace(own.z[0], substream_data=bytes(size - lead)),))


LIMITS: dict[str, Make] = {
    "max_side": lambda n, level: stream(n, 1),
    "max_samples": lambda n, level: stream(n // _divisor(n, level), _divisor(n, level)),
    "max_regions": regions,
    "max_header_bytes": tool_header,
    "max_metadata_bytes": lambda n, level: replace(stream(), user_data=(Data(user_data=bytes(n)),)),
    "max_optional_segments": lambda n, level: replace(stream(), user_data=(Data(user_data=b""),) * n),
    "max_substream_bytes": substream,
}


def _divisor(samples: int, level: Level) -> int:
    """Rows of a picture of this many samples that keeps to the sides of the level."""
    top = level.max_side
    return next(rows for rows in range(ceil_div(samples, top), top) if samples % rows == 0)


def over(name: str, level: Level) -> int:
    """The least value over the limit of which there is a picture."""
    limit: int = getattr(level, name)
    if name == "max_samples":  # a prime number of samples is one row, which is too long
        return next(n for n in range(limit + 1, 2 * limit) if any(n % r == 0 for r in range(
            ceil_div(n, level.max_side), min(level.max_side, 6000))))  # fmt: skip
    if name == "max_regions":
        return next(n for n in range(limit + 1, 2 * limit) if any(n % r == 0 and n // r <= 128 for r in range(1, 128)))
    return limit + 1


def at_level(own: Codestream, level: Level) -> bytes:
    """The codestream of a higher level with another level_idc in its bytes, as no writer would write it."""
    data = bytearray(syntax.write(own))
    place = next(e for e in syntax.trace(bytes(data))[0] if e.path == "picture_header.level_idc")
    assert (place.bit, place.bits) == (0, 8)
    data[place.offset] = level.level_idc
    return bytes(data)


@pytest.mark.parametrize("level", levels()[:-1], ids=lambda level: level.name)
@pytest.mark.parametrize("name", [f.name for f in fields(Level) if f.name not in ("level_idc", "name", "holds")])
def test_levels(name: str, level: Level) -> None:
    limit: int = getattr(level, name)
    if getattr(levels()[-1], name) <= limit or (limit > LARGEST and name.endswith("bytes")):
        pytest.skip("no higher level allows more, or a segment of many megabytes")
    under, above = LIMITS[name](limit, level), LIMITS[name](over(name, level), level)
    assert syntax.validate(at_level(under, level)) == ()
    syntax.write(replace(under, picture_header=replace(under.picture_header, level_idc=level.level_idc)))
    with pytest.raises(InputError):
        syntax.read(at_level(above, level))
    with pytest.raises(InputError):
        syntax.write(replace(above, picture_header=replace(above.picture_header, level_idc=level.level_idc)))


@pytest.mark.parametrize("level", levels(), ids=lambda level: level.name)
def test_the_encoder_takes_the_lowest_level(level: Level) -> None:
    wanted = (level.max_side, 1, 1), (1, 1, level.max_regions)
    for width, height, count in wanted:
        assert lowest_level(width, height, count).level_idc <= level.level_idc
    top = level is levels()[-1]
    rows = level.max_samples // level.max_side
    for width, height, count in ((level.max_side + 1, 1, 1), (level.max_side, rows + 1, 1)):
        if top:
            with pytest.raises(LevelError, match="no level holds"):
                lowest_level(width, height, count)
        else:
            assert lowest_level(width, height, count).level_idc > level.level_idc


TWO = stream(synthesis_transform_id=(0,), source_chroma_format_idc=2, coded_chroma_format_idc=2)
ESSENTIAL = Extension(extension_essential_flag=True, extension_id=1, extension_data=b"")
PROFILES: dict[str, tuple[Codestream, Codestream]] = {
    "synthesis_transforms": (stream(synthesis_transform_id=(0,)), stream(synthesis_transform_id=(1,))),
    "max_bit_depth_idc": (
        stream(synthesis_transform_id=(0,), bit_depth_idc=1), stream(synthesis_transform_id=(0,), bit_depth_idc=2)
    ),
    "chroma_formats": (
        stream(synthesis_transform_id=(0,), source_chroma_format_idc=1, coded_chroma_format_idc=1), TWO
    ),
    "max_components": (stream(synthesis_transform_id=(0,), count=3), stream(synthesis_transform_id=(0,), count=4)),
}  # fmt: skip
"""Allowed by simple, and just beyond simple though not beyond high."""
ELSEWHERE = ("decoder_profile_idc", "name", *EXPERIMENTAL, *BUDGETS)


@pytest.mark.parametrize("name", [f.name for f in fields(Profile) if f.name not in ELSEWHERE])
def test_profiles(name: str) -> None:
    assert profiles()[0].name == "simple"

    def simple(own: Codestream) -> bytes:
        data = bytearray(syntax.write(own))
        place = next(e for e in syntax.trace(bytes(data))[0] if e.path == "picture_header.decoder_profile_idc")
        assert (place.bit, place.bits) == (4, 4)
        data[place.offset] &= 0xF0
        return bytes(data)

    under, above = PROFILES[name]
    assert syntax.validate(simple(under)) == () and syntax.validate(syntax.write(above)) == ()
    with pytest.raises(LevelError):
        syntax.read(simple(above))
    with pytest.raises(LevelError):
        syntax.write(replace(above, picture_header=replace(above.picture_header, decoder_profile_idc=0)))


def in_profile(own: Codestream, profile_idc: int) -> Codestream:
    stream_profile = 15 if profile_idc == 15 else 0
    header = replace(own.picture_header, decoder_profile_idc=profile_idc, stream_profile_idc=stream_profile)
    return replace(own, picture_header=header)


@pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.name)
def test_other_tools_and_essential_extensions_are_experimental(profile: Profile) -> None:
    """Columns tools, any_tool and essential_extensions; to the reader the bytes come with another profile."""
    assert profile.any_tool == profile.essential_extensions == int(profile.name == "experimental")

    def with_tool(tool_id: int) -> Codestream:
        blocks = ToolHeader(tools=(Tool(tool_id=tool_id, tool_payload=b""),))
        return replace(stream(synthesis_transform_id=(0,), tools_enabled_flag=True), tool_header=blocks)

    for tool_id in profile.tools:
        assert syntax.validate(syntax.write(in_profile(with_tool(tool_id), profile.decoder_profile_idc))) == ()
    tool = with_tool(200)
    extended = replace(stream(synthesis_transform_id=(0,)), extensions=(ESSENTIAL,))
    harmless = replace(extended, extensions=(replace(ESSENTIAL, extension_essential_flag=False),))
    syntax.read(syntax.write(in_profile(harmless, profile.decoder_profile_idc)))
    for own in (tool, extended):
        experimental = syntax.write(in_profile(own, 15))
        if profile.any_tool:
            assert syntax.validate(experimental) == ()
            continue
        data = bytearray(experimental)
        for path, value in (("stream_profile_idc", 0), ("decoder_profile_idc", profile.decoder_profile_idc)):
            place = next(e for e in syntax.trace(experimental)[0] if e.path == f"picture_header.{path}")
            shift = 8 - place.bit - place.bits
            data[place.offset] = data[place.offset] & ~(15 << shift) | value << shift
        with pytest.raises(LevelError):
            syntax.read(bytes(data))
        with pytest.raises(LevelError):
            syntax.write(in_profile(own, profile.decoder_profile_idc))
