# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Fewer coded channels: the symbols of the others are coded again, the picture is not analysed again."""

from __future__ import annotations

from dataclasses import replace

from refsw.decode.model import Model
from refsw.decode.parse import parse_symbols
from refsw.encode.write import ToolBlocks, write_picture
from refsw.syntax.headers import Codestream
from refsw.syntax.surgery import without_lossless
from refsw.types import ComponentSymbols


def without_channels(codestream: Codestream, model: Model, channels: int) -> Codestream:
    """(8.5) At most `channels` channels of each component carry symbols. Decodes to what `--channels` shows.

    Raises DamageError where a substream does not decode; a codestream with absent regions is such a one.
    """
    header = codestream.picture_header
    counts = [min(channels, component.num_coded_channels) for component in header.components]
    symbols = parse_symbols(codestream, model)
    written = write_picture(
        model,
        replace(header, components=tuple(
            replace(component, num_coded_channels=count)
            for component, count in zip(header.components, counts, strict=True)
        )),
        [_cut(own, count) for own, count in zip(symbols, counts, strict=True)],
        digest=codestream.digest_segment is not None,
        tools=ToolBlocks(codestream.tool_header),
    )  # fmt: skip
    own = written.codestream
    return replace(
        without_lossless(codestream), picture_header=own.picture_header, z=own.z, primary_residual=own.primary_residual,
        secondary_residual=own.secondary_residual, digest_segment=own.digest_segment,
    )  # fmt: skip


def _cut(own: ComponentSymbols, count: int) -> ComponentSymbols:
    skip_mask, symbols = own.skip_mask.copy(), own.symbols.copy()
    skip_mask[count:], symbols[count:] = True, 0
    return replace(own, skip_mask=skip_mask, symbols=symbols)
