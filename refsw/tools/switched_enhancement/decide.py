# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Strengths by least squares on the decoder's own planes, kept where they are worth their bits."""

from __future__ import annotations

import numpy as np

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
STRENGTH_SIZE = 5
"""Bits of a strength."""


def decide(context: FilterContext) -> SwitchedEnhancementPayload | None:
    """The branch that pays most; None where none does."""
    planes = 1 if context.header.source_chroma_format_idc == 0 else 3
    power, product = np.zeros((planes, GROUPS)), np.zeros((planes, GROUPS))
    for sight in context.sights(REACH):
        found = classes(sight.seen[0], bank().thresholds, context.header.bit_depth)
        group = groups(found).ravel()
        for plane in range(planes):
            own = correction(sight.seen, plane, found, context.header).ravel() / float(1 << CORRECTION_BITS)
            error = (sight.source[plane] - sight.decoded[plane]).ravel()
            power[plane] += np.bincount(group, own * own, GROUPS)
            product[plane] += np.bincount(group, own * error, GROUPS)
    unit = float(1 << STRENGTH_BITS)
    strength = np.rint(unit * product / np.maximum(power, 1e-9)).clip(0, LARGEST)
    gains = (2 * product * strength / unit - power * (strength / unit) ** 2).sum(1) * context.weight
    luma, chroma = gains[0] - STRENGTH_SIZE * GROUPS, gains[1:].sum() - 2 * STRENGTH_SIZE * GROUPS
    if context.branch is not None:
        wanted = (context.branch != "chroma" or planes == 1, context.branch != "luma" and planes == 3)
    else:
        wanted = (bool(luma > 0), bool(planes == 3 and chroma > 0))
    if not any(wanted):
        return None
    values = [int(s) for s in strength.ravel()]
    payload = SwitchedEnhancementPayload(
        luma_switched_flag=wanted[0], chroma_switched_flag=wanted[1],
        luma_strength=tuple(values[:GROUPS]) if wanted[0] else (),
        chroma_strength=tuple(values[GROUPS:]) if wanted[1] else (),
    )  # fmt: skip
    total = gains[0] * wanted[0] + gains[1:].sum() * wanted[1] - context.bits(payload)
    return payload if total > 0 or context.branch is not None else None
