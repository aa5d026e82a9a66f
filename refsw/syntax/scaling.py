# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.9.1) Variance scaling as the tool header says it: the one tool without which symbols cannot be parsed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from refsw.constants import SCALING_TOOL_ID
from refsw.resources import payload_file
from refsw.spec import document
from refsw.syntax.headers import Codestream
from refsw.syntax.payload import PayloadSyntax, load_syntax, payload_of

Bands = tuple[int, ...]
"""Steps of the bands of one component, that of the smallest scales first; positive: a finer quantiser."""


@dataclass(frozen=True, kw_only=True)
class ScalingPayload:
    """(8.9.1) band_step: -8..8, one for each band of each component."""

    band_step: tuple[int, ...]

    def of(self, component: int) -> Bands:
        """Steps of one component."""
        count = len(limits()) + 1
        return self.band_step[count * component : count * (component + 1)]


@cache
def limits() -> tuple[int, ...]:
    """(8.9.2) Table rows at which all bands but the first begin."""
    return tuple(int(row) for row in document("tables/variance_scaling.yaml")["limits"])


@cache
def _syntax() -> PayloadSyntax:
    return load_syntax(payload_file("variance_scaling"), "variance_scaling", {"variance_scaling": ScalingPayload})


def is_scaled(codestream: Codestream) -> bool:
    """Whether there is a payload, right or wrong."""
    return any(block.tool_id == SCALING_TOOL_ID for block in codestream.tools)


def scaling_of(codestream: Codestream) -> ScalingPayload | None:
    """The payload, None where there is none. Raises CodestreamError."""
    payload: ScalingPayload | None = payload_of(codestream, SCALING_TOOL_ID, _syntax())
    return payload
