# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The start of training: linear transform coding, not noise.

Stem = KLT of 8x8 patches, half-whitened; merge and split = PCA of 16x16 patches; residual branches are zero; gains
and scales follow from high-rate theory. The untrained model is then a transform codec of about 29 dB at 1.4 bpp.
Hyper nets are scaled on data, else z rounds to zero and the hyperprior starves (research/training.md, points 2-4).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from refsw.nets.blocks import activation, depth_to_space, space_to_depth
from refsw.nets.codec import CodecNetwork, ComponentNetwork
from refsw.nets.hyper import pad_to_multiple
from refsw.nets.transforms import Synthesis
from refsw.train.colour import inverse_matrix, planes_from_rgb


def principal_axes(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """vectors [N, D] (not centred) -> axes [D, D] as rows by falling deviation, deviation [D]."""
    variance, axes = torch.linalg.eigh((vectors.t() @ vectors / len(vectors)).double())
    return axes.flip(1).t().float(), variance.flip(0).clamp(min=1e-10).sqrt().float()


def _patches(features: Tensor) -> Tensor:
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def _identity(layer: nn.Conv2d, count: int, rest: float) -> None:
    """The first `count` channels pass through; every other weight keeps `rest` of its random start."""
    layer.weight.mul_(rest)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    centre = layer.kernel_size[0] // 2
    index = torch.arange(count)
    layer.weight[:count] = 0
    layer.weight[index, index, centre, centre] = 1


def _start_synthesis(synthesis: Synthesis, split: Tensor) -> None:
    """split: [4, features of the stem, latent channels], inverse of the analysis' merge; cut to what is there."""
    fine, coarse = synthesis.last.in_channels, synthesis.first.out_channels
    kept, count = min(fine, split.shape[1]), min(coarse, split.shape[2])
    _identity(synthesis.first, count, 0.02)
    synthesis.split.weight.mul_(0.1)
    nn.init.zeros_(synthesis.split.bias)  # type: ignore[arg-type]
    view = synthesis.split.weight.view(4, fine, coarse)
    view[:, :kept] = 0
    view[:, :kept, :count] = split[:, :kept, :count]
    synthesis.last.weight.mul_(0.02)
    _identity(synthesis.last, kept, 0.02)


def high_rate_log_step(weight: float, lagrangian: Tensor) -> Tensor:
    """Natural log of the best quantiser step at each anchor, in units of planes; arguments as in `_start_transform`.

    Rate falls by 1/ln 2 bits per coefficient and unit of ln(step), distortion grows as step^2 / 12.
    """
    return 0.5 * torch.log(6 / math.log(2) / (weight * 65025 * lagrangian))


def _start_transform(net: ComponentNetwork, planes: Tensor, weight: float, lagrangian: Tensor) -> None:
    """planes [N, P, H, W]; weight: squared RGB error per squared error of these planes; lagrangian per anchor."""
    stem, analysis = net.stem, net.analysis
    pixels = _patches(F.pixel_unshuffle(planes, 8))
    axes, deviation = principal_axes(pixels)
    stem.forward_matrix.copy_(axes / deviation.sqrt()[:, None])
    stem.inverse_matrix.copy_((axes * deviation.sqrt()[:, None]).t())

    fine, coarse, channels = analysis.first.out_channels, analysis.merge.out_channels, net.config.channels
    kept = min(fine, len(deviation))
    white = F.conv2d(F.pixel_unshuffle(planes, 8), stem.forward_matrix[:kept, :, None, None])
    root = deviation[:kept].sqrt()
    axes16, deviation16 = principal_axes(_patches(space_to_depth(white * root[:, None, None])))
    count = min(coarse, len(deviation16), channels)
    axes16 = axes16[:count].reshape(count, 4, kept)
    root16 = deviation16[:count].sqrt()

    _identity(analysis.first, kept, 0.3)
    analysis.merge.weight.mul_(0.1)
    nn.init.zeros_(analysis.merge.bias)  # type: ignore[arg-type]
    view = analysis.merge.weight.view(coarse, 4, fine)
    view[:count] = 0
    view[:count, :, :kept] = axes16 * root / root16[:, None, None]
    _identity(analysis.last, count, 0.02)

    split = (axes16 / root * root16[:, None, None]).permute(1, 2, 0)
    for synthesis in net.synthesis.values():
        assert isinstance(synthesis, Synthesis)
        _start_synthesis(synthesis, split)

    log_step = high_rate_log_step(weight, lagrangian)
    log_deviation = torch.full((channels,), float(deviation16[count - 1].log()))
    log_deviation[:count] = deviation16[:count].log()
    net.gain.values.copy_(-log_step[:, None] + 0.5 * log_deviation[None])
    net.inverse_gain.values.copy_(-net.gain.values)
    net.hyper_scale.quality.values.copy_((log_step.mean() - log_step)[:, None].expand(-1, channels))
    last = net.hyper_scale.layers[2]
    last.weight[:channels].mul_(0.3)
    last.bias[:channels] = log_deviation - log_step.mean()


def _normalise(layer: nn.Module, x: Tensor, target: float = 1.0) -> Tensor:
    """Scale weights and shift bias until each output channel has mean 0 and deviation `target` on x."""
    assert isinstance(layer, nn.Conv2d) and layer.bias is not None
    out = layer(x)
    deviation = out.std((0, 2, 3)).clamp(min=1e-4)
    layer.weight.mul_((target / deviation)[:, None, None, None])
    layer.bias.zero_()
    layer.bias.sub_(layer(x).mean((0, 2, 3)))
    return layer(x)


def _start_hyper(net: ComponentNetwork, y: Tensor, quality: Tensor, condition: list[Tensor]) -> None:
    """Scale the hyper and context nets layer by layer on the latents y [N, C_y, h, w] of a batch."""
    x = torch.asinh(pad_to_multiple(y, 4))
    *inner, last = net.hyper_analysis.layers
    for layer in inner:
        x = activation(_normalise(layer, x))
    z = _normalise(last, x, 2.5).round()

    scale = net.hyper_scale.layers
    x = F.relu(depth_to_space(_normalise(scale[0], z)))
    x = F.relu(depth_to_space(_normalise(scale[1], x)))
    bias = scale[2].bias.clone()
    _normalise(scale[2], x, 0.1)
    scale[2].bias.add_(bias)

    mean = net.hyper_mean.layers
    x = activation(depth_to_space(_normalise(mean[0], z)))
    x = activation(_normalise(mean[1], x))
    x = activation(depth_to_space(_normalise(mean[2], x)))
    x = activation(_normalise(mean[3], x))
    if net.fuse is not None:
        _normalise(net.fuse[0], torch.cat([x, *condition], 1), 0.5)
    features = net.features(z, quality, condition, *y.shape[2:])
    latent = y * net.inverse_gain(quality).exp()
    context = net.context
    _normalise(context.first, features, 0.02)
    for adapt, out in zip(context.adapt, context.out, strict=True):
        x = activation(_normalise(adapt, torch.cat([features, latent], 1)))
        _normalise(out, context.trunk(x), 0.02)


@torch.no_grad()
def start(network: CodecNetwork, rgb: Tensor) -> None:
    """Initialise `network` in place from pictures rgb: float32 [N, 3, H, W], 0..1, H and W multiples of 64, N >= 8."""
    planes = planes_from_rgb(rgb, network.config.colour_transform_idc)
    anchors = torch.linspace(0, 1, network.config.quality_anchors)
    weights = inverse_matrix(network.config.colour_transform_idc).square().mean(0)
    quality = torch.linspace(0, 1, len(rgb))
    for i, own in enumerate(network.config.components):
        index = list(own.planes)
        lagrangian = network.config.lagrangian(anchors)
        _start_transform(network.component(i), planes[:, index], float(weights[index].mean()), lagrangian)
    stem, decoded = network.stem_features(planes), []
    for i, own in enumerate(network.config.components):
        net = network.component(i)
        y = net.latent(torch.cat([stem[i], *(stem[j] for j in own.condition)], 1), quality)
        _start_hyper(net, y, quality, [decoded[j] for j in own.condition])
        decoded.append(y.round() * net.inverse_gain(quality).exp())
