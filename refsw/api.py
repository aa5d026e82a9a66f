# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The Python interface: `refsw.encode`, `refsw.decode`, and both with everything they know."""

from __future__ import annotations

from dataclasses import replace

from refsw import container
from refsw.config import Config, load_config
from refsw.decode.picture import Decoded, decode_picture
from refsw.encode.picture import Encoded, encode_picture
from refsw.types import Image

__all__ = ["Decoded", "Encoded", "decode", "decode_picture", "encode", "encode_picture"]


def encode(
    image: Image,
    config: Config | str = "cfg/base.yaml",
    *,
    quality: float | None = None,
    bpp: float | None = None,
    device: str = "cpu",
) -> bytes:
    """Encode a picture; quality 0..100, or bpp as a target in bits per pixel. Raises RefswError."""
    resolved = load_config(config) if isinstance(config, str) else config
    return encode_picture(image, resolved, quality=quality, bpp=bpp, device=device).data


def decode(
    data: bytes, *, operating_point: str | None = None, device: str = "cpu", realism: float = 0.0
) -> Image:
    """Decode a codestream or a file .jaif. Raises RefswError.

    operating_point: "sop", "bop" or "hop" among those it lists; realism: 0..1, from least distortion to likely detail.
    """
    file = container.opened(data)
    image = decode_picture(file.codestream, operating_point=operating_point, device=device, realism=realism).image
    return replace(image, metadata=file.in_picture(image.metadata))
