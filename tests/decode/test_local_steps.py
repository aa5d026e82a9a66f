# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.10) Steps of places that the scale network says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refsw import syntax
from refsw.api import decode_picture, encode_picture
from refsw.colour import BT709
from refsw.config import RegionsConfig
from refsw.decode.model import local_steps, place_steps
from refsw.decode.select import Selection
from refsw.encode.analyse import Decisions, analyse_again, planes_of
from refsw.encode.picture import picture_header
from refsw.encode.scaling import Trials
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import tiny_config, with_local_steps
from refsw.nets.rate import LOG_SCALE_STEP
from refsw.tools.variance_scaling.tool import forced, usual
from refsw.train.fixed import calibrate
from refsw.train.fixed_report import layer_reports
from refsw.train.loss import stepped
from tests.support.steps import round_trip, scaling_alone, targets_refinement_and_layers
from tests.support.tiny import Started, picture, training_pictures

OUTPUTS = arrays(np.int32, (2, 3), elements=st.integers(-9000, 9000))
STEPS = arrays(np.int8, (2, 3), elements=st.integers(-16, 16))


@given(OUTPUTS)
def test_a_step_is_the_nearest_row_within_the_limit(output: np.ndarray) -> None:
    found = local_steps(output)
    assert found.dtype == np.int8
    assert (found == np.floor(output / 128 + 0.5).clip(-16, 16)).all()


@given(STEPS, STEPS)
def test_map_and_local_steps_add_up_within_the_limit(mapped: np.ndarray, local: np.ndarray) -> None:
    both = place_steps(mapped, local)
    assert both is not None
    assert (both == (mapped.astype(int) + local).clip(-16, 16)).all()
    assert place_steps(None, None) is None
    assert place_steps(None, local) is local
    assert place_steps(mapped, None) is mapped


def test_training_rounds_as_the_decoder() -> None:
    output = torch.linspace(-20, 20, 401) * LOG_SCALE_STEP
    expected = local_steps((output.numpy() / LOG_SCALE_STEP * 128).round().astype(np.int32))
    found = (stepped(output) / LOG_SCALE_STEP).round().numpy()
    halves = np.isclose(np.abs(output.numpy() / LOG_SCALE_STEP) % 1, 0.5, atol=1e-3)
    assert (found == expected)[~halves].all()


def test_local_steps_begin_at_zero_and_change_no_scale() -> None:
    config = tiny_config()
    plain = CodecNetwork(config)
    local = CodecNetwork(with_local_steps(config))
    quality = torch.tensor([0.4])
    for index, own in enumerate(config.components):
        before, after = plain.component(index).hyper_scale, local.component(index).hyper_scale
        state = before.state_dict()
        for name in ("weight", "bias"):
            value = after.state_dict()[f"layers.2.{name}"]
            assert (value[own.channels :] == 0).all()
            state[f"layers.2.{name}"] = torch.cat([state[f"layers.2.{name}"], value[own.channels :]])
        after.load_state_dict(state)
        z = torch.randint(-3, 4, (1, own.hyper.z, 2, 3)).float()
        scale, steps = after.with_steps(z, quality)
        assert steps is not None and (steps == 0).all()
        assert torch.allclose(scale, before(z, quality), atol=1e-6)
        assert before.with_steps(z, quality)[1] is None


def drawn(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(5).integers(-16, 17, (height, width)).astype(np.int8)


@pytest.mark.parametrize(
    ("mode", "channels", "independent", "mapped"),
    [("off", 3, None, False), ("off", 1, None, True), ("usual", 3, None, False), ("usual", 3, True, True),
     ("off", 3, True, False), ("off", 3, False, True)],
)  # fmt: skip
def test_round_trip(local: Started, mode: str, channels: int, independent: bool | None, mapped: bool) -> None:
    """Regions, windows, a quality map, bands and both modes of decoding agree with the encoder."""
    image = picture(3, 130, 200, channels)
    own = {} if independent is None else {"regions": RegionsConfig(2, 3, 0, independent)}
    steps = drawn(9, 13) if mapped else None
    held = round_trip(local, scaling_alone(local, mode, **own), image, steps).tensors[0].steps
    assert held is not None and held.ndim == (2 if mode == "off" else 3) and held.min() < 0 < held.max()


def test_steps_are_what_the_scale_network_says(local: Started) -> None:
    encoded = encode_picture(picture(3, 96, 128), scaling_alone(local, "off"), quality=60, model=local.model)
    found = decode_picture(encoded.data, model=local.model, keep=True)
    for own, scale, tensors in zip(found.symbols, local.model.scales, found.tensors, strict=True):
        out = scale.network.run(own.z)[:, :6, :8]
        expected = np.floor(out[-1] / 128 + 0.5).clip(-16, 16)
        assert tensors.steps is not None
        np.testing.assert_array_equal(tensors.steps, expected)
        offset = scale.quality_offset(found.codestream.picture_header.components[0].quality_index)[:, None, None]
        wanted = (out[:-1] + offset + 128 * expected).clip(0, 8191)
        np.testing.assert_array_equal(own.scale_index, wanted)


def test_steps_of_what_is_not_there_are_those_of_the_map(local: Started) -> None:
    """(9.7.2)"""
    own = scaling_alone(local, "off", regions=RegionsConfig(2, 2, 0, True))
    encoded = encode_picture(picture(3, 128, 128), own, quality=40, model=local.model, steps=drawn(8, 8))
    stream = syntax.read(encoded.data)
    lost = replace(stream, z=(replace(stream.z[0], substream_data=b""), *stream.z[1:]))
    whole = decode_picture(encoded.data, model=local.model, exact="auto").tensors[0].steps
    found = decode_picture(syntax.write(lost), model=local.model, selection=Selection(conceal=True), exact="auto")
    held = found.tensors[0].steps
    assert held is not None and whole is not None
    np.testing.assert_array_equal(held[:4, :4], drawn(8, 8)[:4, :4])
    assert (whole[:4, :4] != held[:4, :4]).any()
    np.testing.assert_array_equal(held[4:], whole[4:])


def test_bands_are_judged_with_local_steps(local: Started) -> None:
    image, own = picture(8, 96, 144), scaling_alone(local, "on")
    header, read = picture_header(image, own, local.model, 1000), planes_of(image, BT709)
    losses = []
    for scaling in (None, usual(2)):
        found, _ = analyse_again(local.model, header, read, None, decisions=Decisions(100, scaling=scaling, keep=True))
        trials = Trials(local.model, read, found, own, "cpu")
        losses.append([trials.loss(None), trials.loss(usual(2)), trials.loss(forced("coarsest", 2))])
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.01)  # whatever the analysis was made with
    assert losses[0][2] > 1.03 * losses[0][1]


def test_targets_refinement_and_layers(local: Started) -> None:
    targets_refinement_and_layers(local, picture(8, 96, 144), drawn(6, 9))


def test_calibration_sees_the_steps(local: Started) -> None:
    """Integer networks follow the float ones as closely as without local steps."""
    rgb = training_pictures(4, 128)
    for report in layer_reports(local.network, calibrate(local.network, rgb), rgb):
        assert report.error < 0.02, report
