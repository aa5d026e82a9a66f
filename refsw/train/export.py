# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Checkpoint to model package: a pure function of the average weights and calibration pictures."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from refsw.constants import SCALE_FRACTION_BITS, SCALE_INDEX_MAXIMUM, Z_LIMIT
from refsw.decode.weights import OUTPUT, inner
from refsw.entropy.normalise import normalise
from refsw.exact.quantise import FloatLayer, quantise
from refsw.models import ComponentDescription, ModelDescription, ModelPackage, save_package
from refsw.nets.blocks import depth_to_space
from refsw.nets.codec import CodecNetwork, ComponentNetwork
from refsw.nets.config import ARCHITECTURE
from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP
from refsw.train.colour import planes_from_rgb
from refsw.train.fixed import Calibrated, calibrate

COMPONENT_NAMES = ("primary", "secondary", "tertiary", "quaternary")
PLANE_NAMES = ("Y", "Cb", "Cr")
UNITS = (1 << SCALE_FRACTION_BITS) / LOG_SCALE_STEP  # Q7 units of a scale index per unit of natural log scale
ACTIVATION_HEADROOM = 1.1  # over the largest activation seen: a clamp costs 2 % of the bits at the top quality
INNER = ("analysis.fine.", "analysis.coarse.", "hyper_analysis.")
"""Layers that no decoder runs and 8 bits are enough for: loss on held-out crops 0.7617 to 0.7619 (sixth weights)."""
Z_TOTAL_BITS = 15  # a channel that is nearly always 0 pays 0.003 bit per z for the 63 other entries


def at_points(network: CodecNetwork, points: tuple[str, ...]) -> CodecNetwork:
    """The network with the synthesis transforms of these operating points alone. Raises ModelError."""
    chosen, weights = CodecNetwork(network.config.with_points(points)), network.state_dict()
    chosen.load_state_dict({name: weights[name] for name in chosen.state_dict()})
    return chosen.train(network.training)


@torch.no_grad()
def calibration_z(network: CodecNetwork, rgb: Tensor) -> list[Tensor]:
    """Rounded hyper-latents of each component over pictures rgb [N, 3, H, W], each at the top quality and at another.

    Activations are largest at the top quality, so every picture is seen there.
    """
    quality = torch.cat([torch.linspace(0, 1, len(rgb)), torch.ones(len(rgb))])
    rgb = torch.cat([rgb, rgb])
    stem, decoded, out = network.stem_features(planes_from_rgb(rgb, network.config.colour_transform_idc)), [], []
    for i, own in enumerate(network.config.components):
        net = network.component(i)
        y = net.latent(torch.cat([stem[i], *(stem[j] for j in own.condition)], 1), quality)
        decoded.append(y)
        out.append(net.hyper_analysis(y).round())
    return out


def _float_layers(net: ComponentNetwork) -> list[FloatLayer]:
    weights = [(layer.weight.numpy(), layer.bias.numpy()) for layer in net.hyper_scale.layers]
    inner = [FloatLayer(w.astype(np.float64), b.astype(np.float64), shuffle=True, relu=True) for w, b in weights[:-1]]
    return [*inner, FloatLayer(*(a.astype(np.float64) for a in weights[-1]), shuffle=False, relu=False)]


@torch.no_grad()
def _activation_maxima(net: ComponentNetwork, z: Tensor) -> list[float]:
    maxima, x = [], z
    for layer in net.hyper_scale.layers[:-1]:
        x = F.relu(depth_to_space(layer(x)))
        maxima.append(max(1e-3, ACTIVATION_HEADROOM * float(x.max())))
    return maxima


@torch.no_grad()
def z_frequencies(net: ComponentNetwork, anchors: int) -> NDArray[np.int32]:
    """Integer tables of z: int32 [anchors, C_z, 64], frequencies of -31..31 and of the escape symbol."""
    values = torch.arange(-Z_LIMIT, Z_LIMIT + 1).float()
    z = values[None, None, :, None].expand(1, net.config.hyper.z, -1, 1)
    tables = []
    for anchor in range(anchors):
        quality = torch.tensor([anchor / (anchors - 1)])
        probability = net.hyper_prior.probability(z, quality)[0, :, :, 0].double()
        weights = (probability * 2**32).round().long().tolist()
        tables.append([normalise([*row, 0], 1 << Z_TOTAL_BITS) for row in weights])
    return np.array(tables, np.int32)


