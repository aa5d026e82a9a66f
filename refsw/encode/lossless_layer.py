# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Lossless layers of all regions of a picture over its picture-exact reconstruction."""

from __future__ import annotations

from dataclasses import replace

from refsw import syntax
from refsw.decode.lossless import LATTICES, STORED, Plane, coding_order, cut, digests, displayed_region, planes_of
from refsw.encode.lossless import encode_region
from refsw.encode.write import Written
from refsw.errors import LevelError
from refsw.lossless.stored import write_stored
from refsw.spec import level
from refsw.syntax.geometry import Region
from refsw.syntax.headers import LosslessLayer
from refsw.types import Image

BASE_QUALITY = 20.0
"""Quality of the picture under the layer where nobody asks for another: the least that still makes a preview; from 0 to
40 the size of the whole hardly depends on it (docs/decisions/019-lossless.md)."""


def with_lossless_layer(written: Written, image: Image, base: Image) -> Written:
    """The same codestream with layers that turn the base into the image. Raises LevelError."""
    header = written.codestream.picture_header
    area, depth, order = Region(0, 0, image.height, image.width), image.bit_depth, coding_order(image)
    layers = []
    for index in range(header.num_regions):
        place = cut(header, displayed_region(header, index), area)
        own = planes_of(image, place)
        layer = _smaller(own, planes_of(base, place), order, depth)
        size, most = len(layer.lossless_data), 2 * level(header.level_idc).max_substream_bytes
        if size + len(layer.lossless_parameters) + 64 > most:
            raise LevelError(f"lossless layer of region {index}: {size} bytes, level allows {most}; use regions")
        layers.append(replace(layer, lossless_region_index=index, lossless_digest=digests(own, depth)))
    codestream = replace(written.codestream, lossless=tuple(layers))
    return replace(written, data=syntax.write(codestream), codestream=codestream)


def _smaller(samples: list[Plane], base: list[Plane], order: tuple[int, ...], depth: int) -> LosslessLayer:
    """The region in the coding that takes fewer bytes."""
    ordered = [samples[index] for index in order]
    payload = encode_region(ordered, [base[index] for index in order], depth)
    stored = write_stored(ordered, depth)
    if len(stored) < len(payload.samples) + len(payload.parameters):
        return LosslessLayer(lossless_coding_idc=STORED, lossless_digest=(), lossless_data=stored)
    return LosslessLayer(
        lossless_coding_idc=LATTICES, log2_lanes_lossless=payload.lanes.bit_length() - 1,
        parameter_row=payload.table_rows, lossless_parameters=payload.parameters, lossless_digest=(),
        lossless_data=payload.samples,
    )  # fmt: skip
