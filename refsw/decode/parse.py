# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8) Substreams to symbols. Exact on every machine, and independent of every reconstruction network.

A region is decoded from its own substreams alone, whether or not the networks of clause 9 look across regions.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refsw.colour import NO_TRANSFORM
from refsw.constants import SCALE_FRACTION_BITS
from refsw.decode.damage import Damage, Part
from refsw.decode.model import Model, ScaleModel
from refsw.decode.quality_map import picture_steps
from refsw.decode.steps import Steps
from refsw.decode.windows import Box, latent_box
from refsw.entropy import rans
from refsw.entropy.tables import gaussian_tables
from refsw.errors import DamageError, UnsupportedError
from refsw.syntax.headers import Codestream, ComponentHeader, PictureHeader
from refsw.syntax.scaling import scaling_of
from refsw.syntax.writer import digested_headers
from refsw.types import CodedTensors, ComponentSymbols, Int, canonical_parts

SYMBOLS_AT_ONCE = 1 << 19
"""Positions whose rows are held at a time; an entropy decoder goes on where it ended, so this changes nothing."""


def scale_row(scale_index: NDArray[np.int32]) -> NDArray[np.int32]:
    """(8.3.3) Table row of each residual sample: int32 0..8191, Q7 log scale -> int32 0..63, nearest row."""
    half = 1 << (SCALE_FRACTION_BITS - 1)
    return ((scale_index + half) >> SCALE_FRACTION_BITS).clip(0, gaussian_tables().rows - 1).astype(np.int32)


def skip_mask(scale_index: NDArray[np.int32], header: ComponentHeader) -> NDArray[np.bool_]:
    """(8.5) True where no symbol is coded: scale under the threshold, or channel beyond those coded."""
    threshold = header.skip_threshold if header.skip_enabled_flag else 0
    mask = scale_index < threshold
    mask[header.num_coded_channels :] = True
    return mask


def z_rows(channels: int, size: tuple[int, int]) -> NDArray[np.int32]:
    """(8.2.1) Table row of each sample of z, in coding order: its channel."""
    return np.repeat(np.arange(channels, dtype=np.int32), size[0] * size[1])


def checksum(symbols: ComponentSymbols) -> int:
    """(6.12) CRC-32 over the canonical bytes of z, scale_index, skip_mask and symbols, in this order."""
    crc = 0
    for tensor in (symbols.z, symbols.scale_index, symbols.skip_mask, symbols.symbols):
        head, body = canonical_parts(tensor)
        crc = zlib.crc32(body.data, zlib.crc32(head, crc))
    return crc


def region_digest(header_payload: bytes, symbols: ComponentSymbols) -> int:
    """(8.7) What the digest segment states of a region of a component: its checksum, continued over the headers.

    Headers are in it because a damaged size, colour transform or filter can leave every tensor as it was.
    """
    return zlib.crc32(header_payload, checksum(symbols))


def check_supported(header: PictureHeader, model: Model) -> None:
    """Raises UnsupportedError for what the syntax allows and this decoder does not do."""
    present = len(header.components)
    reasons = {
        "coded chroma format": header.coded_chroma_format_idc not in (0, 3),
        "source chroma format with a colour transform": (
            header.source_chroma_format_idc in (1, 2) and header.colour_transform_idc != NO_TRANSFORM
        ),
    }
    for what, found in reasons.items():
        if found:
            raise UnsupportedError(f"{what}: not supported by this decoder")
    planes = sum(len(c.planes) for c in model.config.components[:present])
    if present > len(model.config.components) or planes != (1 if header.coded_chroma_format_idc == 0 else 3):
        name = model.package.description.name
        raise UnsupportedError(f"{present} components: model {name} does not code this chroma format with them")
    for index, component in enumerate(header.components):
        channels = model.config.components[index].channels
        if component.num_coded_channels > channels:
            raise UnsupportedError(
                f"component {index}: {component.num_coded_channels} channels, the model has {channels}"
            )


