# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The specification's data as frozen objects: levels, profiles, and the raw documents of spec/.

Loading costs a few milliseconds and happens once per process; the objects never change. JSON Schemas of the
documents are in spec/schema and are checked by tools/spec_lint.py, not at run time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import yaml

from refsw.errors import LevelError, UnsupportedError
from refsw.resources import spec_dir

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Level:
    """(A.2) One row of Table A-2; max_samples in luma samples, *_bytes in bytes of the codestream."""

    level_idc: int
    name: str
    max_samples: int
    max_side: int
    max_regions: int
    max_header_bytes: int
    max_metadata_bytes: int
    max_optional_segments: int
    max_substream_bytes: int
    holds: str


@dataclass(frozen=True)
class Profile:
    """(A.1) One row of Table A-1: budgets of the decoding process and what a picture may use."""

    decoder_profile_idc: int
    name: str
    max_kmac_per_sample: int
    max_parameters: int
    fixed_memory_bytes: int
    window_bytes_per_sample: int
    tile_bytes_per_sample: int
    region_bytes_per_sample: int
    synthesis_transforms: tuple[int, ...]
    tools: tuple[int, ...]
    any_tool: int
    max_bit_depth_idc: int
    chroma_formats: tuple[int, ...]
    max_components: int
    essential_extensions: int


@cache
def document(name: str) -> Any:
    """The parsed YAML document spec/`name`; callers do not change it."""
    with (spec_dir() / name).open(encoding="utf-8") as file:
        return yaml.load(file, Loader=_LOADER)


def _row(kind: type[Any], row: dict[str, Any]) -> Any:
    """One table row as a frozen object; lists become tuples."""
    values = {field.name: row[field.name] for field in fields(kind)}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


@cache
def levels() -> tuple[Level, ...]:
    """(A.2) All levels, lowest first."""
    return tuple(_row(Level, row) for row in document("levels.yaml")["levels"])


@cache
def profiles() -> tuple[Profile, ...]:
    """(A.1) All decoder profiles, lowest first."""
    return tuple(_row(Profile, row) for row in document("profiles.yaml")["profiles"])


def level(level_idc: int) -> Level:
    """(6.3.4) The level with this level_idc; raises UnsupportedError where there is none."""
    for row in levels():
        if row.level_idc == level_idc:
            return row
    raise UnsupportedError(f"level_idc {level_idc} is not in spec/levels.yaml")


def profile(decoder_profile_idc: int) -> Profile:
    """(6.3.3) The profile with this decoder_profile_idc; raises UnsupportedError where there is none."""
    for row in profiles():
        if row.decoder_profile_idc == decoder_profile_idc:
            return row
    raise UnsupportedError(f"decoder_profile_idc {decoder_profile_idc} is not in spec/profiles.yaml")


def profile_named(name: str) -> Profile:
    """The profile called `name`; raises UnsupportedError where there is none."""
    for row in profiles():
        if row.name == name:
            return row
    raise UnsupportedError(f"profile {name!r} is not one of {', '.join(row.name for row in profiles())}")


def lowest_level(width: int, height: int, regions: int = 1) -> Level:
    """(A.2) The lowest level that holds a picture of width x height luma samples in this many regions.

    Raises LevelError where none does.
    """
    for row in levels():
        if max(width, height) <= row.max_side and width * height <= row.max_samples and regions <= row.max_regions:
            return row
    top = levels()[-1]
    budgets = (
        ("columns or rows", max(width, height), top.max_side), ("samples", width * height, top.max_samples),
        ("regions", regions, top.max_regions),
    )  # fmt: skip
    excess = ", ".join(
        f"{found} {what}, {found - limit} over the {limit} of level {top.name}"
        for what, found, limit in budgets
        if found > limit
    )
    raise LevelError(f"no level holds {width} x {height} samples: {excess}")
