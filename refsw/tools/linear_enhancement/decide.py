# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Coefficients that are worth most on the decoder's own planes, kept where they are worth their bits."""

from __future__ import annotations

import numpy as np

from refsw.tools.linear_enhancement.tool import (
    AIDED,
    FRACTION_BITS,
    OWN,
    REACH,
    RINGS,
    LinearEnhancementPayload,
    differences,
)
from refsw.tools.planes import filtered
from refsw.tools.quadratic import Quadratic
from refsw.tools.tool import FilterContext

LARGEST = 127  # of either sign
LUMA = len(RINGS)


def coded_bits(coefficient: int) -> int:
    """(5.1.7) Bits of se(v)."""
    return 2 * ((2 * abs(coefficient)) + (coefficient <= 0)).bit_length() - 1


def decide(context: FilterContext) -> LinearEnhancementPayload | None:
    """The branch that pays most; None where none does."""
    planes = 1 if context.header.source_chroma_format_idc == 0 else 3
    total = Quadratic.nothing(LUMA + (planes - 1) * (OWN + AIDED))
    for sight in context.sights(REACH):
        luma = list(differences(sight.seen[0], RINGS))
        aided = [[*differences(sight.seen[index], RINGS[:OWN]), *luma[:AIDED]] for index in range(1, planes)]
        total += context.worth(sight, [np.stack(own) for own in (luma, *aided)])
    found = [_payload(context, total, wanted) for wanted in filtered(context.branch, planes)]
    payload, value = max(found, key=lambda own: own[1])
    return payload if value > 0 or context.branch is not None else None


def _payload(
    context: FilterContext, total: Quadratic, wanted: tuple[bool, bool]
) -> tuple[LinearEnhancementPayload, float]:
    """The best payload that filters these, and by how much its gain is above its bits."""
    chosen = range(0 if wanted[0] else LUMA, len(total.vector) if wanted[1] else LUMA)
    coefficients, value = total.of(chosen).best(1 << FRACTION_BITS, -LARGEST, LARGEST, coded_bits)
    count = LUMA if wanted[0] else 0
    payload = LinearEnhancementPayload(
        luma_enhancement_flag=wanted[0], chroma_enhancement_flag=wanted[1],
        luma_coefficient=coefficients[:count], chroma_coefficient=coefficients[count:],
    )  # fmt: skip
    return payload, value + sum(map(coded_bits, coefficients)) - context.bits(payload)
