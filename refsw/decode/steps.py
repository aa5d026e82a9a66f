# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.8, 8.9) Steps of the quantiser that quality map and variance scaling give, and scale indices with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.decode.model import ScaleModel
from refsw.decode.windows import Box
from refsw.syntax.scaling import ScalingPayload
from refsw.tools.variance_scaling.tool import stepped
from refsw.types import Int


@dataclass(frozen=True, eq=False)
class Steps:
    """(8.8, 8.9) What steps of the quantiser follow from.

    mapped: int8 [h, w], the quality map; scaling: steps of bands; None where there is none.
    """

    mapped: NDArray[np.int8] | None = None
    scaling: ScalingPayload | None = None

    def scales(
        self, scale: ScaleModel, index: int, z: Int, quality_index: int, box: Box, backend: str = "auto"
    ) -> tuple[NDArray[np.int32], NDArray[np.int8] | None]:
        """Scale index of a rectangle of component `index`, int32 [C_y, h, w], and its steps.

        Steps: int8 [C_y, h, w], without variance scaling [h, w], and None without a quality map as well.
        """
        mapped = None if self.mapped is None else self.mapped[box.slices]
        if self.scaling is None:
            return scale.scale_index(z, quality_index, box.height, box.width, backend, mapped), mapped
        bands = self.scaling.of(index)

        def steps_of(found: NDArray[np.int32], rows: slice, columns: slice) -> NDArray[np.int8]:
            return stepped(found, bands, None if mapped is None else mapped[rows, columns])

        return scale.scaled_index(z, quality_index, box.height, box.width, steps_of, backend)


NO_STEPS = Steps()
