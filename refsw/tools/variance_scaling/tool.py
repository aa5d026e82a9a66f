# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.9) Variance scaling: steps of the quantiser by band of the scale index.

    s + q ─ rows at which bands begin ─► band ─► its step ─┐
    quality map ───────────────────────────────────────────┴─ sum, clamped ─► step of the sample
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.constants import LATENT_BLOCK, QUALITY_MAP_LIMIT, SCALE_FRACTION_BITS, SCALING_TOOL_ID
from refsw.syntax.scaling import Bands, ScalingPayload, limits
from refsw.tools.tool import Cost

MODES: Mapping[str, tuple[Bands, ...]] = MappingProxyType({
    "usual": ((-2, -1, 0, 1), (-2, -1, 0, 0)),
    "finest": ((8, 8, 8, 8),),
    "coarsest": ((-8, -8, -8, -8),),
})
"""Steps of the first component and of all others in each mode that forces a decision."""


def stepped(index: NDArray[np.int32], bands: Bands, mapped: NDArray[np.int8] | None = None) -> NDArray[np.int8]:
    """(8.9.2) Steps of samples, int8 [C_y, h, w], -16..16.

    index: int32 [C_y, h, w], s + q, Q7, not clamped; mapped: int8 [h, w], steps of a quality map.
    """
    band = np.digitize(index, np.array(limits(), np.int32) << SCALE_FRACTION_BITS)
    steps = np.array(bands, np.int8)[band]
    return steps if mapped is None else (steps + mapped).clip(-QUALITY_MAP_LIMIT, QUALITY_MAP_LIMIT).astype(np.int8)


def forced(mode: str, components: int) -> ScalingPayload:
    """The payload of a mode that forces a decision."""
    own = MODES[mode]
    return ScalingPayload(band_step=sum((own[min(index, len(own) - 1)] for index in range(components)), ()))


def usual(components: int) -> ScalingPayload:
    """The payload that a picture is coded with first, and training rounds with."""
    return forced("usual", components)


class VarianceScaling:
    """The tool; no state."""

    tool_id = SCALING_TOOL_ID
    name = "variance_scaling"
    summary = "coarser steps of the quantiser where scales are small, finer where they are large"
    clause = "8.9"
    folder = Path(__file__).parent
    structure = "variance_scaling"
    classes: Mapping[str, type[Any]] = MappingProxyType({"variance_scaling": ScalingPayload})
    branches: tuple[str, ...] = tuple(MODES)
    default = "on"

    def cost(self, channels: int) -> Cost:
        """(B.3) For each latent sample comparisons with all limits, a look-up, a clamp, a product with 128, and the
        look-ups of two gains."""
        return Cost((len(limits()) + 5) * channels / LATENT_BLOCK**2)

    def steps(
        self, index: NDArray[np.int32], component: int, payload: ScalingPayload, mapped: NDArray[np.int8] | None = None
    ) -> NDArray[np.int8]:
        """See StepsTool."""
        return stepped(index, payload.of(component), mapped)


VARIANCE_SCALING = VarianceScaling()
