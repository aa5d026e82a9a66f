# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.2 to 9.4) The float networks of one component as ONNX Runtime sessions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from conformance.independent.errors import UnsupportedError

Array = NDArray[np.float32]


class Graphs:
    """Graphs NAME.latents.onnx and NAME.POINT.onnx of a component, at one quality. Raises UnsupportedError."""

    def __init__(self, folder: Path, component: str, point: str, quality_index: int, weights: str) -> None:
        self.quality = np.array([quality_index / 256], np.float32)
        self.latent_graph = _session(folder, f"{component}.latents.onnx", weights)
        self.synthesis_graph = _session(folder, f"{component}.{point}.onnx", weights)

    def latents(
        self, z: NDArray[Any], symbols: NDArray[Any], steps: NDArray[Any] | None, conditions: Sequence[Array]
    ) -> tuple[Array, Array, Array]:
        """(9.2, 9.3) features, y_hat, unscaled latent, [C, h, w] each.

        symbols: [C_y, h, w]; steps (8.8 to 8.10): [h, w] or [C_y, h, w], None: all are 0; conditions: latents of
        earlier components.
        """
        height, width = symbols.shape[1:]
        own = np.zeros((1, height, width)) if steps is None else steps.reshape(-1, height, width)
        given = {"z": z, "symbols": symbols, "steps": own} | {f"condition.{i}": c for i, c in enumerate(conditions)}
        inputs = {name: value.astype(np.float32)[None] for name, value in given.items()} | {"quality": self.quality}
        features, y_hat, latent = self.latent_graph.run(["features", "y_hat", "latent"], inputs)
        return features[0], y_hat[0], latent[0]

    def patches(self, latent: Array, features: Array) -> Array:
        """(9.4) Samples of 8x8 patches about 0, [64 P, 2h, 2w]."""
        inputs = {"latent": latent[None], "features": features[None], "quality": self.quality}
        (made,) = self.synthesis_graph.run(["patches"], inputs)
        patches: Array = made[0]
        return patches


def _session(folder: Path, name: str, weights: str) -> Any:
    path = folder / name
    if not path.is_file():
        raise UnsupportedError("E.5", f"{path}: no such graph; `refsw-export onnx {folder.name} -o {folder}` writes it")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    found = session.get_modelmeta().custom_metadata_map.get("weights", "none")
    if found != weights:
        raise UnsupportedError("E.5", f"{path}: weights {found[:16]}, the package has {weights[:16]}")
    return session
