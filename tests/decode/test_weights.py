# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Float weights that a package holds as integers and units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from refsw.decode.weights import INPUT, OUTPUT, float_tensors
from refsw.errors import ModelError
from refsw.models import ModelPackage
from tests.support.tiny import Started, training_pictures

Arrays = dict[str, dict[str, NDArray[Any]]]


def test_every_layer_is_there_once(started: Started) -> None:
    package = started.model.package
    stored, units = package.tensors["networks"], package.tensors["units"]
    for index, name in enumerate(("primary", "secondary")):
        wanted = started.network.component(index).state_dict()
        found = float_tensors(package, name)
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            layer = key.rpartition(".")[0]
            assert (f"{name}.{key}" in stored) != (f"{name}.{layer}{INPUT}" in units), key
            assert found[key].dtype == np.float32 and found[key].shape == tuple(value.shape), key


def test_weights_are_those_of_training_to_half_an_integer(started: Started) -> None:
    package = started.model.package
    fixed, units = package.tensors["fixed"], package.tensors["units"]
    for index, name in enumerate(("primary", "secondary")):
        found = float_tensors(package, name)
        for key in (k.removesuffix(INPUT) for k in package.section("units", f"{name}.") if k.endswith(INPUT)):
            given, made = (units[f"{name}.{key}{part}"].astype(np.float64) for part in (INPUT, OUTPUT))
            step = np.ldexp(made, -fixed[f"{name}.{key}.shift"])
            layer = started.network.component(index).get_submodule(key)
            error = np.abs(found[f"{key}.weight"] - layer.weight.numpy()) / (step[:, None] / given)[:, :, None, None]
            assert error.max() < 0.51, key
            np.testing.assert_allclose(found[f"{key}.bias"], layer.bias.numpy(), rtol=1e-6, atol=0.51 * step.max())


@torch.no_grad()
def test_networks_see_no_difference(started: Started) -> None:
    """Far less than rounding weights to half precision would make."""
    rgb, quality = training_pictures(4, 128), torch.full((4,), 0.8)
    exact, loaded = started.network.component(0), started.model.network.component(0)
    stem = started.network.stem_features(rgb - 0.5)[0]
    y = exact.latent(stem, quality)
    z = exact.hyper_analysis(y).round()
    planes = []
    for net in (exact, loaded):
        features = net.features(z, quality, [], *y.shape[2:])
        planes.append(net.planes(y * exact.inverse_gain(quality).exp(), features, quality, "bop"))
    assert float((planes[0] - planes[1]).abs().max()) * 255 < 0.25


def changed(package: ModelPackage, change: Any) -> ModelPackage:
    tensors: Arrays = {file: dict(arrays) for file, arrays in package.tensors.items()}
    change(tensors)
    return ModelPackage(package.description, tensors, package.digest, package.folder)


def test_units_that_do_not_fit(started: Started) -> None:
    layer = "primary.context.first"
    zero = np.zeros_like(started.model.package.tensors["units"][layer + INPUT])
    changes = {
        "primary.*units do not fit": lambda t: t.pop("fixed"),
        "context.first.output_unit": lambda t: t["units"].pop(layer + OUTPUT),
        r"\(3,\)": lambda t: t["units"].update({layer + INPUT: np.ones(3, np.float32)}),
        "not a finite number": lambda t: t["units"].update({layer + INPUT: zero}),
    }
    for expected, change in changes.items():
        with pytest.raises(ModelError, match=expected):
            float_tensors(changed(started.model.package, change), "primary")


def test_a_stored_weight_comes_first(started: Started) -> None:
    layer = "primary.context.first"
    shape = started.model.package.tensors["fixed"][f"{layer}.weight"].shape
    ones = np.ones(shape, np.float32)
    package = changed(started.model.package, lambda t: t["networks"].update({f"{layer}.weight": ones}))
    assert np.array_equal(float_tensors(package, "primary")["context.first.weight"], ones)
