# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(5.2, 5.3) Order of segments: from the bytes of a codestream to its picture header, substreams, alpha and digests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from conformance.independent.bits import BitReader
from conformance.independent.enlarge import Resolution
from conformance.independent.errors import RejectedError, UnsupportedError
from conformance.independent.headers import PictureHeader, read_picture_header
from conformance.independent.layers import Tensor
from conformance.independent.scaling import Scaling
from conformance.independent.segments import (
    Alpha,
    Digests,
    LosslessLayer,
    read_alpha,
    read_digests,
    read_extension,
    read_lossless,
    read_rendering_information,
    read_substream,
    read_tool_header,
)
from conformance.independent.tools import TOOLS, Filter

SOC, EOC, PIH = 0xFF80, 0xFF81, 0xFF82
PIH_BYTES = 1024


@dataclass
class Codestream:
    """What the segments of a codestream say; substreams in the order of components, then regions."""

    header: PictureHeader
    z: list[bytes] = field(default_factory=list)
    residual: list[bytes] = field(default_factory=list)
    quality_map: bytes | None = None
    """Outside the experimental profile it changes nothing, and is not kept."""
    alpha: Alpha | None = None
    lossless: list[LosslessLayer] = field(default_factory=list)
    """Of the first regions, in their order."""
    digests: Digests | None = None
    payloads: list[tuple[int, BitReader]] = field(default_factory=list)
    """Of known tools, read once all tools are known."""
    filters: list[Filter] = field(default_factory=list)
    """Post-filters, in the order of application."""
    resolution: Resolution | None = None
    """None: coded and displayed picture have one resolution."""
    scaling: Scaling | None = None
    """None: a step is that of the quality map."""
    headers: bytes = b""
    """Payloads of picture header and tool header, which digests cover (8.7)."""
    unknown: list[UnsupportedError] = field(default_factory=list)
    """Unknown tools and essential extensions, in which no clause is violated."""

    @property
    def shown(self) -> PictureHeader:
        """The picture header, with the display size of the picture after 9.12."""
        return self.header if self.resolution is None else self.resolution.shown(self.header)

    def enlarged(self, planes: Tensor) -> Tensor:
        """(9.12) Planes as 9.5 sees them."""
        return planes if self.resolution is None else self.resolution.enlarged(planes, self.header.bit_depth)


@dataclass(frozen=True)
class Kind:
    """A row of Table 5-1 after the picture header."""

    name: str
    clause: str
    first: int
    last: int
    """Markers."""
    minimum: int
    maximum: int
    """How often it occurs."""
    max_size: int
    """Bytes of the payload."""
    read: Callable[[BitReader, int], None]
    """Takes the payload and segment_index, the number of earlier segments of the kind."""


