# SPDX-License-Identifier: BSD-3-Clause-Clear
"""LPIPS and DISTS, by their authors' packages on torch, with weights that are already on this machine.

Both packages take the backbone from torchvision, which would fetch its weights from the network. That is not allowed
here: the metric counts as missing until the file lies in torch's cache.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import Pair
from refsw.errors import InputError
from refsw.types import Image

ZHANG = "Zhang, Isola, Efros, Shechtman, Wang: The unreasonable effectiveness of deep features, CVPR 2018; AlexNet"
DING = "Ding, Ma, Wang, Simoncelli: Image quality assessment: unifying structure and texture similarity, TPAMI 2022"
ALEXNET, VGG16 = "alexnet-owt-7be5be79.pth", "vgg16-397923af.pth"
LEAST_SIDE = 64  # both halve the picture up to five times


def lpips(pair: Pair) -> float:
    """LPIPS 0.1 with AlexNet over -1..1: 0 where equal. InputError where a side is below 64."""
    return _distance(pair, "LPIPS", _lpips_network, 2.0)


def dists(pair: Pair) -> float:
    """DISTS over 0..1: 0 where equal. InputError where a side is below 64."""
    return _distance(pair, "DISTS", _dists_network, 1.0)


def _distance(pair: Pair, name: str, build: Callable[[], Any], extent: float) -> float:
    height, width = pair.reference.height, pair.reference.width
    if min(height, width) < LEAST_SIDE:
        raise InputError(f"{name} of {width} x {height} samples: both sides must be at least {LEAST_SIDE}")
    torch = importlib.import_module("torch")

    def tensor(image: Image) -> Any:
        colour = np.broadcast_to(image.samples / (2**image.bit_depth - 1), (height, width, 3))
        planes = np.ascontiguousarray(np.moveaxis(colour, 2, 0), dtype=np.float32)
        return torch.from_numpy(planes)[None] * extent - (extent - 1)

    with torch.no_grad():
        return float(build()(tensor(pair.reference), tensor(pair.picture)))


@lru_cache(maxsize=1)
def _lpips_network() -> Any:
    return importlib.import_module("lpips").LPIPS(net="alex", verbose=False).eval()


@lru_cache(maxsize=1)
def _dists_network() -> Any:
    return importlib.import_module("DISTS_pytorch").DISTS().eval()


def _missing(package: str, distribution: str, weights: str) -> str | None:
    for module, wheel in ((package, distribution), ("torchvision", "torchvision")):
        if importlib.util.find_spec(module) is None:
            return f"needs the package {wheel}: pip install {wheel}"
    home = Path(os.environ.get("TORCH_HOME", Path.home() / ".cache" / "torch"))
    file = home / "hub" / "checkpoints" / weights
    return None if file.is_file() else f"needs the weights {file}, which are not fetched at run time"


def _backend(distribution: str) -> str:
    try:
        return f"package {distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return "none"


LPIPS = Metric(
    "lpips", "LPIPS", "1", "", False, False, 0.0, "R, G, B", ZHANG, lpips,
    missing=lambda: _missing("lpips", "lpips", ALEXNET), backend=lambda: _backend("lpips"),
)  # fmt: skip
DISTS = Metric(
    "dists", "DISTS", "1", "", False, False, 0.0, "R, G, B", DING, dists,
    missing=lambda: _missing("DISTS_pytorch", "dists-pytorch", VGG16), backend=lambda: _backend("dists-pytorch"),
)  # fmt: skip
