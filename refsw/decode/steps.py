# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.8, 8.9) Steps of the quantiser that quality map and variance scaling give, and scale indices with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.decode.model import ScaleModel, place_steps
from refsw.decode.windows import Box
from refsw.syntax.scaling import ScalingPayload
from refsw.tools.variance_scaling.tool import stepped
from refsw.types import Int


@dataclass(frozen=True, eq=False)
class Scaled:
    """Of a rectangle of a component. index: scale index, int32 [C_y, h, w].

    steps: int8 [C_y, h, w], without variance scaling those of places; places: int8 [h, w], of quality map and local
    steps, None without both.
    """

    index: NDArray[np.int32]
    steps: NDArray[np.int8] | None
    places: NDArray[np.int8] | None


@dataclass(frozen=True, eq=False)
class Steps:
    """(8.8, 8.9) What steps of the quantiser follow from.

    mapped: int8 [h, w], the quality map; scaling: steps of bands; None where there is none.
    """

    mapped: NDArray[np.int8] | None = None
    scaling: ScalingPayload | None = None

    def scales(
        self, scale: ScaleModel, index: int, z: Int, quality_index: int, box: Box, backend: str = "auto"
    ) -> Scaled:
        """Scale index and steps of a rectangle of component `index`."""
        mapped = None if self.mapped is None else self.mapped[box.slices]
        places = np.zeros((box.height, box.width), np.int8) if scale.local else mapped
        bands = None if self.scaling is None else self.scaling.of(index)

        def steps_of(
            found: NDArray[np.int32], local: NDArray[np.int8] | None, rows: slice, columns: slice
        ) -> NDArray[np.int8] | None:
            place = place_steps(None if mapped is None else mapped[rows, columns], local)
            if local is not None and places is not None and place is not None:
                places[rows, columns] = place
            return place if bands is None else stepped(found, bands, place)

        index_found, steps = scale.scaled_index(z, quality_index, box.height, box.width, steps_of, backend)
        return Scaled(index_found, steps, places)


NO_STEPS = Steps()