def table_5_1(codestream: Codestream) -> Iterator[Kind]:
    """(Table 5-1) The kinds of segments that follow the picture header, in their order."""
    header = codestream.header
    level, components = header.level, len(header.components)
    regions = header.region_rows * header.region_columns
    metadata, substream, optional = level.max_metadata_bytes, level.max_substream_bytes, level.max_optional_segments

    def read_z(bits: BitReader, index: int) -> None:
        codestream.z.append(read_substream(bits, header, index))

    def read_residual(bits: BitReader, index: int) -> None:
        codestream.residual.append(read_substream(bits, header, index))

    def read_secondary(bits: BitReader, index: int) -> None:
        codestream.residual.append(read_substream(bits, header, index + regions))

    def read_map(bits: BitReader, index: int) -> None:
        data = bits.b(bits.remaining)
        codestream.quality_map = data if header.profile.any_tool else None  # of the experimental profile alone

    def read_alpha_plane(bits: BitReader, index: int) -> None:
        codestream.alpha = read_alpha(bits)

    def read_lossless_layer(bits: BitReader, index: int) -> None:
        codestream.lossless.append(read_lossless(bits, header, index))

    def read_digest_segment(bits: BitReader, index: int) -> None:
        codestream.digests = read_digests(bits, components * regions, header)

    def read_tools(bits: BitReader, index: int) -> None:
        codestream.headers += bits.data[bits.position // 8 : bits.end]
        for tool_id, payload in read_tool_header(bits, header):
            if tool_id in TOOLS:
                codestream.payloads.append((tool_id, payload))
            else:
                codestream.unknown.append(UnsupportedError("6.6.1", f"coding tool {tool_id} is not known"))

    def read_rendering(bits: BitReader, index: int) -> None:
        read_rendering_information(bits, header)

    def read_proposal(bits: BitReader, index: int) -> None:
        essential = read_extension(bits, header)
        if essential is not None:
            codestream.unknown.append(UnsupportedError("6.13.1", f"essential extension {essential} is not known"))

    def skip(bits: BitReader, index: int) -> None:
        bits.b(bits.remaining)

    tools = header.tools_enabled_flag
    yield Kind("TOH", "5.2.4", 0xFF83, 0xFF83, tools, tools, level.max_header_bytes, read_tools)
    yield Kind("RDI", "5.2.5", 0xFF84, 0xFF84, 0, 1, metadata, read_rendering)
    yield Kind("SOQ", "5.2.6", 0xFF8B, 0xFF8B, 0, 1, metadata, read_map)
    yield Kind("SOZ", "5.2.7", 0xFF88, 0xFF88, components * regions, components * regions, substream, read_z)
    yield Kind("SORP", "5.2.8", 0xFF89, 0xFF89, regions, regions, substream, read_residual)
    others = (components - 1) * regions
    yield Kind("SORS", "5.2.9", 0xFF8A, 0xFF8A, others, others, substream, read_secondary)
    yield Kind("ALP", "5.2.16", 0xFF8D, 0xFF8D, 0, 1, substream, read_alpha_plane)
    yield Kind("SOL", "5.2.17", 0xFF8E, 0xFF8E, 0, regions, 2 * substream, read_lossless_layer)
    yield Kind("UDI", "5.2.10", 0xFF8C, 0xFF8C, 0, optional, metadata, skip)
    yield Kind("DIG", "5.2.11", 0xFF90, 0xFF90, 0, 1, level.max_header_bytes, read_digest_segment)
    yield Kind("EXT", "5.2.12", 0xFF91, 0xFF91, 0, optional, metadata, read_proposal)
    yield Kind("SKIP", "5.2.13", 0xFF92, 0xFF9F, 0, optional, metadata, skip)


def read_codestream(data: bytes) -> Codestream:
    """(5.2) All segments of a codestream.

    Raises RejectedError and UnsupportedError at the first violation of clauses 5 and 6.
    """
    bits = BitReader(data)
    if bits.u(16) != SOC:
        raise RejectedError("5.2.1.1", "the file does not begin with SOC (FF80)")
    if (marker := bits.u(16)) != PIH:
        raise RejectedError("5.2.3", f"{bits}: the first marker is {marker:04X}, not PIH (FF82)")
    payload = read_payload(bits, "PIH", PIH_BYTES)
    header = read_picture_header(payload)
    codestream = Codestream(header, headers=header.payload)
    kinds = list(table_5_1(codestream))
    markers = {marker for kind in kinds for marker in range(kind.first, kind.last + 1)}

    marker = bits.u(16)
    for kind in kinds:
        count = 0
        while kind.first <= marker <= kind.last:
            if count == kind.maximum:
                raise RejectedError(kind.clause, f"{bits}: more than {kind.maximum} segments {kind.name}")
            payload = read_payload(bits, kind.name, kind.max_size)
            kind.read(payload, count)
            payload.finish()
            count += 1
            marker = bits.u(16)
        if marker == PIH:
            raise RejectedError("5.2.3", f"{bits}: a second picture header")
        if marker != EOC and marker not in markers:
            raise RejectedError("5.3.5", f"{bits}: marker {marker:04X} is not one of Table 5-1")
        if count < kind.minimum:
            raise RejectedError(kind.clause, f"{bits}: {count} segments {kind.name}, needed are {kind.minimum}")
    if marker != EOC:
        raise RejectedError("5.2.14", f"{bits}: marker {marker:04X} is out of order")
    if bits.remaining:
        raise RejectedError("5.2.15", f"{bits}: {bits.remaining} bytes follow EOC")
    if codestream.unknown:
        raise codestream.unknown[0]
    for tool_id, payload in codestream.payloads:
        tool = TOOLS[tool_id](payload, header)
        if isinstance(tool, Resolution):
            codestream.resolution = tool
        elif isinstance(tool, Scaling):
            codestream.scaling = tool
        else:
            codestream.filters.append(tool)
    if codestream.resolution and codestream.lossless:
        raise RejectedError("9.12.1.4", "a lossless layer over a picture of another resolution")
    return codestream


def read_payload(bits: BitReader, name: str, max_size: int) -> BitReader:
    """(5.3) Size of a segment whose marker has been read; a reader of its payload, which `bits` then stands behind."""
    size = bits.ue()
    bits.align()
    if size > max_size:
        raise RejectedError("5.3.6", f"{bits}: {name} of {size} bytes, the level allows {max_size}")
    if size > bits.remaining:
        raise RejectedError("5.1.8", f"{bits}: {name} of {size} bytes, {bits.remaining} are left")
    first = bits.position // 8
    bits.position += 8 * size
    return BitReader(bits.data, first, first + size)
