# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How far the networks of a model look, from their structure alone; a test holds it equal to what they do.

A 3x3 convolution looks one sample further, at its own resolution; sums are in samples of the latent grid.
"""

from __future__ import annotations

from dataclasses import dataclass

from refsw.nets.config import CodecConfig, TransformConfig

HYPER_FEATURES = 2 + 1  # HyperMean: one 3x3 at 1/32, one at 1/16
STEPS_WITH_TRUNK = 3  # of the context model
FUSE = 1  # one residual block
HYPER_ANALYSIS = 1 + 2  # (informative) HyperAnalysis: one 3x3 at 1/16, one at 1/32
HYPER_SCALE = 4 + 2 + 1  # HyperScale: one 3x3 at each of 1/64, 1/32 and 1/16


@dataclass(frozen=True)
class Halo:
    """Samples of the latent grid.

    mean: from latents and features of all components to the z and symbols that they depend on;
    synthesis: from planes to latents and features, of the widest operating point, so that windows do not depend on it;
    analysis: from latents and hyper-latents to planes.
    """

    mean: int
    synthesis: int
    analysis: int


def synthesis_reach(config: TransformConfig) -> int:
    """(9.4) Blocks at 1/16; blocks and the last 3x3 at 1/8."""
    return config.coarse_blocks + (config.fine_blocks + 2) // 2


def analysis_reach(config: TransformConfig) -> int:
    """First 3x3 and blocks at 1/8, blocks and last 3x3 at 1/16."""
    return (config.fine_blocks + 2) // 2 + config.coarse_blocks + 1


def halo(config: CodecConfig, components: int) -> Halo:
    """Reach of the first `components` components together."""
    own = config.components[:components]
    mean: list[int] = []
    for component in own:
        context = STEPS_WITH_TRUNK * component.context_blocks
        before = max((mean[i] for i in component.condition), default=0)
        fused = FUSE + max(HYPER_FEATURES, before) if component.condition else HYPER_FEATURES
        mean.append(context + fused)
    return Halo(
        mean=max(mean),
        synthesis=max(synthesis_reach(synthesis) for component in own for synthesis in component.synthesis),
        analysis=max(analysis_reach(component.analysis) for component in own),
    )
