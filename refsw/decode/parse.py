# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8) Substreams to symbols. Exact on every machine, and independent of every reconstruction network."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from refsw.colour import BT709, NO_TRANSFORM
from refsw.constants import SCALE_FRACTION_BITS
from refsw.decode.model import Model, ScaleModel
from refsw.entropy import rans
from refsw.entropy.tables import FrequencyTables, gaussian_tables
from refsw.errors import DamageError, UnsupportedError
from refsw.syntax.headers import Codestream, ComponentHeader, PictureHeader
from refsw.syntax.writer import picture_header_payload
from refsw.types import ComponentSymbols, canonical_bytes


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
        crc = zlib.crc32(canonical_bytes(tensor), crc)
    return crc


def tensor_digests(codestream: Codestream, symbols: Sequence[ComponentSymbols]) -> tuple[int, ...]:
    """(6.12.3) What the digest segment states: each component's checksum, continued over the picture header.

    The header is in it because a damaged size or colour transform can leave every tensor as it was.
    """
    header = picture_header_payload(codestream)
    return tuple(zlib.crc32(header, checksum(own)) for own in symbols)


def check_supported(header: PictureHeader, model: Model) -> None:
    """Raises UnsupportedError for what the syntax allows and this decoder does not do."""
    present = len(header.components)
    reasons = {
        f"bit depth {header.bit_depth}": header.bit_depth != 8,
        f"colour_transform_idc {header.colour_transform_idc}": (
            header.colour_transform_idc not in (NO_TRANSFORM, BT709)
        ),
        "coded chroma format": header.coded_chroma_format_idc not in (0, 3),
        "source chroma format": header.source_chroma_format_idc != header.coded_chroma_format_idc,
        "region partitioning": header.region_partitioning_flag,
        "synthesis tiles": header.synthesis_tile_flag,
        "coding tools": header.tools_enabled_flag,
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


def _component(codestream: Codestream, scale: ScaleModel, index: int, backend: str) -> ComponentSymbols:
    header = codestream.picture_header
    own = header.components[index]
    tables: FrequencyTables = scale.z_tables(own.quality_index)
    shape = (scale.network.inputs, *header.hyper_size)
    z = rans.decode(codestream.z_data(index), z_rows(shape[0], header.hyper_size), tables, 1 << own.log2_lanes_z)
    if len(z) and (z.min() < -128 or z.max() > 127):
        raise DamageError("hyper-latent outside -128..127")
    z = z.astype(np.int8).reshape(shape)
    scale_index = scale.scale_index(z, own.quality_index, *header.latent_size, backend)
    mask = skip_mask(scale_index, own)
    coded = ~mask
    symbols = np.zeros(scale_index.shape, np.int32)
    rows = scale_row(scale_index[coded])
    symbols[coded] = rans.decode(codestream.residual_data(index), rows, gaussian_tables(), 1 << own.log2_lanes_residual)
    return ComponentSymbols(z, scale_index, mask, symbols)


def parse_symbols(codestream: Codestream, model: Model, backend: str = "auto") -> tuple[ComponentSymbols, ...]:
    """(8.1) Exact tensors of every component.

    backend: back-end of the integer networks. Raises UnsupportedError, or DamageError naming the component where a
    substream does not decode or the digest segment disagrees.
    """
    check_supported(codestream.picture_header, model)
    out = []
    for index in range(len(codestream.picture_header.components)):
        try:
            symbols = _component(codestream, model.scales[index], index, backend)
        except DamageError as error:
            raise DamageError(f"component {index}: {error}") from None
        out.append(symbols)
    if codestream.digest_segment is not None:
        for index, found in enumerate(tensor_digests(codestream, out)):
            stated = codestream.tensor_digest(index)
            if stated != found:
                raise DamageError(
                    f"component {index}: digest of z, scale_index, skip_mask, symbols and picture header is "
                    f"{found:08x}, the codestream states {stated:08x}"
                )
    return tuple(out)
