# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The complete set of networks of a model: one `ComponentNetwork` per component, in decoding order.

             planes of the component, planes of earlier components
                                  │
                               Analysis ──────────────► y ─ gain ─┐
                                                        │         │
                                                  HyperAnalysis   │
                                                        │         │
                                      ┌───── z ─────────┤         │
                                 HyperScale         HyperMean     │
                                      │                 │   ┌─────┘
                        y_hat of ─────┼───────► Fuse ───┤   │
                  earlier components  │                 │   │
                                      ▼           ContextModel ─► mean ─► symbols = round(y - mean)
                             scale of the residual      │
                                                    Synthesis ─► planes

Luma decodes alone. A joint model is one component with three planes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from refsw.constants import QUALITY_MAP_LIMIT
from refsw.nets.blocks import QualityTable, activation, conv, residual_blocks
from refsw.nets.config import CodecConfig
from refsw.nets.context import ContextModel
from refsw.nets.hyper import HyperAnalysis, HyperMean, HyperPrior, HyperScale
from refsw.nets.rate import LOG_SCALE_STEP
from refsw.nets.transforms import Analysis, Stem, Synthesis


class ComponentNetwork(nn.Module):
    """The networks of one component."""

    def __init__(self, config: CodecConfig, index: int) -> None:
        super().__init__()
        own, anchors = config.components[index], config.quality_anchors
        earlier = [config.components[i] for i in own.condition]
        features, seen = 64 * len(own.planes), 64 * sum(len(c.planes) for c in earlier)
        latents = sum(c.channels for c in earlier)
        self.config = own
        self.stem = Stem(len(own.planes))
        self.analysis = Analysis(features, seen, own.channels, anchors, own.analysis)
        self.gain = QualityTable(own.channels, anchors)
        self.inverse_gain = QualityTable(own.channels, anchors)
        self.hyper_analysis = HyperAnalysis(own.channels, own.hyper)
        self.hyper_scale = HyperScale(own.channels, anchors, own.hyper, own.local_steps)
        self.hyper_mean = HyperMean(anchors, own.hyper)
        self.hyper_prior = HyperPrior(own.hyper.z, anchors)
        width = own.hyper.features
        self.fuse = nn.Sequential(conv(width + latents, width, 1), *residual_blocks(width, 1)) if latents else None
        self.context = ContextModel(width, own.channels, own.context, own.context_blocks)
        self.synthesis = nn.ModuleDict(
            {s.point: Synthesis(own.channels, width, features, anchors, s) for s in own.synthesis}
        )

    def latent(self, features: Tensor, quality: Tensor) -> Tensor:
        """(informative) Stem features -> y in quantiser steps, float32 [B, C_y, h, w]."""
        return self.analysis(features, quality) * self.gain(quality).exp()

    def features(self, z: Tensor, quality: Tensor, condition: list[Tensor], height: int, width: int) -> Tensor:
        """(9.2) Features [B, F, h, w] of context and synthesis; condition: y_hat without gain of earlier components."""
        x = self.hyper_mean(z, quality)[:, :, :height, :width]
        if self.fuse is None:
            return x
        first, *blocks = self.fuse
        x = x + activation(first(torch.cat([x, *(c.to(x.dtype) for c in condition)], 1)))
        for block in blocks:
            x = block(x)
        return x

    def log_scale(self, z: Tensor, quality: Tensor, height: int, width: int) -> Tensor:
        """(8.3) Natural log scale of the residual, float32 [B, C_y, h, w]."""
        return self.hyper_scale(z, quality)[:, :, :height, :width]

    def local_steps(self, z: Tensor, height: int, width: int) -> Tensor:
        """(8.10.1) Step of each place, whole numbers -16..16, float32 [B, 1, h, w]; 0 where the structure has none."""
        local = self.hyper_scale.steps(z)
        if local is None:
            return torch.zeros(len(z), 1, height, width, device=z.device)
        steps = (local[:, :, :height, :width] / LOG_SCALE_STEP).round()
        return steps.clamp(-QUALITY_MAP_LIMIT, QUALITY_MAP_LIMIT)

    def planes(self, y_hat: Tensor, features: Tensor, quality: Tensor, point: str) -> Tensor:
        """(9.4) y_hat without gain, features -> planes [B, P, 16h, 16w], range about -0.5..0.5, by one synthesis."""
        x = self.synthesis[point](torch.cat([y_hat, features.to(y_hat.dtype)], 1), quality)
        return self.stem.synthesise(x.float())


class CodecNetwork(nn.Module):
    """All components of a model, in decoding order."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        self.components = nn.ModuleList([ComponentNetwork(config, i) for i in range(len(config.components))])
        self.to(memory_format=torch.channels_last)

    def component(self, index: int) -> ComponentNetwork:
        """Networks of component `index`."""
        network = self.components[index]
        assert isinstance(network, ComponentNetwork)
        return network

    def stem_features(self, planes: Tensor) -> list[Tensor]:
        """[B, P, H, W], range -0.5..0.5 -> stem features of each component [B, 64 P_c, H/8, W/8]."""
        return [self.component(i).stem.analyse(planes[:, list(c.planes)]) for i, c in enumerate(self.config.components)]
