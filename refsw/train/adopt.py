# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Start a training run from the weights of a model package, also into a wider or deeper structure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from refsw.decode.model import Model
from refsw.errors import UsageError
from refsw.models import load_package
from refsw.nets.blocks import QualityTable
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import CodecConfig
from refsw.train.widen import widened


def resampled(values: Tensor, old: CodecConfig, new: CodecConfig) -> Tensor:
    """Quality table [anchors, C] of one range of lambda at the anchors of another, continued linearly outside."""
    span = math.log(old.lambda_maximum / old.lambda_minimum)
    anchors = torch.linspace(0, 1, new.quality_anchors, dtype=torch.float64)
    position = torch.log(new.lagrangian(anchors) / old.lambda_minimum) / span * (old.quality_anchors - 1)
    low = position.floor().clamp(0, old.quality_anchors - 2).long()
    share = (position - low)[:, None]
    return (values.double()[low] * (1 - share) + values.double()[low + 1] * share).float()


@dataclass(frozen=True)
class Adopted:
    """digest, config: of the package; fresh: names of the weights that it does not have, which keep their start."""

    digest: str
    config: CodecConfig
    fresh: tuple[str, ...]


@torch.no_grad()
def adopt(network: CodecNetwork, folder: Path) -> Adopted:
    """Copy every weight of the package that `network` has too, also into wider layers.

    Residual blocks that only `network` has start as identity, so the function of the package is kept.
    Raises ModelError where the package cannot be read, UsageError where a shared weight does not fit.
    """
    package = Model.from_package(load_package(str(folder)))
    given, own = package.network.state_dict(), network.state_dict()
    tables = {f"{name}.values" for name, module in network.named_modules() if isinstance(module, QualityTable)}
    for name in sorted(given.keys() & own.keys()):
        value = given[name]
        if name in tables:
            value = resampled(value, package.config, network.config)
        try:
            own[name].copy_(widened(name, value, own[name], package.config, network.config))
        except UsageError as error:
            raise UsageError(f"{folder}: {error}") from None
    return Adopted(package.package.digest, package.config, tuple(sorted(own.keys() - given.keys())))
