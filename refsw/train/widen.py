# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Put the weights of a narrower model into a wider one, and give its new latent channels something to say.

Old outputs do not see new inputs, so the function is kept; new outputs keep the start of training. New latent
channels begin as what the trained model loses: the best linear prediction of its error on 16x16 patches from the
features of the analysis, by falling deviation. Gains and scales follow from high-rate theory, means are zero, and
the synthesis receives the channels without using them yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from refsw.errors import UsageError
from refsw.nets.blocks import space_to_depth
from refsw.nets.codec import CodecNetwork, ComponentNetwork
from refsw.nets.config import CodecConfig, ComponentConfig
from refsw.train.coded import code
from refsw.train.colour import INVERSE, planes_from_rgb
from refsw.train.regression import ReducedRank, patches, reduced_rank, rows

Axis = tuple[tuple[int, int], ...]
"""Parts of the channels of a layer, each (size, equal groups); every group grows at its end."""
GROUPS = 4
"""Of a latent (the context model's) and of what space_to_depth and depth_to_space join."""


def _outputs(module: str, config: CodecConfig, index: int) -> Axis | None:
    """Channels that a module gives, where they are in groups."""
    own = config.components[index]
    name, _, rest = module.partition(".")
    grouped = {
        "gain": own.channels, "inverse_gain": own.channels, "analysis.last": own.channels,
        "context.first": own.channels, "hyper_scale.layers.2": own.channels, "hyper_scale.quality": own.channels,
        "hyper_scale.layers.0": GROUPS * own.hyper.scale, "hyper_scale.layers.1": GROUPS * own.hyper.scale,
        "hyper_mean.layers.0": GROUPS * own.hyper.mean, "hyper_mean.layers.2": GROUPS * own.hyper.mean,
    }  # fmt: skip
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
    """Where the channels of `old` are in `new`, int64. Raises ValueError where one does not fit."""
    found, offset = [], 0
    for (size, groups), (wider, _) in zip(old, new, strict=True):
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


@dataclass(frozen=True)
class _Analysed:
    """What the layers `first`, `merge` and `last` of an analysis take, as rows of channels."""

    first: Tensor
    merge: Tensor
    last: Tensor


def _analysed(network: CodecNetwork, index: int, rgb: Tensor, quality: Tensor) -> _Analysed:
    stem = network.stem_features(planes_from_rgb(rgb))
    given = torch.cat([stem[index], *(stem[i] for i in network.config.components[index].condition)], 1)
    analysis = network.component(index).analysis
    merged = space_to_depth(analysis.fine(analysis.first(given)) * analysis.fine_gain(quality).exp())
    return _Analysed(rows(given), rows(merged), rows(analysis.coarse(analysis.merge(merged))))


def _errors(network: CodecNetwork, rgb: Tensor, quality: Tensor, point: str) -> Iterator[Tensor]:
    """Per component: error of the features of its stem, [B, 64 P, 2h, 2w]."""
    for coded in code(network, rgb, quality):
        synthesis = network.component(coded.index).synthesis[point]
        yield coded.stem - synthesis(torch.cat([coded.latent, coded.features], 1), quality)


def _open(net: ComponentNetwork, old: int, deviation: Tensor, seen: Tensor, weight: float, lagrangian: Tensor) -> None:
    """Gains, scales and means of new latent channels.

    deviation: [new], of what each says of the samples; seen: [anchors, new], of what the analysis gives.
    """
    new = new_channels(old, net.config.channels)
    log_step = 0.5 * torch.log(6 / math.log(2) / (weight * 65025 * lagrangian))
    log_deviation = deviation.clamp(min=1e-6).log()
    net.gain.values[:, new] = log_deviation - log_step[:, None] - seen.clamp(min=1e-6).log()
    net.inverse_gain.values[:, new] = -net.gain.values[:, new]
    scale = net.hyper_scale
    scale.quality.values[:, new] = (log_step.mean() - log_step)[:, None]
    scale.layers[2].weight[new] = 0
    scale.layers[2].bias[new] = log_deviation - log_step.mean()
    for layer in (net.context.first, *net.context.out):
        assert isinstance(layer, nn.Conv2d) and layer.bias is not None
        layer.weight[new] = 0
        layer.bias[new] = 0


