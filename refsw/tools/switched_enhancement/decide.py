# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Strengths that are worth most on the decoder's own planes, kept where they are worth their bits."""

from __future__ import annotations

import numpy as np

from refsw.tools.planes import filtered
from refsw.tools.quadratic import Quadratic
from refsw.tools.switched_enhancement.bank import bank
from refsw.tools.switched_enhancement.features import REACH, classes
from refsw.tools.switched_enhancement.tool import (
    CORRECTION_BITS,
    GROUPS,
    STRENGTH_BITS,
    SwitchedEnhancementPayload,
    correction,
    groups,
)
from refsw.tools.tool import FilterContext

LARGEST = 31


def decide(context: FilterContext) -> SwitchedEnhancementPayload | None:
    """The branch that pays most; None where none does."""
    planes = 1 if context.header.source_chroma_format_idc == 0 else 3
    total = Quadratic.nothing(planes * GROUPS)
    for sight in context.sights(REACH):
        own = classes(sight.seen[0], bank().thresholds, context.header.bit_depth)
        of_group = groups(own) == np.arange(GROUPS)[:, None, None]
        corrections = [correction(sight.seen, plane, own, context.header) * of_group for plane in range(planes)]
        total += context.worth(sight, corrections)
    found = [_payload(context, total, wanted) for wanted in filtered(context.branch, planes)]
    payload, value = max(found, key=lambda own: own[1])
    return payload if value > 0 or context.branch is not None else None


def _payload(
    context: FilterContext, total: Quadratic, wanted: tuple[bool, bool]
) -> tuple[SwitchedEnhancementPayload, float]:
    """The best payload that filters these, and by how much its gain is above its bits."""
    chosen = range(0 if wanted[0] else GROUPS, len(total.vector) if wanted[1] else GROUPS)
    unit = 1 << (STRENGTH_BITS + CORRECTION_BITS)
    strengths, gain = total.of(chosen).best(unit, 0, LARGEST, lambda strength: 0)
    count = GROUPS if wanted[0] else 0
    payload = SwitchedEnhancementPayload(
        luma_switched_flag=wanted[0], chroma_switched_flag=wanted[1],
        luma_strength=strengths[:count], chroma_strength=strengths[count:],
    )  # fmt: skip
    return payload, gain - context.bits(payload)
