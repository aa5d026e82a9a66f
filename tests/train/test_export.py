# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from refsw.constants import Z_LIMIT
from refsw.decode.model import Model
from refsw.entropy.tables import FrequencyTables
from refsw.errors import ModelError
from refsw.models import load_package
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import tiny_config
from refsw.train.export import at_points, describe, export, z_frequencies
from tests.support.tiny import MODEL_ID, NAME, Started, training_pictures


def test_description_names_what_is_inside(started: Started) -> None:
    description = started.model.package.description
    assert (description.name, description.model_id, description.quality_anchors) == (NAME, MODEL_ID, 9)
    assert [c.name for c in description.components] == ["primary", "secondary"]
    assert [c.planes for c in description.components] == [("Y",), ("Cb", "Cr")]
    assert description.components[1].conditioned_on == ("primary",)
    assert [[s["point"] for s in c.config["synthesis"]] for c in description.components] == [["bop", "sop"]] * 2


def test_a_package_of_one_operating_point(started: Started, tmp_path: Path) -> None:
    """Its symbols are those of the package with both."""
    network = at_points(started.network, ("sop",))
    described = describe(network, "one", MODEL_ID, "", {})
    exported = export(network, training_pictures(8, 128), tmp_path / "one", described)
    model = Model.from_package(exported.package)
    assert model.operating_points == ("sop",)
    for name, array in started.model.package.tensors["integer"].items():
        assert np.array_equal(array, exported.package.tensors["integer"][name]), name
    with pytest.raises(ModelError, match="hop"):
        at_points(started.network, ("sop", "hop"))


def test_a_package_without_picture_exact_networks(started: Started, tmp_path: Path) -> None:
    """It codes the same symbols, and says what it lacks."""
    described = describe(started.network, "bare", MODEL_ID, "", {})
    package = export(started.network, training_pictures(8, 128), tmp_path / "bare", described, False).package
    assert package.tensors.keys() == {"integer", "networks", "units"}
    for name, array in started.model.package.tensors["integer"].items():
        assert np.array_equal(array, package.tensors["integer"][name]), name
    with pytest.raises(ModelError, match="no networks for picture-exact decoding"):
        _ = Model.from_package(package).fixed


def test_export_is_a_pure_function(started: Started, tmp_path: Path) -> None:
    """The same package again, and the network it was made from can be trained on."""
    network = CodecNetwork(tiny_config())
    network.load_state_dict(started.network.state_dict())
    network.train()
    description = describe(network, NAME, MODEL_ID, "Start, for tests.", {})
    again = export(network, training_pictures(8, 128), tmp_path / NAME, description).package
    assert again.digest == started.model.package.digest
    assert load_package(tmp_path / NAME).digest == again.digest
    assert network.training and all(p.requires_grad for p in network.parameters())
    assert all(torch.equal(v, started.network.state_dict()[n]) for n, v in network.state_dict().items())


def test_tables_of_z_are_the_prior(started: Started) -> None:
    net = started.network.component(0)
    frequencies = z_frequencies(net, 9)
    assert frequencies.shape == (9, 8, 2 * Z_LIMIT + 2) and frequencies.dtype == np.int32
    assert frequencies.min() >= 1 and (frequencies.sum(2) == 1 << 15).all()
    for rows in frequencies:
        FrequencyTables.from_frequencies(rows, -Z_LIMIT)
    z = torch.arange(-Z_LIMIT, Z_LIMIT + 1).float()[None, None, :, None].expand(1, 8, -1, 1)
    with torch.no_grad():
        prior = net.hyper_prior.probability(z, torch.tensor([0.5]))[0, :, :, 0].numpy()
    assert np.abs(frequencies[4, :, :-1] / 2**15 - prior).max() < 0.003  # every entry holds 2^-15 at least