def _pass_on(layer: nn.Conv2d, fit: ReducedRank, channels: Tensor | None = None) -> None:
    """Let output channels of a layer, its last if they are not named, be what a regression finds at each position."""
    count = len(fit.weight)
    channels = torch.arange(layer.out_channels - count, layer.out_channels) if channels is None else channels
    assert layer.bias is not None
    centre = layer.kernel_size[0] // 2
    layer.weight[channels], layer.bias[channels] = 0, fit.bias
    layer.weight[channels, :, centre, centre] = fit.weight


def _start_analysis(
    network: CodecNetwork, index: int, old: ComponentConfig, error: Tensor, parts: list[tuple[Tensor, Tensor]]
) -> ReducedRank:
    """New channels of each layer, in order, as what predicts most of the error; returns the fit of the latent's."""
    net, own = network.component(index), network.config.components[index]
    analysis, inverse = net.analysis, net.stem.inverse_matrix.double()

    def given(layer: Literal["first", "merge", "last"]) -> Tensor:
        return torch.cat([getattr(_analysed(network, index, *part), layer) for part in parts])

    if own.analysis.fine > old.analysis.fine:
        target = rows(error) @ inverse.t()
        _pass_on(analysis.first, reduced_rank(given("first"), target, own.analysis.fine - old.analysis.fine))
    target = patches(error, inverse)
    if own.analysis.coarse > old.analysis.coarse:
        _pass_on(analysis.merge, reduced_rank(given("merge"), target, own.analysis.coarse - old.analysis.coarse))
    fit = reduced_rank(given("last"), target, own.channels - old.channels)
    _pass_on(analysis.last, fit, new_channels(old.channels, own.channels))
    return fit


def _receive(net: ComponentNetwork, old: ComponentConfig) -> None:
    """New channels at the entrance of each synthesis take the first new latent channels, for later layers to use."""
    new = new_channels(old.channels, net.config.channels)
    for own in net.config.synthesis:
        first = net.synthesis[own.point].first
        assert isinstance(first, nn.Conv2d) and first.bias is not None
        fresh = torch.arange(old.synthesis_at(own.point).coarse, own.coarse)
        first.weight[fresh], first.bias[fresh] = 0, 0
        count = min(len(fresh), len(new))
        first.weight[fresh[:count], new[:count]] = 1


@torch.no_grad()
def open_channels(network: CodecNetwork, old: CodecConfig, point: str, rgb: Tensor, batch: int = 8) -> None:
    """Start the latent channels that `network` has beside those of the structure `old`, in place.

    rgb: float32 [N, 3, H, W], 0..1, H and W multiples of 64; they are coded at the highest quality and reconstructed
    at the operating point.
    """
    grown = [i for i, c in enumerate(network.config.components) if c.channels > old.components[i].channels]
    if not grown:
        return
    for index in grown:  # silent until all errors are known
        last = network.component(index).analysis.last
        assert last.bias is not None
        new = new_channels(old.components[index].channels, last.out_channels)
        last.weight[new], last.bias[new] = 0, 0
    parts = [(pictures, torch.ones(len(pictures))) for pictures in rgb.split(batch)]
    errors = [list(_errors(network, *part, point)) for part in parts]
    anchors, weights = torch.linspace(0, 1, network.config.quality_anchors), INVERSE.square().mean(0)
    for index in grown:
        net, before = network.component(index), old.components[index]
        fit = _start_analysis(network, index, before, torch.cat([part[index] for part in errors]), parts)
        some = rgb[:batch]
        seen = [_analysed(network, index, some, anchor.expand(len(some))).last.float() for anchor in anchors]
        deviation = torch.stack([(x @ fit.weight.t()).std(0) for x in seen])
        weight = float(weights[list(net.config.planes)].mean())
        _open(net, before.channels, fit.deviation, deviation, weight, network.config.lagrangian(anchors))
        _receive(net, before)
