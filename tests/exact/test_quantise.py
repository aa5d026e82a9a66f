# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A quantised network follows its float original."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.errors import ModelError
from refsw.exact.layer import MULTIPLIER_LIMIT
from refsw.exact.quantise import FloatLayer, _requantisation, quantise
from refsw.nets.blocks import depth_to_space

UNITS = 128 * 63 / math.log(64 / 0.11)  # scale_index per natural log unit


def float_layers(seed: int = 0) -> list[FloatLayer]:
    """The structure of the scale path: two rectified layers with depth to space, one without."""
    random = np.random.default_rng(seed)

    def layer(outputs: int, inputs: int, shuffle: bool, gain: float) -> FloatLayer:
        weight = random.standard_normal((outputs, inputs, 3, 3)) * gain / math.sqrt(9 * inputs)
        return FloatLayer(weight, random.standard_normal(outputs) * 0.1, shuffle, shuffle)

    return [layer(64, 12, True, 1.0), layer(64, 16, True, 1.4), layer(20, 16, False, 1.0)]


def run_float(layers: list[FloatLayer], z: np.ndarray) -> list[torch.Tensor]:
    x, outputs = torch.from_numpy(z).double()[None], []
    for layer in layers:
        x = torch.nn.functional.conv2d(x, torch.from_numpy(layer.weight), torch.from_numpy(layer.bias), padding=1)
        x = depth_to_space(x) if layer.shuffle else x
        x = x.relu() if layer.relu else x
        outputs.append(x)
    return outputs


@pytest.mark.parametrize(
    ("wbits", "abits", "allowed"), [(8, 8, 0.02), (8, 10, 0.02), (12, 12, 0.002), (16, 16, 0.0005)]
)
def test_output_follows_the_float_network(wbits: int, abits: int, allowed: float) -> None:
    layers = float_layers()
    z = np.random.default_rng(1).integers(-6, 7, (12, 6, 5))
    floats = run_float(layers, z)
    maxima = [float(x.max()) for x in floats[:-1]]
    network = quantise(
        layers,
        name="s",
        activation_max=maxima,
        output_scale=UNITS,
        output_range=(-32768, 32767),
        wbits=wbits,
        abits=abits,
    )
    wanted = floats[-1][0].numpy()
    error = network.run(z) / UNITS - wanted
    assert math.sqrt((error**2).mean()) < allowed * wanted.std()
    assert abs(error.mean()) < 0.3 * allowed * wanted.std() + 0.5 / UNITS
    assert network.upsampling == 4 and network.layers[0].output_range == (0, 2**abits - 1)
    if wbits == 8:
        assert all(bound.precision == "float32" for bound in network.bounds)


def test_biases_and_empty_channels() -> None:
    zero = FloatLayer(np.zeros((3, 2, 1, 1)), np.array([0.5, -1.25, 100.0]), False, False)
    network = quantise([zero], name="b", activation_max=[], output_scale=4.0, output_range=(-50, 50))
    assert network.run(np.ones((2, 1, 1), np.int8)).ravel().tolist() == [2, -5, 50]


def test_faults_are_named() -> None:
    layers = float_layers()
    layers[1].weight[3, 2, 1, 1] = np.nan
    with pytest.raises(ModelError, match="network base/primary, layer 1: a weight or bias is not a finite number"):
        quantise(layers, name="base/primary", activation_max=[1, 1], output_scale=1, output_range=(0, 1))
    with pytest.raises(ValueError, match="activation maxima"):
        quantise(float_layers(), name="n", activation_max=[1], output_scale=1, output_range=(0, 1))
    with pytest.raises(ModelError, match="layer 0: requantisation factor"):
        quantise(float_layers()[:1], name="n", activation_max=[], output_scale=1e9, output_range=(0, 1))


@given(st.floats(2**-15, 65000))
@settings(max_examples=200)
def test_requantisation_is_close(ratio: float) -> None:
    multiplier, shift = _requantisation(ratio)
    assert 1 <= multiplier < MULTIPLIER_LIMIT
    assert abs(multiplier * 2.0**-shift / ratio - 1) <= 2**-16
