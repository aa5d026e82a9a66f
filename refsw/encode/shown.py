# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) The picture that a decoder on this machine shows, with the planes of the decisions where they serve."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.decode.enlarge import display_header
from refsw.decode.filters import filtered
from refsw.decode.model import Model
from refsw.decode.picture import assembly_of, reconstruct_image
from refsw.decode.select import WHOLE, displayed
from refsw.decode.windows import TILE, Block, Box, PlanesPart, domains, luma_box
from refsw.encode.analyse import Analysed
from refsw.encode.tools import Decided, with_rows
from refsw.memory import release
from refsw.syntax.headers import PictureHeader
from refsw.types import Image


def shown(
    model: Model, header: PictureHeader, analysed: Analysed, decided: Decided, point: str, device: str,
    exact: str | None = None,
) -> Image:  # fmt: skip
    """(9) What the coding decodes to; header: the one that is written; exact: as of `decode_picture`."""
    tensors, tools = with_rows(analysed, decided.active), decided.active
    if decided.planes is None or exact is not None or not _in_one_piece(header):
        return reconstruct_image(model, header, tensors, point, device, exact, tools)
    assembly = assembly_of(header, model, displayed(display_header(header, tools), WHOLE), tensors, tools, keep=False)
    for domain in domains(header):
        block, part = Block(domain, domain, ()), _part(decided.planes, luma_box(domain))
        assembly.put_planes(filtered(tools.filters, header, domain, block, iter((part,))) if tools.filters else part)
        release()
    return assembly.image()


def _in_one_piece(header: PictureHeader) -> bool:
    """Whether a decoder runs synthesis on each domain at once and so finds the very planes of the decision.

    In parts, which post-filters enlarge, rounding of floating point may differ.
    """
    return not header.synthesis_tile_flag and all(max(own.height, own.width) <= TILE for own in domains(header))


def _part(planes: NDArray[np.integer[Any]], box: Box) -> PlanesPart:
    return PlanesPart(box.top, box.left, planes[:, *box.slices].astype(np.int32))
