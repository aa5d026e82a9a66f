# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(7.1, Annex C) Stages of decoding, kept for `--dump`, so that the first one that differs can be found."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.independent.headers import PictureHeader, Region, ceil_div
from conformance.independent.latents import LATENT_FRACTION_BITS, Latents
from conformance.independent.package import canonical
from conformance.independent.symbols import Symbols


class Stages:
    """Collects the tensors of a picture from those of its regions and domains."""

    def __init__(self, header: PictureHeader) -> None:
        self.header = header
        self.tensors: dict[str, NDArray[Any]] = {}

    def put(self, name: str, tensor: NDArray[Any], region: Region, unit: int) -> None:
        """Places the part of a tensor that belongs to a region; a sample of it covers unit x unit luma samples."""
        if name not in self.tensors:
            shape = ceil_div(self.header.coded_height, unit), ceil_div(self.header.coded_width, unit)
            self.tensors[name] = np.zeros((len(tensor), *shape), tensor.dtype)
        top, left = region.top // unit, region.left // unit
        self.tensors[name][:, top : top + tensor.shape[1], left : left + tensor.shape[2]] = tensor

    def put_symbols(self, component: int, region: Region, symbols: Symbols) -> None:
        """(8) The exact tensors of a region of a component."""
        self.put(f"component{component}/z", symbols.z.astype(np.int8), region, 64)
        self.put(f"component{component}/scale_index", symbols.scale_index.astype(np.int32), region, 16)
        self.put(f"component{component}/skip_mask", symbols.skip_mask, region, 16)
        self.put(f"component{component}/symbols", symbols.symbols.astype(np.int32), region, 16)

    def put_latents(self, component: int, domain: Region, latents: Latents) -> None:
        """(9.8.3) Mean and y_hat of a domain, in quantiser steps; binary32 holds them exactly."""
        for name, tensor in (("mean", latents.mean), ("y_hat", latents.y_hat)):
            steps = (tensor / (1 << LATENT_FRACTION_BITS)).astype(np.float32)
            self.put(f"component{component}/{name}", steps, domain, 16)

    def put_planes(self, planes: NDArray[np.int64]) -> None:
        """(9.8.4, 9.12) Planes as 9.5 sees them."""
        self.tensors["planes"] = planes.astype(np.int32)

    def save(self, folder: Path) -> None:
        """Writes NAME.npy for each tensor, and digests.json with their digests (Annex C)."""
        for name, tensor in self.tensors.items():
            path = folder / f"{name}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, tensor, allow_pickle=False)
        digests = {f"{name}.npy": hashlib.sha256(canonical(t)).hexdigest() for name, t in self.tensors.items()}
        (folder / "digests.json").write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
