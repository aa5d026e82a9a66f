# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(7.1, 9.6) From the bytes of a codestream to the displayed picture: components, regions and domains."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from conformance.independent.codestream import Codestream, read_codestream
from conformance.independent.colour import alpha_plane, picture, planes_of
from conformance.independent.entropy import DamagedError
from conformance.independent.errors import RejectedError, UnsupportedError
from conformance.independent.headers import (
    FULL,
    GREY,
    HALF_BOTH,
    HALF_WIDTH,
    NO_TRANSFORM,
    PictureHeader,
    Region,
    ceil_div,
)
from conformance.independent.latents import features, latents
from conformance.independent.layers import Tensor
from conformance.independent.library import Library
from conformance.independent.networks import Networks
from conformance.independent.package import Package, canonical
from conformance.independent.planes import domain_planes, stored
from conformance.independent.refine import refined
from conformance.independent.scaling import Scaling
from conformance.independent.stages import Stages
from conformance.independent.symbols import STEP_LIMIT, FrequencyTable, Symbols, decode_region, decode_steps

POINTS = {0: "sop", 1: "bop", 2: "hop"}  # 6.3.6, 9.8.5
MAXIMUM_SAMPLES = 1 << 24
"""Of the coded and of the displayed picture: what this decoder takes on; level 4 and below never hold more."""


@dataclass(frozen=True)
class Decoded:
    """The displayed picture: its planes, then alpha where there is one; each [rows, columns] of unsigned samples."""

    header: PictureHeader
    planes: tuple[Tensor, ...]
    alpha: Tensor | None
    stages: Stages | None


def decode_picture(
    data: bytes, library: Library, wanted: str | None = None, keep: bool = False, base: bool = False
) -> Decoded:
    """(7.1) All stages, kept where `keep` says so. wanted: an operating point of those that the codestream lists; base:
    lossless layers are left aside (9.9), and plane digests where there are any.

    Raises RejectedError and UnsupportedError.
    """
    codestream = read_codestream(data)
    header, display = codestream.header, codestream.shown
    if max(header.coded_width * header.coded_height, display.display_width * display.display_height) > MAXIMUM_SAMPLES:
        raise UnsupportedError("A.2", f"{header.coded_width}x{header.coded_height} is more than this decoder takes")
    package = library.package(header.model_id, header.model_digest)
    networks = component_networks(header, library, package, wanted)
    stages = Stages(header) if keep else None
    gaussian = library.gaussian()
    steps = quality_steps(codestream, gaussian)
    symbols = all_symbols(codestream, networks, gaussian, stages, steps)
    planes = np.zeros((planes_of(header), header.coded_height, header.coded_width), np.int64)
    for domain, members in domains(header):
        decode_domain(header, package, networks, domain, [[of[i] for i in members] for of in symbols], planes, stages)
        filter_domain(codestream, domain, planes, library.spec)
    planes = codestream.enlarged(planes)
    shown = picture(display, planes)
    if operating_point(header, package, wanted) == POINTS[header.synthesis_transform_id[0]]:
        shown, whole = with_layers(codestream, shown, library, base)
        if whole:
            check_planes(codestream, shown)
    alpha = alpha_plane(display, codestream.alpha.data) if codestream.alpha else None
    if stages:
        stages.put_planes(planes)
    return Decoded(display, tuple(shown), alpha, stages)


def component_networks(header: PictureHeader, library: Library, package: Package, wanted: str | None) -> list[Networks]:
    """(7.2, 7.3) Networks of the components of the codestream, at the operating point that this decoder takes."""
    components = package.components[: len(header.components)]
    reduced = header.source_chroma_format_idc in (HALF_BOTH, HALF_WIDTH)
    planes = sum(component.planes for component in components)
    if header.coded_chroma_format_idc not in (GREY, FULL):
        raise UnsupportedError("9.4", "the synthesis transforms produce 4:4:4 and 4:0:0 alone")
    if reduced and header.colour_transform_idc != NO_TRANSFORM:
        raise UnsupportedError("9.5.4", "4:2:0 or 4:2:2 with a colour transform")
    if len(components) != len(header.components) or planes != planes_of(header):
        raise UnsupportedError("7.2", f"{len(header.components)} components for {planes_of(header)} planes")
    for i, (component, coded) in enumerate(zip(components, header.components, strict=True)):
        if coded.num_coded_channels > component.latent_channels:
            raise UnsupportedError("6.4.2", f"component {i}: {coded.num_coded_channels} channels are too many")
    point = operating_point(header, package, wanted)
    return [library.networks(package, i, coded.quality_index, point) for i, coded in enumerate(header.components)]


def operating_point(header: PictureHeader, package: Package, wanted: str | None) -> str:
    """(7.3) The first listed synthesis transform that the package has, or the listed one that is wanted."""
    names = [component.name for component in package.components[: len(header.components)]]
    for point in (POINTS[identifier] for identifier in header.synthesis_transform_id):
        there = all(package.has(f"fixed/{name}.synthesis.{point}.first.weight") for name in names)
        if there and wanted in (None, point):
            return point
    listed = ", ".join(POINTS[identifier] for identifier in header.synthesis_transform_id)
    raise UnsupportedError("7.3", f"the codestream lists {listed}; asked for: {wanted or 'any'}; model: {package.name}")


def latent_size(region: Region) -> tuple[int, int]:
    """(8.1) Rows and columns of the latent that belong to a region."""
    return ceil_div(region.bottom, 16) - region.top // 16, ceil_div(region.right, 16) - region.left // 16


def quality_steps(codestream: Codestream, gaussian: FrequencyTable) -> Tensor | None:
    """(8.8) Steps of the whole picture, None where there is no quality map."""
    if codestream.quality_map is None:
        return None
    header = codestream.header
    height, width = ceil_div(header.coded_height, 16), ceil_div(header.coded_width, 16)
    return decode_steps(codestream.quality_map, gaussian, height, width)


