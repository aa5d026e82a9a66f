# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.9.1) Variance scaling as the tool header says it: the one tool without which symbols cannot be parsed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from refsw.constants import SCALING_TOOL_ID
from refsw.resources import payload_file
from refsw.spec import document
from refsw.syntax.headers import Codestream
from refsw.syntax.payload import PayloadSyntax, header_names, load_syntax, read_payload

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
    tools = codestream.tool_header.tools if codestream.tool_header is not None else ()
    return any(block.tool_id == SCALING_TOOL_ID for block in tools)


def scaling_of(codestream: Codestream) -> ScalingPayload | None:
    """The payload, None where there is none. Raises CodestreamError."""
    for block in codestream.tool_header.tools if codestream.tool_header is not None else ():
        if block.tool_id == SCALING_TOOL_ID:
            names = header_names(codestream.picture_header)
            found: Any = read_payload(block.tool_payload, _syntax(), names, "variance_scaling")
            payload: ScalingPayload = found
            return payload
    return None
