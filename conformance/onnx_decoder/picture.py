# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9) From symbols to the displayed picture in floating point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conformance.independent.codestream import read_codestream
from conformance.independent.colour import alpha_plane, picture, planes_of
from conformance.independent.errors import UnsupportedError
from conformance.independent.headers import PictureHeader, Region
from conformance.independent.library import Library
from conformance.independent.package import Package
from conformance.independent.picture import (
    Decoded,
    all_symbols,
    assemble,
    component_networks,
    domains,
    filter_domain,
    operating_point,
    quality_steps,
)
from conformance.independent.planes import spans
from conformance.independent.stages import Stages
from conformance.independent.symbols import Symbols
from conformance.onnx_decoder.graphs import Array, Graphs

MAXIMUM_SAMPLES = 1 << 23
"""Of the coded and of the displayed picture: domains are decoded whole."""


def decode_picture(
    data: bytes, library: Library, graphs: Path, wanted: str | None = None, keep: bool = False
) -> Decoded:
    """(7.1) All stages, kept where `keep` says so. wanted: an operating point of those that the codestream lists;

    graphs: a folder with one of graphs for each model.

    Plane digests (6.12.4) hold for picture-exact decoders and are not checked. Raises RejectedError, UnsupportedError.
    """
    codestream = read_codestream(data)
    header, display = codestream.header, codestream.shown
    if max(header.coded_width * header.coded_height, display.display_width * display.display_height) > MAXIMUM_SAMPLES:
        raise UnsupportedError("A.2", f"{header.coded_width}x{header.coded_height} is more than this decoder takes")
    package = library.package(header.model_id, header.model_digest)
    networks = component_networks(header, library, package, wanted)
    point = operating_point(header, package, wanted)
    stages = Stages(header) if keep else None
    gaussian = library.gaussian()
    symbols = all_symbols(codestream, networks, gaussian, stages, quality_steps(codestream, gaussian))
    sessions = [
        Graphs(graphs / package.name, entry.name, point, coded.quality_index, package.digest)
        for entry, coded in zip(package.components, header.components, strict=False)
    ]
    planes = np.zeros((planes_of(header), header.coded_height, header.coded_width), np.int64)
    for domain, members in domains(header):
        place = planes[:, domain.top : domain.bottom, domain.left : domain.right]
        decode_domain(header, package, sessions, domain, [[of[i] for i in members] for of in symbols], place, stages)
        filter_domain(codestream, domain, planes, library.spec)
    planes = codestream.enlarged(planes)
    alpha = alpha_plane(display, codestream.alpha.data) if codestream.alpha else None
    if stages:
        stages.put_planes(planes)
    return Decoded(display, tuple(picture(display, planes)), alpha, stages)


def decode_domain(
    header: PictureHeader, package: Package, sessions: list[Graphs], domain: Region, symbols: list[list[Symbols]],
    planes: NDArray[np.int64], stages: Stages | None,
) -> None:  # fmt: skip
    """(9.6.1) Latents and planes of a domain; its samples are written into `planes`, [P, H, W] of the domain."""
    unscaled: list[Array] = []
    first = 0
    for component, members in enumerate(symbols):
        entry, graphs = package.components[component], sessions[component]
        z, residual, steps = assemble(header, members)
        features, y_hat, latent = graphs.latents(z, residual, steps, [unscaled[i] for i in entry.conditioned_on])
        unscaled.append(latent)
        if stages:
            for name, tensor in (("mean", y_hat - residual), ("y_hat", y_hat)):
                stages.put(f"component{component}/{name}", tensor.astype(np.float32), domain, 16)
        target = planes[first : first + entry.planes]
        for row, column, samples in tiles(header, graphs, latent, features, entry.planes):
            place = target[:, row : row + samples.shape[1], column : column + samples.shape[2]]
            place[...] = samples[:, : place.shape[1], : place.shape[2]]
        first += entry.planes


def tiles(
    header: PictureHeader, graphs: Graphs, latent: Array, features: Array, count: int
) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
    """(9.4, 9.6.3) Row, column in luma samples of the domain, and samples, of each signalled tile or of the domain."""
    height, width = latent.shape[1:]
    side, overlap = header.synthesis_tile_size // 16, header.synthesis_tile_overlap // 16
    for rows in spans(height, side or height, overlap):
        for columns in spans(width, side or width, overlap):
            seen = (slice(None), slice(rows.seen_start, rows.seen_stop), slice(columns.seen_start, columns.seen_stop))
            made = samples_of(graphs.patches(latent[seen], features[seen]), count, header.bit_depth)
            top, left = 16 * (rows.start - rows.seen_start), 16 * (columns.start - columns.seen_start)
            own = made[:, top : top + 16 * (rows.stop - rows.start), left : left + 16 * (columns.stop - columns.start)]
            yield 16 * rows.start, 16 * columns.start, own


def samples_of(patches: Array, count: int, bit_depth: int) -> NDArray[np.int64]:
    """(9.4) Patches [64 P, 2h, 2w] to plane samples [P, 16h, 16w], rounded to nearest, halves to even, and clipped."""
    height, width = patches.shape[1:]
    own = patches.reshape(count, 8, 8, height, width).transpose(0, 3, 1, 4, 2).reshape(count, 8 * height, 8 * width)
    top = 16 * ((1 << bit_depth) - 1)
    rounded: NDArray[np.int64] = np.rint((own + np.float32(0.5)) * np.float32(top)).clip(0, top).astype(np.int64)
    return rounded