def part_of(steps: Tensor | None, region: Region) -> Tensor | None:
    """Steps of a region or domain."""
    if steps is None:
        return None
    height, width = latent_size(region)
    top, left = region.top // 16, region.left // 16
    return steps[top : top + height, left : left + width]


def band_steps(
    scaling: Scaling | None, component: int, mapped: Tensor | None, index: Tensor, local: Tensor | None
) -> Tensor | None:
    """(8.9.2, 8.10.2) Steps of a region of a component. mapped: of its quality map; index: s + q; local: 8.10.1."""
    place = mapped
    if local is not None:
        place = local if mapped is None else np.clip(mapped + local, -STEP_LIMIT, STEP_LIMIT)
    return place if scaling is None else scaling.steps(component, index, place)


def all_symbols(
    codestream: Codestream,
    networks: list[Networks],
    gaussian: FrequencyTable,
    stages: Stages | None,
    steps: Tensor | None,
) -> list[list[Symbols]]:
    """(8.1, 8.7) Symbols of each region of each component, their digests checked."""
    header, regions, result = codestream.header, codestream.header.regions(), list[list[Symbols]]()
    for component, coded in enumerate(header.components):
        result.append([])
        for number, region in enumerate(regions):
            where = component * len(regions) + number
            substreams = codestream.z[where], codestream.residual[where]
            steps_of = partial(band_steps, codestream.scaling, component, part_of(steps, region))
            try:
                symbols = decode_region(
                    networks[component], coded, gaussian, *latent_size(region), *substreams, steps_of
                )
                if codestream.digests and symbols.digest(codestream.headers) != codestream.digests.tensor[where]:
                    raise DamagedError("the digest differs (8.7)")
            except DamagedError as error:
                raise RejectedError("8.4.4.5", f"component {component}, region {number} is damaged: {error}") from error
            result[component].append(symbols)
            if stages:
                stages.put_symbols(component, region, symbols)
    return result


def domains(header: PictureHeader) -> list[tuple[Region, list[int]]]:
    """(9.6.1) Domains of clause 9 and the numbers of the regions in each."""
    regions = header.regions()
    if header.independent_regions_flag:
        return [(region, [number]) for number, region in enumerate(regions)]
    return [(Region(0, 0, header.coded_height, header.coded_width), list(range(len(regions))))]


def assemble(header: PictureHeader, members: list[Symbols]) -> tuple[Tensor, Tensor, Tensor | None]:
    """(8.1) z, symbols and steps of a domain from those of its regions, in raster order."""
    columns = header.region_columns if len(members) > 1 else 1

    def whole(parts: list[Tensor]) -> Tensor:
        rows = [parts[i : i + columns] for i in range(0, len(parts), columns)]
        return np.concatenate([np.concatenate(row, axis=-1) for row in rows], axis=-2)

    steps = [part.steps for part in members if part.steps is not None]
    z, symbols = whole([part.z for part in members]), whole([part.symbols for part in members])
    return z, symbols, whole(steps) if steps else None


def decode_domain(
    header: PictureHeader, package: Package, networks: list[Networks], domain: Region, symbols: list[list[Symbols]],
    planes: Tensor, stages: Stages | None,
) -> None:  # fmt: skip
    """(9.6.1) Latents and planes of a domain; its samples are written into `planes`."""
    unscaled: list[Tensor] = []
    first_plane = 0
    for component, members in enumerate(symbols):
        entry, network = package.components[component], networks[component]
        z, residual, steps = assemble(header, members)
        conditions = [unscaled[i] for i in entry.conditioned_on]
        f = features(network, z, residual.shape[1], residual.shape[2], conditions)
        y = latents(network, f, residual, steps)
        if stages:
            stages.put_latents(component, domain, y)
        unscaled.append(y.unscaled)
        x = np.concatenate([unscaled[-1], f])
        last_plane = first_plane + entry.planes
        target = planes[first_plane:last_plane, domain.top : domain.bottom, domain.left : domain.right]
        for row, column, samples in domain_planes(
            network.synthesis, x, entry.planes, header.bit_depth, header.synthesis_tile_size,
            header.synthesis_tile_overlap,
        ):  # fmt: skip
            place = target[:, row : row + samples.shape[1], column : column + samples.shape[2]]
            place[...] = samples[:, : place.shape[1], : place.shape[2]]
        first_plane = last_plane


def filter_domain(codestream: Codestream, domain: Region, planes: Tensor, spec: Path) -> None:
    """(9.11.1) Post-filters, each on the whole domain; its samples are written into `planes`."""
    place = planes[:, domain.top : domain.bottom, domain.left : domain.right]
    for one in codestream.filters:
        place[...] = one.filter(place, codestream.header.bit_depth, spec)


def with_layers(codestream: Codestream, shown: list[Tensor], library: Library, base: bool) -> tuple[list[Tensor], bool]:
    """(9.9) Planes with the lossless layers, unless only the base is wanted; whether plane digests hold for them."""
    if not any(layer.data for layer in codestream.lossless):
        return shown, True
    if base:
        return shown, False
    return refined(codestream, shown, library.gaussian(), library.residual()), True


def check_planes(codestream: Codestream, planes: list[Tensor]) -> None:
    """(6.12.4) Plane digests, which hold for synthesis_transform_id[0]."""
    expected = codestream.digests.plane if codestream.digests else ()
    for number, (plane, digest) in enumerate(zip(planes, expected, strict=bool(expected))):
        if zlib.crc32(canonical(stored(plane, codestream.header.bit_depth))) != digest:
            raise RejectedError("6.12.4", f"plane {number} differs from its digest")
