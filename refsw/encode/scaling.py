# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Whether a picture is coded with steps of bands (8.9), by bits + lambda * squared error of its middle.

The usual steps suit nearly all pictures, and what a search adds to them is not worth its time (docs/tools.md), so that
a picture is coded with them, and again without where they do not pay.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from refsw.config import Config
from refsw.constants import SCALE_FRACTION_BITS
from refsw.decode.model import Model
from refsw.decode.parse import scale_row
from refsw.decode.reconstruct import log_gain_map, to_tensor
from refsw.decode.windows import Box, domains, split
from refsw.encode.analyse import Analysed, ReadPlanes, padded, zeroing_thresholds
from refsw.encode.block import Block
from refsw.entropy.tables import gaussian_tables
from refsw.syntax.scaling import ScalingPayload
from refsw.tools.variance_scaling.tool import stepped

SIDE = 24
"""Latent samples: largest side of the part by which steps are judged."""
TRIAL_BYTES = 8
"""Of a latent sample: y and y_hat are kept until it is decided."""


class Trials:
    """A part of a picture, coded with one set of steps after the other.

    analysed: with y, whatever steps it was made with; mapped: int8 [h, w], the quality map, None where there is none.
    """

    def __init__(
        self, model: Model, read: ReadPlanes, analysed: Analysed, config: Config, device: str,
        mapped: NDArray[np.int8] | None = None,
    ) -> None:  # fmt: skip
        self.model, self.header, self.config, self.device = model, analysed.header, config, device
        self.seen = seen = part(analysed)
        self.mapped = np.zeros((seen.height, seen.width), np.int8) if mapped is None else mapped[seen.slices]
        self.worth, zeroing = log_gain_map(self.mapped, device), config.coding.zeroing
        self.least = zeroing_thresholds(zeroing) if zeroing else np.zeros(gaussian_tables().rows, np.float32)
        self.places = [self.mapped if own is None else own[seen.slices] for own in analysed.places]
        self.planes = padded(read, self.header, seen, device)
        self.z = [to_tensor(own.z[:, *seen.hyper.slices], device) for own in analysed.tensors]
        self.y, self.index = list[Tensor](), list[NDArray[np.int32]]()
        for y, scale_index, own, places in zip(
            analysed.y, analysed.scale_index, analysed.tensors, self.places, strict=True
        ):
            steps = places if own.steps is None else own.steps[..., *seen.slices]
            self.y.append(to_tensor(y[:, *seen.slices], device) / log_gain_map(steps, device).exp())
            self.index.append(scale_index[:, *seen.slices] - (steps.astype(np.int32) << SCALE_FRACTION_BITS))

    def loss(self, scaling: ScalingPayload | None) -> float:
        """Bits + lambda * squared error."""
        maps, towards, least = list[Tensor](), list[Tensor](), list[Tensor]()
        for component, (index, y, places) in enumerate(zip(self.index, self.y, self.places, strict=True)):
            none = np.broadcast_to(places, index.shape)
            steps = none if scaling is None else stepped(index, scaling.of(component), places)
            maps.append(log_gain_map(steps, self.device))
            towards.append(y * maps[-1].exp())
            rows = scale_row(index + (steps.astype(np.int32) << SCALE_FRACTION_BITS))
            least.append(torch.from_numpy(self.least[rows])[None].to(self.device))
        fidelity = self.config.refine.fidelity
        block = Block(self.model, self.header, self.seen, self.planes, self.z, fidelity, maps, self.worth)
        return block.loss(towards, least)


def part(analysed: Analysed) -> Box:
    """The part in the middle of the largest domain."""
    domain = max(domains(analysed.header), key=lambda own: own.height * own.width)
    parts = [own.aligned(domain) for own in split(domain, SIDE)]
    return parts[len(parts) // 2]


def pays(trials: Trials, scaling: ScalingPayload) -> bool:
    """Whether these steps cost less than none."""
    return trials.loss(scaling) < trials.loss(None)
