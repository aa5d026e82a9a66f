# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Which steps of bands a picture is coded with (8.9): those that cost least for what they show.

    none, usual steps ─► where they pay, more or less of them in the upper bands; where not, half of them ─► the best

What steps cost is bits + lambda * squared error of a part of the picture, coded with them; the whole is coded again
with what is chosen.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from refsw.config import Config
from refsw.constants import SCALE_FRACTION_BITS
from refsw.decode.model import Model
from refsw.decode.parse import scale_row
from refsw.decode.reconstruct import log_gain_map, to_tensor
from refsw.decode.windows import Box, domains, split
from refsw.encode.analyse import Analysed, ReadPlanes, padded, zeroing_thresholds
from refsw.encode.block import Block
from refsw.syntax.scaling import Bands, ScalingPayload
from refsw.tools.variance_scaling.tool import forced, stepped

USUAL = "usual"
"""The mode whose steps suit nearly all pictures."""
SIDE = 48
"""Latent samples: largest side of the part by which steps are judged."""
PAYLOAD_BITS = 32
"""What the tool takes of the codestream, about."""
MORE: tuple[tuple[Bands, Bands], ...] = (((0, 0, 1, 1), (0, 0, 0, 0)), ((0, 0, -1, -1), (0, 0, 0, 0)))
"""What is added to the usual steps where these pay, in the first component and in all others."""
LESS: tuple[tuple[Bands, Bands], ...] = (((1, 1, 0, -1), (1, 1, 0, 0)),)
"""The same where they do not."""


class Trials:
    """A part of a picture, coded with one set of steps after the other.

    analysed: without variance scaling, with y; mapped: int8 [h, w], the quality map, None where there is none.
    """

    def __init__(
        self, model: Model, read: ReadPlanes, analysed: Analysed, config: Config, device: str,
        mapped: NDArray[np.int8] | None = None,
    ) -> None:  # fmt: skip
        self.model, self.header, self.config, self.device = model, analysed.header, config, device
        self.seen = seen = part(analysed)
        self.mapped = np.zeros((seen.height, seen.width), np.int8) if mapped is None else mapped[seen.slices]
        self.worth = log_gain_map(self.mapped, device)
        self.planes = padded(read, self.header, seen, device)
        self.z = [to_tensor(own.z[:, *seen.hyper.slices], device) for own in analysed.tensors]
        self.y = [to_tensor(y[:, *seen.slices], device) / self.worth.exp() for y in analysed.y]
        more = self.mapped.astype(np.int32) << SCALE_FRACTION_BITS
        self.index = [own[:, *seen.slices] - more for own in analysed.scale_index]

    def loss(self, scaling: ScalingPayload | None) -> float:
        """Bits + lambda * squared error."""
        maps, towards, least, zeroing = [], [], [], self.config.coding.zeroing
        for component, (index, y) in enumerate(zip(self.index, self.y, strict=True)):
            none = np.broadcast_to(self.mapped, index.shape)
            steps = none if scaling is None else stepped(index, scaling.of(component), self.mapped)
            maps.append(log_gain_map(steps, self.device))
            towards.append(y * maps[-1].exp())
            rows = scale_row(index + (steps.astype(np.int32) << SCALE_FRACTION_BITS))
            found = zeroing_thresholds(zeroing)[rows] if zeroing else np.zeros(rows.shape, np.float32)
            least.append(torch.from_numpy(found)[None].to(self.device))
        fidelity = self.config.refine.fidelity
        block = Block(self.model, self.header, self.seen, self.planes, self.z, fidelity, maps, self.worth)
        return block.loss(towards, least)


def part(analysed: Analysed) -> Box:
    """The part in the middle of the largest domain."""
    domain = max(domains(analysed.header), key=lambda own: own.height * own.width)
    parts = [own.aligned(domain) for own in split(domain, SIDE)]
    return parts[len(parts) // 2]


def choose(trials: Trials) -> ScalingPayload | None:
    """The steps that cost least, None where none pay. Four trials at most."""
    usual, without = forced(USUAL, len(trials.y)), trials.loss(None)
    found = [(trials.loss(usual), usual)]
    for more in MORE if found[0][0] < without else LESS:
        other = _added(usual, more)
        found.append((trials.loss(other), other))
    least, best = min(found, key=lambda one: one[0])
    return best if least + PAYLOAD_BITS < without else None


def _added(scaling: ScalingPayload, more: tuple[Bands, Bands]) -> ScalingPayload:
    count = len(more[0])
    return ScalingPayload(band_step=tuple(
        step + more[min(place // count, 1)][place % count] for place, step in enumerate(scaling.band_step)
    ))  # fmt: skip
