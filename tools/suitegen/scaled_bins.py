# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Coverage of variance scaling (8.9): bands, their edges, and what is clamped.

    variance_scaling process: component 1 band 3 = finer        a sample with a symbol there
    variance_scaling process: limit 11 = reached                s + q at the limit, or one below it
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from refsw.constants import QUALITY_MAP_LIMIT, SCALE_FRACTION_BITS, SCALE_INDEX_MAXIMUM
from refsw.decode.model import Model, ScaleModel, place_steps
from refsw.decode.picture import Decoded
from refsw.decode.quality_map import picture_steps
from refsw.decode.windows import Box, latent_box
from refsw.syntax.scaling import Bands, ScalingPayload, limits

NAME = "variance_scaling process"
COMPONENTS = 2
SIGNS = ("coarser", "as it is", "finer")
EDGES = ("reached", "one below")
SUMS = ("clamped below", "at -16", "inside", "at 16", "clamped above")
INDICES = ("clamped to 0", "0", "inside", "8191", "clamped to 8191")


def every() -> tuple[str, ...]:
    """All bins."""
    return (
        *(f"{NAME}: component {c} band {b} = {s}" for c in range(COMPONENTS) for b in range(len(limits()) + 1)
          for s in SIGNS),
        *(f"{NAME}: limit {row} = {what}" for row in limits() for what in EDGES),
        *(f"{NAME}: sum = {what}" for what in SUMS),
        *(f"{NAME}: scale index = {what}" for what in INDICES),
        *(f"{NAME}: {what} = {value}" for what, values in (
            ("components", (1, 2)), ("quality map", (0, 1)), ("regions", ("one", "dependent", "independent")),
        ) for value in values),
    )  # fmt: skip


def hits(model: Model, decoded: Decoded, payload: ScalingPayload) -> Iterator[str]:
    """Bins of one picture, decoded with all tensors."""
    stream, header = decoded.codestream, decoded.codestream.picture_header
    mapped = picture_steps(stream)
    kind = ("dependent", "independent")[int(header.independent_regions_flag)] if header.num_regions > 1 else "one"
    yield f"{NAME}: components = {len(header.components)}"
    yield f"{NAME}: quality map = {int(mapped is not None)}"
    yield f"{NAME}: regions = {kind}"
    for component, own in enumerate(decoded.tensors):
        quality_index = header.components[component].quality_index
        for region in range(header.num_regions):
            box = latent_box(header.region(region))
            z = np.ascontiguousarray(own.z[:, *box.hyper.slices])
            index, places = before_bands(model.scales[component], z, quality_index, box, mapped)
            yield from _region(component, index, payload.of(component), places)


def before_bands(
    scale: ScaleModel, z: NDArray[np.int8], quality_index: int, box: Box, mapped: NDArray[np.int8] | None
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Of a region: s + q, not clamped, and the step of each place."""
    found = np.empty((scale.channels, box.height, box.width), np.int32)
    places = np.zeros((box.height, box.width), np.int8)
    own = None if mapped is None else mapped[box.slices]

    def keep(
        index: NDArray[np.int32], local: NDArray[np.int8] | None, rows: slice, columns: slice
    ) -> NDArray[np.int8] | None:
        found[:, rows, columns] = index
        place = place_steps(None if own is None else own[rows, columns], local)
        if place is not None:
            places[rows, columns] = place
        return None

    scale.scaled_index(z, quality_index, box.height, box.width, keep)
    return found, places


def _region(
    component: int, index: NDArray[np.int32], bands: Bands, mapped: NDArray[np.int8]
) -> Iterator[str]:
    edges = [row << SCALE_FRACTION_BITS for row in limits()]
    band = np.searchsorted(edges, index, side="right")
    total = np.array(bands)[band] + mapped
    stepped = index + (total.clip(-QUALITY_MAP_LIMIT, QUALITY_MAP_LIMIT) << SCALE_FRACTION_BITS)
    for number, step in enumerate(bands):
        if (band == number).any():
            yield f"{NAME}: component {component} band {number} = {SIGNS[1 + (step > 0) - (step < 0)]}"
    for row, edge in zip(limits(), edges, strict=True):
        for what, value in zip(EDGES, (edge, edge - 1), strict=True):
            if (index == value).any():
                yield f"{NAME}: limit {row} = {what}"
    for title, names, values, most in (
        ("sum", SUMS, total, QUALITY_MAP_LIMIT), ("scale index", INDICES, stepped, SCALE_INDEX_MAXIMUM),
    ):  # fmt: skip
        least = -most if title == "sum" else 0
        there = (values < least, values == least, (values > least) & (values < most), values == most, values > most)
        for what, some in zip(names, there, strict=True):
            if some.any():
                yield f"{NAME}: {title} = {what}"
