# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Put the weights of a narrower model into a wider one, and give its new latent channels something to say.

Old outputs do not see new inputs, so the function is kept; new outputs keep the start of training. New latent
channels begin as what the trained model loses: the best linear prediction of its error on 16x16 patches, by falling
deviation, through the skips of analysis and synthesis. Where nothing uses a channel at once, training closes it.
Gains and scales follow from high-rate theory, means are zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from refsw.errors import UsageError
from refsw.nets.blocks import space_to_depth
from refsw.nets.codec import CodecNetwork, ComponentNetwork
from refsw.nets.config import CodecConfig
from refsw.nets.transforms import Synthesis
from refsw.train.coded import code
from refsw.train.colour import inverse_matrix, planes_from_rgb
from refsw.train.regression import ReducedRank, patches, reduced_rank, rows
from refsw.train.start import high_rate_log_step

Axis = tuple[tuple[int, int], ...]
"""Parts of the channels of a layer, each (size, equal groups); every group grows at its end."""
LEAST, CLOSED = 0.5, 0.02
"""Quantiser steps: a new channel of less than LEAST is not worth its bits below the highest quality; it has CLOSED."""
GROUPS = 4
"""Of a latent (the context model's) and of what space_to_depth and depth_to_space join."""


def _outputs(module: str, config: CodecConfig, index: int) -> Axis | None:
    """Channels that a module gives, where they are in groups."""
    own = config.components[index]
    name, _, rest = module.partition(".")
    grouped = {
        "gain": own.channels, "inverse_gain": own.channels,
        "analysis.last": own.channels, "analysis.skip": own.channels,
        "context.first": own.channels, "hyper_scale.layers.2": own.channels, "hyper_scale.quality": own.channels,
        "hyper_scale.layers.0": GROUPS * own.hyper.scale, "hyper_scale.layers.1": GROUPS * own.hyper.scale,
        "hyper_mean.layers.0": GROUPS * own.hyper.mean, "hyper_mean.layers.2": GROUPS * own.hyper.mean,
    }  # fmt: skip
    if module == "hyper_scale.layers.2" and own.local_steps:
        return ((own.channels, GROUPS), (1, 1))
    size = grouped.get(module)
    if module.startswith("context.out."):
        size = own.channels
    if name == "synthesis" and rest.endswith(".split"):
        size = GROUPS * own.synthesis_at(rest.removesuffix(".split")).fine
    return None if size is None else ((size, GROUPS),)


def _inputs(module: str, config: CodecConfig, index: int) -> Axis | None:
    """Channels that a module takes, where they are in groups or several parts."""
    own = config.components[index]
    latent, features = (own.channels, GROUPS), (own.hyper.features, 1)
    if module == "analysis.merge":
        return ((GROUPS * own.analysis.fine, GROUPS),)
    if module.startswith("synthesis.") and module.endswith(".skip"):
        return (latent,)
    if module == "hyper_analysis.layers.0":
        return (latent,)
    if module == "fuse.0":
        return (features, *((config.components[i].channels, GROUPS) for i in own.condition))
    if module.startswith("context.adapt."):
        return (features, latent)
    if module.startswith("synthesis.") and module.endswith(".first"):
        return (latent, features)
    return None


