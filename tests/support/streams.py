# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Encoding with the started model, and what else tests do to codestreams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from refsw import syntax
from refsw.api import Decoded, Encoded, decode_picture, encode_picture
from refsw.syntax.headers import Codestream, ComponentHeader
from refsw.tools.tool import OFF
from refsw.types import Image
from tests.support.tiny import Started


def without_tools(started: Started) -> Started:
    """The same, with no coding tool on."""
    tools = tuple((name, OFF) for name, _ in started.config.tools)
    return replace(started, config=replace(started.config, tools=tools))


def code(started: Started, image: Image, quality: float = 50, **coding: Any) -> Encoded:
    """Encode; coding: fields of CodingConfig to change."""
    config = replace(started.config, coding=replace(started.config.coding, **coding))
    return encode_picture(image, config, quality=quality, model=started.model)


def round_trip(started: Started, image: Image, quality: float = 50, **coding: Any) -> tuple[Encoded, Decoded]:
    """Encode and decode; the decoded picture must be the encoder's, sample for sample."""
    encoded = code(started, image, quality, **coding)
    decoded = decode_picture(encoded.data, model=started.model)
    assert decoded.image.bit_depth == image.bit_depth and decoded.image.samples.dtype == image.samples.dtype
    assert decoded.image.samples.shape == image.samples.shape
    np.testing.assert_array_equal(decoded.image.samples, encoded.reconstruction.samples)
    assert encoded.report.bytes == len(encoded.data)
    return encoded, decoded


def psnr(image: Image, other: Image) -> float:
    """dB over all samples."""
    error = np.mean((image.samples.astype(float) - other.samples) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def with_header(data: bytes, **changes: Any) -> bytes:
    """The same stream with fields of its picture header changed, and without the digest that would tell."""
    codestream = replace(syntax.read(data), digest_segment=None)
    return syntax.write(replace(codestream, picture_header=replace(codestream.picture_header, **changes)))


def with_component(codestream: Codestream, index: int, **changes: Any) -> Codestream:
    """The same stream with fields of one component header changed."""
    components = list(codestream.picture_header.components)
    components[index] = replace(components[index], **changes)
    return replace(codestream, picture_header=replace(codestream.picture_header, components=tuple(components)))


def with_substream(codestream: Codestream, group: str, index: int, data: bytes) -> Codestream:
    """The same stream with other data; group: "z", "primary_residual" or "secondary_residual"."""
    streams = list(getattr(codestream, group))
    streams[index] = replace(streams[index], substream_data=data)
    return replace(codestream, **{group: tuple(streams)})


def component_headers(
    quality_index: int, channels: tuple[int, ...] = (32, 16), **changes: Any
) -> tuple[ComponentHeader, ...]:
    """Headers of the started model's components."""
    return tuple(ComponentHeader(quality_index=quality_index, num_coded_channels=c, **changes) for c in channels)
