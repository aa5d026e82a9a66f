# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-dec --dump DIR`: every stage of the decoder as a file, with its digest.

    DIR/header.json                                      all header elements
    DIR/component0/{z,scale_index,skip_mask,symbols}.npy exact on every machine
    DIR/component0/{mean,y_hat}.npy                      floating point, within the stated tolerance
    DIR/planes.npy                                       int32 [P, H, W], coded size
    DIR/digests.json                                     Annex C digest of each .npy file's tensor
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from refsw.cli.common import write_report
from refsw.errors import OutputError
from refsw.io import check_writable, make_folder, write_bytes
from refsw.types import digest

if TYPE_CHECKING:
    from refsw.decode.picture import Decoded

_EXACT = ("z", "scale_index", "skip_mask", "symbols")
_TOLERANT = ("mean", "y_hat")


def check_dump(folder: Path) -> None:
    """Raises OutputError where the folder could not be made or written to."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is not a folder")
    if folder.is_dir():
        check_writable(folder / "header.json")


def write_dump(folder: Path, decoded: Decoded) -> None:
    """Writes all stages, each file whole or not at all. Raises OutputError."""
    make_folder(folder)
    tensors = stages(decoded)
    for name, tensor in tensors.items():
        make_folder((folder / name).parent)
        buffer = io.BytesIO()
        np.save(buffer, tensor, allow_pickle=False)
        write_bytes(folder / name, buffer.getvalue())
    write_report(folder / "header.json", header_elements(decoded))
    write_report(folder / "digests.json", {name: digest(tensor) for name, tensor in tensors.items()})


def stages(decoded: Decoded) -> dict[str, NDArray[Any]]:
    """Tensors by file name, in the order of decoding."""
    tensors: dict[str, NDArray[Any]] = {}
    for index, (symbols, latents) in enumerate(zip(decoded.symbols, decoded.latents, strict=True)):
        tensors |= {f"component{index}/{name}.npy": getattr(symbols, name) for name in _EXACT}
        tensors |= {f"component{index}/{name}.npy": getattr(latents, name) for name in _TOLERANT}
    assert decoded.planes is not None, "the decoder was not told to keep its stages"
    tensors["planes.npy"] = decoded.planes.samples
    return tensors


def header_elements(decoded: Decoded) -> dict[str, object]:
    """Headers by the names of the specification; what other segments carry is counted in bytes."""
    stream = decoded.codestream
    return {
        "picture_header": stream.picture_header,
        "tool_header": stream.tool_header,
        "rendering_information": stream.rendering_information,
        "digest_segment": stream.digest_segment,
        "substream_bytes": {
            "z": [len(part.substream_data) for part in stream.z],
            "primary_residual": [len(part.substream_data) for part in stream.primary_residual],
            "secondary_residual": [len(part.substream_data) for part in stream.secondary_residual],
        },
    }
