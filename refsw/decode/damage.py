# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.7) What of a codestream did not arrive, or not as it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal["z", "symbols", "digest", "alpha", "lossless"]


@dataclass(frozen=True)
class Damage:
    """One finding in one region of one component.

    part: "z": neither z nor symbols are known; "symbols": z is known; "digest": everything decodes, and the digest
    segment states another checksum; "alpha": the alpha plane, which has neither component nor region; "lossless": the
    base picture is known, its layer (9.9) is not, and component_index is a plane of the picture. absent: the substream
    has no bytes, so that nothing is broken.
    """

    component_index: int
    region_index: int
    part: Part
    message: str
    absent: bool = False
    partitioned: bool = False

    def __str__(self) -> str:
        if self.part == "alpha":
            return self.message
        region = f"region {self.region_index}, " if self.partitioned else ""
        return f"{region}component {self.component_index}: {self.message}"
