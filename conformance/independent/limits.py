# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex A) Tables A-1 and A-2: what a profile and a level bound in a codestream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """A row of Table A-1; budgets of the decoding process are claims about encoders, not checked here."""

    synthesis_transforms: tuple[int, ...]
    tools: tuple[int, ...]
    any_tool: bool
    max_bit_depth_idc: int
    chroma_formats: tuple[int, ...]
    max_components: int
    essential_extensions: int


@dataclass(frozen=True)
class Level:
    """A row of Table A-2."""

    max_samples: int
    max_side: int
    max_regions: int
    max_header_bytes: int
    max_metadata_bytes: int
    max_optional_segments: int
    max_substream_bytes: int


PROFILES = {
    0: Profile((0,), (1, 2, 4), False, 1, (0, 1, 3), 3, 0),
    1: Profile((0, 1), (1, 2, 4), False, 4, (0, 1, 2, 3), 4, 0),
    2: Profile((0, 1, 2), (1, 2, 4), False, 4, (0, 1, 2, 3), 8, 0),
    15: Profile((0, 1, 2), (), True, 4, (0, 1, 2, 3), 8, 1),
}

LEVELS = {
    10: Level(262144, 4096, 16, 65536, 1048576, 8, 1048576),
    20: Level(1048576, 8192, 32, 65536, 1048576, 8, 4194304),
    30: Level(2097152, 16384, 64, 65536, 2097152, 16, 8388608),
    40: Level(8912896, 16384, 256, 131072, 4194304, 16, 35651584),
    50: Level(35651584, 32768, 1024, 131072, 8388608, 32, 142606336),
    60: Level(67108864, 65536, 2048, 131072, 8388608, 32, 268435456),
    70: Level(134217728, 131072, 4096, 262144, 16777216, 64, 536870912),
    80: Level(536870912, 262144, 4096, 262144, 16777216, 64, 2147483648),
}
