# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.8.2, 9.8.3) Features and latents of one component over one domain, picture-exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conformance.independent.layers import Tensor, act, add
from conformance.independent.networks import LATENT, SAMPLE, Networks

# 9.3: the phase that group g decodes in step s is PHASES[g][s]
PHASES = ((0, 3, 1, 2), (3, 0, 2, 1), (1, 2, 3, 0), (2, 1, 0, 3))
LATENT_FRACTION_BITS = 8  # 9.8.3
SYMBOL_CLAMP = 32767


@dataclass(frozen=True)
class Latents:
    """(9.8.3) mean, y_hat: 8 fractional bits; unscaled: y_hat times the inverse gain; each [C_y, h, w]."""

    mean: Tensor
    y_hat: Tensor
    unscaled: Tensor


def features(networks: Networks, z: Tensor, height: int, width: int, conditions: Sequence[Tensor]) -> Tensor:
    """(9.8.2) f: [features, height, width]. z: [C_z, ceil(h / 4), ceil(w / 4)]; conditions: unscaled latents."""
    x = z
    for layer in networks.hyper_mean:
        x = act(layer(x))
    x = networks.hyper_mean_gain(x)[:, :height, :width]
    if networks.fuse:
        mix, block = networks.fuse
        x = add(x, act(mix(np.concatenate([x, *conditions]))), SAMPLE)
        x = block(x)
    return x


def step_mask(step: int, channels: int, height: int, width: int) -> NDArray[np.bool_]:
    """(9.3) Positions of a step: bool [channels, height, width]."""
    rows, columns = np.mgrid[0:height, 0:width]
    phase = 2 * (rows % 2) + columns % 2
    return np.repeat([phase == PHASES[group][step] for group in range(4)], channels // 4, axis=0)


def latents(networks: Networks, f: Tensor, symbols: Tensor, steps: Tensor | None = None) -> Latents:
    """(9.8.3) Mean and y_hat in four steps. f: [features, h, w]; symbols: [C_y, h, w]; steps: [C_y, h, w] or [h, w]."""
    residual = np.clip(symbols, -SYMBOL_CLAMP, SYMBOL_CLAMP) << LATENT_FRACTION_BITS
    mean, y_hat = np.zeros_like(symbols), np.zeros_like(symbols)
    for step in range(4):
        if step == 0:
            out = networks.first(f)
        else:
            x = act(networks.adapt[step - 1](np.concatenate([f, networks.inverse_gain.mapped(y_hat, steps, -1)])))
            for block in networks.trunk:
                x = block(x)
            out = networks.out[step - 1](x)
        here = step_mask(step, *symbols.shape)
        predicted = networks.gain.mapped(out, steps, 1)
        mean[here] = predicted[here]
        y_hat[here] = add(predicted, residual, LATENT)[here]
    return Latents(mean, y_hat, networks.inverse_gain.mapped(y_hat, steps, -1))