def places(old: Axis, new: Axis) -> Tensor:
    """Where the channels of `old` are in `new`, also of more parts, int64. Raises ValueError where one does not fit."""
    found, offset = [], 0
    for (size, groups), (wider, _) in zip(old, new, strict=False):
        if wider < size:
            raise ValueError(f"{size} channels do not fit into {wider}")
        for group in range(groups):
            found.append(offset + group * (wider // groups) + torch.arange(size // groups))
        offset += wider
    return torch.cat(found)


def widened(name: str, value: Tensor, start: Tensor, old: CodecConfig, new: CodecConfig) -> Tensor:
    """The weight `name` of structure `new`: `value` of structure `old` in its place, beside it `start`.

    Raises UsageError where it does not fit: a narrower layer, another kernel, other anchors.
    """
    _, component, rest = name.split(".", 2)
    module, _, leaf = rest.rpartition(".")
    index, axis = int(component), int(leaf == "values")

    def where(which: int, parts: tuple[Axis | None, Axis | None]) -> Tensor:
        plain = tuple(((t.shape[which], 1),) for t in (value, start))
        return places(parts[0] or plain[0], parts[1] or plain[1])

    try:
        out = where(axis, (_outputs(module, old, index), _outputs(module, new, index)))
        kept = start.clone()
        if leaf != "weight":
            kept.index_copy_(axis, out, value)
            return kept
        into = where(1, (_inputs(module, old, index), _inputs(module, new, index)))
        kept[out] = 0
        kept[out[:, None], into[None]] = value
    except (ValueError, IndexError, RuntimeError):
        raise UsageError(
            f"{name} has shape {tuple(value.shape)}, which does not fit into the structure's {tuple(start.shape)}"
        ) from None
    return kept


def new_channels(old: int, new: int) -> Tensor:
    """Latent channels that a structure with `new` of them has beside `old`, the first of each group first, int64."""
    offsets = torch.arange(old // GROUPS, new // GROUPS)
    return (offsets[:, None] + torch.arange(GROUPS) * (new // GROUPS)).flatten()


def _given(network: CodecNetwork, index: int, rgb: Tensor) -> Tensor:
    """What the skip of an analysis takes, as rows of channels."""
    stem = network.stem_features(planes_from_rgb(rgb, network.config.colour_transform_idc))
    return rows(
        space_to_depth(torch.cat([stem[index], *(stem[i] for i in network.config.components[index].condition)], 1))
    )


def _errors(network: CodecNetwork, rgb: Tensor, point: str) -> Iterator[Tensor]:
    """Per component at the highest quality: error of the samples of 16x16 patches, [N, 256 P]."""
    quality = torch.ones(len(rgb))
    for coded in code(network, rgb, quality):
        net = network.component(coded.index)
        out = net.synthesis[point](torch.cat([coded.latent, coded.features], 1), quality)
        yield patches(coded.stem - out, net.stem.inverse_matrix)


def _open(net: ComponentNetwork, new: Tensor, fit: ReducedRank, weight: float, lagrangian: Tensor) -> None:
    """Let the latent channels `new` be what a regression finds.

    weight: squared RGB error per squared error of the planes; lagrangian: [anchors].
    """
    analysis, scale = net.analysis, net.hyper_scale
    assert analysis.skip is not None and analysis.skip.bias is not None
    analysis.skip.weight[new, :, 0, 0], analysis.skip.bias[new] = fit.weight, fit.bias
    for synthesis in net.synthesis.values():
        assert isinstance(synthesis, Synthesis) and synthesis.skip is not None
        size = synthesis.last.out_channels
        back = fit.back.reshape(-1, 4, size) @ net.stem.forward_matrix.t()
        synthesis.skip.weight[:, new, 0, 0] = back.flatten(1).t()
    # As in `refsw.train.start`: deviations are half-whitened, rate and distortion those of high-rate theory.
    log_step = high_rate_log_step(weight, lagrangian)
    log_deviation = fit.deviation.clamp(min=1e-6).log()
    coded = log_deviation - log_step[:, None]
    coded[:-1] = torch.where(coded[:-1] > math.log(LEAST), coded[:-1], math.log(CLOSED))
    net.gain.values[:, new] = coded - 0.5 * log_deviation
    net.inverse_gain.values[:, new] = -net.gain.values[:, new]
    scale.quality.values[:, new] = coded - coded.mean(0)
    scale.layers[2].weight[new] = 0
    scale.layers[2].bias[new] = coded.mean(0)


@torch.no_grad()
def open_channels(network: CodecNetwork, old: CodecConfig, point: str, rgb: Tensor, batch: int = 8) -> None:
    """Start the latent channels that `network` has beside those of the structure `old`, in place.

    rgb: float32 [N, 3, H, W], 0..1, H and W multiples of 64; they are coded at the highest quality and reconstructed
    at the operating point. Raises UsageError where a component with new channels has no skips.
    """
    grown = [i for i, c in enumerate(network.config.components) if c.channels > old.components[i].channels]
    opened = {i: new_channels(old.components[i].channels, network.config.components[i].channels) for i in grown}
    for index, new in opened.items():
        net = network.component(index)
        if net.analysis.skip is None or any(s.skip is None for s in net.synthesis.values()):
            raise UsageError(f"component {index}: new latent channels need the skips of its transforms")
        for layer in (net.analysis.last, net.context.first, *net.context.out):  # silent, and expected to be
            assert isinstance(layer, nn.Conv2d) and layer.bias is not None
            layer.weight[new], layer.bias[new] = 0, 0
    errors = [list(_errors(network, part, point)) for part in rgb.split(batch)] if grown else []
    anchors = torch.linspace(0, 1, network.config.quality_anchors)
    weights = inverse_matrix(network.config.colour_transform_idc).square().mean(0)
    for index, new in opened.items():
        net = network.component(index)
        given = torch.cat([_given(network, index, part) for part in rgb.split(batch)])
        fit = reduced_rank(given, torch.cat([part[index] for part in errors]), len(new))
        weight = float(weights[list(net.config.planes)].mean())
        _open(net, new, fit, weight, network.config.lagrangian(anchors))
