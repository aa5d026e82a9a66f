# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Symbols to codestream."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from refsw import syntax
from refsw.decode.model import Model
from refsw.decode.parse import scale_row, tensor_digests, z_rows
from refsw.entropy import rans
from refsw.entropy.cost import choose_lanes, code_length
from refsw.entropy.tables import FrequencyTables, gaussian_tables
from refsw.syntax.headers import Codestream, ComponentHeader, DigestSegment, PictureHeader, Substream
from refsw.types import ComponentSymbols, Int


@dataclass(frozen=True)
class Written:
    """A codestream, and the ideal code length of all its symbols under the coder's own tables."""

    data: bytes
    codestream: Codestream
    ideal_bits: float


@dataclass(frozen=True)
class _Coded:
    data: bytes
    log2_lanes: int
    ideal_bits: float


def _code(values: Int, rows: Int, tables: FrequencyTables, lanes: int | Literal["auto"]) -> _Coded:
    ideal = code_length(values, rows, tables)
    chosen = choose_lanes(ideal, len(values)) if lanes == "auto" else lanes
    return _Coded(rans.encode(values, rows, tables, chosen), chosen.bit_length() - 1, ideal)


def write_picture(
    model: Model,
    header: PictureHeader,
    symbols: tuple[ComponentSymbols, ...],
    lanes: int | Literal["auto"] = "auto",
    digest: bool = True,
) -> Written:
    """Entropy-code every component and write the codestream; the header's lane counts are replaced by those chosen."""
    components: list[ComponentHeader] = []
    z_streams, residuals, ideal = [], [], 0.0
    for index, own in enumerate(symbols):
        component = header.components[index]
        scale = model.scales[index]
        z = _code(
            own.z.astype("int32").ravel(), z_rows(len(own.z), header.hyper_size),
            scale.z_tables(component.quality_index), lanes,
        )  # fmt: skip
        coded = ~own.skip_mask
        residual = _code(own.symbols[coded], scale_row(own.scale_index[coded]), gaussian_tables(), lanes)
        components.append(replace(component, log2_lanes_z=z.log2_lanes, log2_lanes_residual=residual.log2_lanes))
        z_streams.append(Substream(component_index=index, substream_data=z.data))
        residuals.append(Substream(component_index=index, substream_data=residual.data))
        ideal += z.ideal_bits + residual.ideal_bits
    codestream = Codestream(
        picture_header=replace(header, components=tuple(components)),
        z=tuple(z_streams),
        primary_residual=tuple(residuals[:1]),
        secondary_residual=tuple(residuals[1:]),
    )
    if digest:
        segment = DigestSegment(tensor_digest=tensor_digests(codestream, symbols))
        codestream = replace(codestream, digest_segment=segment)
    return Written(syntax.write(codestream), codestream, ideal)
