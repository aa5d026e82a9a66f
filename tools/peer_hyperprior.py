# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A mean-scale hyperprior with random weights: the size and shape of network that CompressAI-class codecs decode with.

Written from the description of Minnen, Ballé and Toderici, "Joint autoregressive and hierarchical priors for learned
image compression" (2018), without the autoregressive part; GDN from Ballé, Laparra and Simoncelli (2016). It is a
yardstick for time alone: the weights are random and nothing is entropy-coded.

    x [3, H, W] ─ 4 strided 5x5 convolutions, GDN ─► y [M, H/16, W/16] ─ 3x3, 2 strided 5x5 ─► z [N, H/64, W/64]
    x_hat ◄─ 4 transposed 5x5, inverse GDN ─ y_hat         mean, scale [2M, ...] ◄─ 2 transposed 5x5, 3x3 ─ z
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

SIZES = ((128, 192), (192, 320))  # (N, M) of lower and of higher rates
LAYOUTS = ("planar", "channels last")


class GDN(nn.Module):
    """Generalised divisive normalisation: x / sqrt(beta + gamma x^2), or times the root where inverse."""

    def __init__(self, channels: int, *, inverse: bool = False) -> None:
        super().__init__()
        self.inverse = inverse
        self.norm = nn.Conv2d(channels, channels, 1)
        nn.init.constant_(self.norm.weight, 0.1 / channels)
        nn.init.ones_(self.norm.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, C, H, W] -> the same shape."""
        power = self.norm(x * x)
        return x * (torch.sqrt(power) if self.inverse else torch.rsqrt(power))


def down(inputs: int, outputs: int) -> nn.Module:
    """Strided 5x5 convolution: half the size."""
    return nn.Conv2d(inputs, outputs, 5, stride=2, padding=2)


def up(inputs: int, outputs: int) -> nn.Module:
    """Transposed 5x5 convolution: double the size."""
    return nn.ConvTranspose2d(inputs, outputs, 5, stride=2, padding=2, output_padding=1)


class MeanScaleHyperprior(nn.Module):
    """The four networks; n: channels of the transforms and of z; m: channels of y."""

    def __init__(self, n: int, m: int) -> None:
        super().__init__()
        self.analysis = nn.Sequential(down(3, n), GDN(n), down(n, n), GDN(n), down(n, n), GDN(n), down(n, m))
        self.synthesis = nn.Sequential(
            up(m, n), GDN(n, inverse=True), up(n, n), GDN(n, inverse=True), up(n, n), GDN(n, inverse=True), up(n, 3)
        )
        self.hyper_analysis = nn.Sequential(
            nn.Conv2d(m, n, 3, padding=1), nn.LeakyReLU(), down(n, n), nn.LeakyReLU(), down(n, n)
        )
        self.hyper_synthesis = nn.Sequential(
            up(n, m), nn.LeakyReLU(), up(m, m * 3 // 2), nn.LeakyReLU(), nn.Conv2d(m * 3 // 2, 2 * m, 3, padding=1)
        )


@dataclass(frozen=True, eq=False)
class Peer:
    """A peer with its inputs."""

    networks: MeanScaleHyperprior
    picture: Tensor
    y: Tensor
    z: Tensor

    @classmethod
    def of_layout(cls, n: int, m: int, width: int, height: int, layout: str) -> Peer:
        """Random weights and inputs; sides are rounded up to multiples of 64, as such codecs pad."""
        torch.manual_seed(1)
        kind = torch.channels_last if layout == "channels last" else torch.contiguous_format
        rows, columns = -(-height // 64), -(-width // 64)

        def random(channels: int, scale: int) -> Tensor:
            return torch.randn(1, channels, scale * rows, scale * columns).contiguous(memory_format=kind)

        networks = MeanScaleHyperprior(n, m).eval().requires_grad_(False)
        networks.to(memory_format=kind)  # type: ignore[call-overload]
        return cls(networks, random(3, 64), random(m, 4), random(n, 1))

    @torch.inference_mode()
    def decode(self) -> Tensor:
        """Hyper-synthesis and synthesis; no entropy decoding."""
        self.networks.hyper_synthesis(self.z)
        picture: Tensor = self.networks.synthesis(self.y)
        return picture

    @torch.inference_mode()
    def encode(self) -> Tensor:
        """Analysis, hyper-analysis and hyper-synthesis; no entropy coding, no reconstruction."""
        y = self.networks.analysis(self.picture)
        result: Tensor = self.networks.hyper_synthesis(self.networks.hyper_analysis(y))
        return result
