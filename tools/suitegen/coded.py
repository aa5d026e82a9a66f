# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pictures to symbols, the same on every machine: analysis in float64, everything that decoders share in integers.

The encoder of refsw analyses in float32, where another machine may round a symbol the other way. Here the latent is a
float64 rounded to 1/256 of a step, and its prediction comes from the picture-exact networks.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from refsw.constants import LATENT_FRACTION_BITS, Z_LIMIT
from refsw.decode.exact import exact_operations
from refsw.decode.fixed import HYPER_LATENT_RANGE, Fixed, FixedFlow, features, latents, step_mask
from refsw.decode.model import Model
from refsw.decode.parse import skip_mask
from refsw.decode.reconstruct import quality_position
from refsw.decode.steps import NO_STEPS, Steps
from refsw.decode.windows import Box, domains, latent_box
from refsw.encode.analyse import ReadPlanes, padded
from refsw.nets.codec import CodecNetwork
from refsw.nets.order import STEPS
from refsw.syntax.headers import PictureHeader
from refsw.types import ComponentSymbols

_HALF = 1 << (LATENT_FRACTION_BITS - 1)
_LIMIT = 32767
STEP_GAIN = (64 / 0.11) ** (1 / 63)  # 8.8.3


@dataclass(frozen=True, eq=False)
class Coder:
    """A model that codes without float32."""

    model: Model

    @cached_property
    def network(self) -> CodecNetwork:
        """Analysis networks in float64."""
        return copy.deepcopy(self.model.network).double()

    @torch.inference_mode()
    def symbols(
        self, header: PictureHeader, read: ReadPlanes, rule: Steps = NO_STEPS
    ) -> tuple[ComponentSymbols, ...]:
        """Tensors of all components; pictures are small, so that a domain (9.6.1) is one window.

        rule: quality map (8.8) and variance scaling (8.9).
        """
        channels = [own.channels for own in self.model.config.components[: len(header.components)]]
        shapes = [(count, *header.latent_size) for count in channels]
        y = [np.zeros(shape, np.int64) for shape in shapes]
        z = [np.zeros((s.network.inputs, *header.hyper_size), np.int8) for s in self.model.scales[: len(channels)]]
        for domain in domains(header):
            for index, (latent, hyper) in enumerate(self._analysed(header, read, domain)):
                y[index][:, *domain.slices] = latent
                z[index][:, *domain.hyper.slices] = hyper
        steps = [np.zeros(shape, np.int8) for shape in shapes]
        scale_index = [np.zeros(shape, np.int32) for shape in shapes]
        for region in range(header.num_regions):
            box = latent_box(header.region(region))
            for index, own in enumerate(header.components):
                part = np.ascontiguousarray(z[index][:, *box.hyper.slices])
                scaled = rule.scales(self.model.scales[index], index, part, own.quality_index, box)
                scale_index[index][:, *box.slices] = scaled.index
                steps[index][:, *box.slices] = 0 if scaled.steps is None else scaled.steps
        given = None if rule is NO_STEPS else steps
        if given is not None:
            gains = [STEP_GAIN ** own.astype(np.float64) for own in given]
            y = [np.rint(own * gain).astype(np.int64) for own, gain in zip(y, gains, strict=True)]
        masks = [skip_mask(s, own) for s, own in zip(scale_index, header.components, strict=True)]
        symbols = [np.zeros(shape, np.int32) for shape in shapes]
        for domain in domains(header):
            for index, own in enumerate(self._residuals(header, domain, y, z, masks, given)):
                symbols[index][:, *domain.slices] = own
        return tuple(map(ComponentSymbols, z, scale_index, masks, symbols))

    def _analysed(
        self, header: PictureHeader, read: ReadPlanes, domain: Box
    ) -> list[tuple[NDArray[np.int64], NDArray[np.int8]]]:
        """Latents in 1/256 steps, and hyper-latents."""
        samples = padded(read, header, domain, "cpu").double()
        nets = [self.network.component(index) for index in range(len(header.components))]
        stems = [net.stem.analyse(samples[:, list(net.config.planes)]) for net in nets]
        found = []
        for index, net in enumerate(nets):
            given = torch.cat([stems[i] for i in (index, *net.config.condition)], 1)
            position = quality_position(header.components[index].quality_index, self.model.config.quality_anchors)
            y = net.latent(given, position.double())
            z = net.hyper_analysis(y).round().clamp(-Z_LIMIT, Z_LIMIT)[0].numpy().astype(np.int8)
            found.append((np.rint(y[0].numpy() * (1 << LATENT_FRACTION_BITS)).astype(np.int64), z))
        return found

    def _residuals(
        self, header: PictureHeader, domain: Box, y: list[NDArray[np.int64]], z: list[NDArray[np.int8]],
        masks: list[NDArray[np.bool_]], steps: list[NDArray[np.int8]] | None,
    ) -> list[NDArray[np.int32]]:  # fmt: skip
        """(9.8.2, 9.8.3) Symbols step by step: what is left of the latent after its mean."""
        operations, numerics = exact_operations("auto")
        unscaled, found = list[Fixed](), list[NDArray[np.int32]]()
        height, width = domain.height, domain.width
        with numerics:
            for index, component in enumerate(header.components):
                config = self.model.config.components[index]
                local = None if steps is None else steps[index][:, *domain.slices]
                flow = FixedFlow(operations, self.model.fixed[index], component.quality_index, local)
                load = flow.load(z[index][:, *domain.hyper.slices], HYPER_LATENT_RANGE)
                given = features(flow, config, load, [unscaled[i] for i in config.condition], height, width)
                wanted, coded = y[index][:, *domain.slices], ~masks[index][:, *domain.slices]
                symbols = np.zeros(wanted.shape, np.int32)
                for step in range(STEPS):  # where no symbol is known yet, y_hat is its mean
                    y_hat, _ = latents(flow, config, given, symbols)
                    rest = (wanted - operations.store(y_hat.x) + _HALF) >> LATENT_FRACTION_BITS
                    own = coded & step_mask(step, *wanted.shape)
                    symbols = np.where(own, rest.clip(-_LIMIT, _LIMIT), symbols).astype(np.int32)
                unscaled.append(latents(flow, config, given, symbols)[1])
                found.append(symbols)
        return found