def describe(
    network: CodecNetwork, name: str, model_id: int, summary: str, provenance: dict[str, Any]
) -> ModelDescription:
    """What model.yaml says."""
    config = network.config
    components = tuple(
        ComponentDescription(
            name=COMPONENT_NAMES[i],
            planes=tuple(PLANE_NAMES[p] for p in own.planes),
            latent_channels=own.channels,
            hyper_channels=own.hyper.z,
            architecture=ARCHITECTURE,
            config={k: list(v) if isinstance(v, tuple) else v for k, v in asdict(own).items()},
            conditioned_on=tuple(COMPONENT_NAMES[j] for j in own.condition),
        )
        for i, own in enumerate(config.components)
    )
    lagrangian = [round(config.lambda_minimum * 1e6), round(config.lambda_maximum * 1e6)]
    whole = {"lagrangian_millionths": lagrangian, "colour_transform_idc": config.colour_transform_idc}
    return ModelDescription(
        model_id=model_id, name=name, summary=summary, components=components,
        quality_anchors=config.quality_anchors,
        config=whole, provenance=provenance,
    )  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """A package, and what its picture-exact networks were calibrated from, if it has them."""

    package: ModelPackage
    network: CodecNetwork
    calibrated: tuple[Calibrated, ...]


def export(
    network: CodecNetwork,
    calibration: Tensor,
    folder: Path,
    description: ModelDescription,
    picture_exact: bool = True,
) -> Exported:
    """Write the package. calibration: float32 [N, 3, H, W], 0..1, training pictures that set activation ranges.

    picture_exact: with the integer networks of picture-exact decoding, in which the decoder's float layers then are.
    """
    network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
    integers: dict[str, NDArray[Any]] = {}
    floats: dict[str, NDArray[Any]] = {}
    for index, z in enumerate(calibration_z(network, calibration)):
        net, name = network.component(index), COMPONENT_NAMES[index]
        scale = quantise(
            _float_layers(net), name=f"{description.name}/{name}.scale", input_range=(-Z_LIMIT, Z_LIMIT),
            activation_max=_activation_maxima(net, z), output_scale=UNITS,
            output_range=(-SCALE_INDEX_MAXIMUM, SCALE_INDEX_MAXIMUM),
        )  # fmt: skip
        integers |= {f"{name}.scale.{k}": v for k, v in scale.tensors().items()}
        quality = (net.hyper_scale.quality.values.double() - LOG_SCALE_MINIMUM) * UNITS
        integers[f"{name}.quality"] = quality.round().int().numpy()
        integers[f"{name}.z_frequencies"] = z_frequencies(net, network.config.quality_anchors)
        floats |= {f"{name}.{k}": v.contiguous().float().numpy() for k, v in net.state_dict().items()}
    calibrated = tuple(calibrate(network, calibration)) if picture_exact else ()
    exact: dict[str, NDArray[Any]] = {}
    units: dict[str, NDArray[Any]] = {}
    for name, own in zip(COMPONENT_NAMES, calibrated, strict=False):
        exact |= {f"{name}.{k}": v for k, v in own.tensors.items()}
        units |= {f"{name}.{k}": v for k, v in own.layers.items() if f"{name}.{_weight(k)}" in floats}
    for unit in units:  # what the integers say already
        floats.pop(_weight(unit), None)
        floats.pop(_weight(unit, "bias"), None)
    networks: dict[str, NDArray[Any]] = dict(floats)
    for name, weight in floats.items():
        if weight.ndim == 4 and name.partition(".")[2].startswith(INNER):
            networks[name], units[name.removesuffix(".weight") + OUTPUT] = inner(weight)
    files = {"integer": integers, "networks": networks, "units": units} | ({"fixed": exact} if picture_exact else {})
    return Exported(save_package(folder, description, files, {"networks": "float16"}), network, calibrated)


def _weight(unit: str, leaf: str = "weight") -> str:
    """Name of the weight or bias of the layer that a unit belongs to."""
    return f"{unit.rpartition('.')[0]}.{leaf}"