@dataclass(frozen=True)
class Parsed:
    """Exact tensors of a picture, or of the regions that were asked for; elsewhere they are 0.

    tensors: one per component; damage: only where concealment was asked for, in the order of parsing;
    symbols: of the whole picture with what steers their parsing, where they were to be kept, else ().
    """

    tensors: tuple[CodedTensors, ...]
    damage: tuple[Damage, ...] = ()
    symbols: tuple[ComponentSymbols, ...] = ()


@dataclass(frozen=True)
class _Region:
    """Tensors of a region of a component, and its steps."""

    symbols: ComponentSymbols
    steps: NDArray[np.int8] | None


class _NotDecodedError(Exception):
    """A substream that gives nothing; the part, whether there are no bytes at all, and what is known without it."""

    def __init__(self, part: Part, message: str, absent: bool, known: _Region | None) -> None:
        super().__init__(message)
        self.part, self.absent, self.known = part, absent, known


def _symbols(
    data: bytes, scale_index: NDArray[np.int32], mask: NDArray[np.bool_], lanes: int, channels: int
) -> NDArray[np.int32]:
    """(8.6) Symbols of the first `channels` channels; the substream is checked where these are all."""
    symbols = np.zeros(scale_index.shape, np.int32)
    decoder = rans.Decoder(data, gaussian_tables(), lanes)
    step = max(1, SYMBOLS_AT_ONCE // (scale_index.shape[1] * scale_index.shape[2]))
    for first in range(0, channels, step):
        part = slice(first, min(first + step, channels))
        coded = ~mask[part]
        symbols[part][coded] = decoder.decode(scale_row(scale_index[part][coded]))
    if channels == len(symbols):
        decoder.finish()
    return symbols


def _region(
    codestream: Codestream, scale: ScaleModel, index: int, region_index: int, channels: int, backend: str,
    steps: Steps,
) -> _Region:
    """(8.1) Tensors of one region of one component. Raises _NotDecodedError with those that are known."""
    header = codestream.picture_header
    own, box = header.components[index], latent_box(header.region(region_index))
    shape = (scale.network.inputs, box.hyper.height, box.hyper.width)
    area = (scale.channels, box.height, box.width)
    data = codestream.z_data(index, region_index)
    if not data:
        raise _NotDecodedError("z", "is not present", True, None)
    try:
        rows = z_rows(shape[0], (shape[1], shape[2]))
        z = rans.decode(data, rows, scale.z_tables(own.quality_index), 1 << own.log2_lanes_z)
        if z.min() < -128 or z.max() > 127:
            raise DamageError("hyper-latent outside -128..127")
    except DamageError as error:
        raise _NotDecodedError("z", str(error), False, None) from None
    z = z.astype(np.int8).reshape(shape)
    scaled = steps.scales(scale, index, z, own.quality_index, box, backend)
    scale_index, mask = scaled.index, skip_mask(scaled.index, own)
    known = _Region(ComponentSymbols(z, scale_index, mask, np.zeros(area, np.int32)), scaled.steps)
    data = codestream.residual_data(index, region_index)
    if not data and not mask.all():
        raise _NotDecodedError("symbols", "symbols are not present", True, known)
    try:
        found = _symbols(data, scale_index, mask, 1 << own.log2_lanes_residual, min(channels, area[0]))
    except DamageError as error:
        raise _NotDecodedError("symbols", str(error), False, known) from None
    return replace(known, symbols=replace(known.symbols, symbols=found))


class _Collector:
    """Puts tensors of regions together to those of the picture; made when there is a first one to put.

    rows: of how many channels table rows are kept as well.
    """

    def __init__(
        self, header: PictureHeader, scale: ScaleModel, keep: bool, steps: Steps, rows: int
    ) -> None:
        shape = (scale.channels, *header.latent_size)
        self.steps, self.found = steps.mapped, scale.local or steps.scaling is not None
        if self.found:  # where z is not known, a step is that of the map (9.7.2)
            whole = np.zeros(shape if steps.scaling is not None else shape[1:], np.int8)
            self.steps = whole if self.steps is None else whole + self.steps
        self.z = np.zeros((scale.network.inputs, *header.hyper_size), np.int8)
        self.symbols: Int = np.zeros(shape, np.int32 if keep else np.int16)  # pages that nothing writes take no memory
        self.scale_index = np.zeros(shape if keep else (0,), np.int32)
        self.skip_mask = np.ones(shape if keep else (0,), np.bool_)
        self.rows = np.zeros(shape, np.uint8) if rows else None
        self.known = rows
        self.keep = keep

    def put(self, box: Box, region: _Region | None) -> None:
        if region is None:
            return
        own, (rows, columns) = region.symbols, box.slices
        if self.found and self.steps is not None and region.steps is not None:
            self.steps[..., rows, columns] = region.steps
        if not self.keep and not np.can_cast(np.min_scalar_type(int(np.abs(own.symbols).max())), np.int16):
            self.symbols = self.symbols.astype(np.int32)
        self.symbols[:, rows, columns] = own.symbols
        z_rows_, z_columns = box.hyper.slices
        self.z[:, z_rows_, z_columns] = own.z
        if self.rows is not None:
            self.rows[: self.known, rows, columns] = scale_row(own.scale_index[: self.known])
        if self.keep:
            self.scale_index[:, rows, columns] = own.scale_index
            self.skip_mask[:, rows, columns] = own.skip_mask

    def tensors(self) -> CodedTensors:
        return CodedTensors(self.z, self.symbols, self.steps, self.rows)

    def full(self) -> ComponentSymbols:
        return ComponentSymbols(self.z, self.scale_index, self.skip_mask, self.symbols.astype(np.int32, copy=False))


def parse_regions(
    codestream: Codestream,
    model: Model,
    *,
    regions: Iterable[int] | None = None,
    components: int | None = None,
    channels: int | None = None,
    conceal: bool = False,
    keep: bool = False,
    rows: bool = False,
    backend: str = "auto",
) -> Parsed:
    """(8.1) Exact tensors of some regions of the first components.

    regions: indices, None for all; components: how many, None for all; channels: symbols of further channels are
    not decoded, and then neither the end of a substream nor a digest is checked; conceal: list damage instead of
    raising it; keep: with scale_index and skip_mask; rows: with table rows. Raises UnsupportedError, or DamageError
    that names region and component.
    """
    header = codestream.picture_header
    check_supported(header, model)
    indices = range(header.num_regions) if regions is None else tuple(regions)
    count = len(header.components) if components is None else min(components, len(header.components))
    payload = digested_headers(codestream) if codestream.digest_segment is not None else b""
    damage: list[Damage] = []
    steps = Steps(picture_steps(codestream), scaling_of(codestream))

    def found(index: int, region_index: int, part: Part, message: str, absent: bool = False) -> None:
        one = Damage(index, region_index, part, message, absent, header.num_regions > 1)
        if not conceal:
            raise DamageError(str(one))
        damage.append(one)

    collectors: dict[int, _Collector] = {}
    for region_index in indices:
        box = latent_box(header.region(region_index))
        for index, scale in enumerate(model.scales[:count]):
            limit = scale.channels if channels is None else channels
            own: _Region | None
            try:
                own = _region(codestream, scale, index, region_index, limit, backend, steps)
            except _NotDecodedError as error:
                own = error.known
                found(index, region_index, error.part, str(error), error.absent)
            else:
                stated = codestream.tensor_digest(index, region_index)
                if stated is not None and limit >= scale.channels:
                    digest = region_digest(payload, own.symbols)
                    if digest != stated:
                        found(index, region_index, "digest", "digest of z, scale_index, skip_mask, symbols and "
                              f"headers is {digest:08x}, the codestream states {stated:08x}")  # fmt: skip
            if index not in collectors:
                known = min(limit, header.components[index].num_coded_channels) if rows else 0
                collectors[index] = _Collector(header, scale, keep, steps, known)
            collectors[index].put(box, own)
    full = tuple(c.full() for c in collectors.values()) if keep else ()
    return Parsed(tuple(c.tensors() for c in collectors.values()), tuple(damage), full)


def parse_symbols(codestream: Codestream, model: Model, backend: str = "auto") -> tuple[ComponentSymbols, ...]:
    """(8.1) Exact tensors of the whole picture, with what steers their parsing. Raises what `parse_regions` raises."""
    return parse_regions(codestream, model, keep=True, backend=backend).symbols
