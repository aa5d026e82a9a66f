# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Variance scaling (8.9): steps against their definition, and the whole way through encoder and decoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsw import syntax
from refsw.api import decode_picture, encode_picture
from refsw.colour import BT709
from refsw.config import RegionsConfig
from refsw.decode.parse import parse_symbols
from refsw.decode.select import Selection
from refsw.encode import attempts
from refsw.encode.analyse import Decisions, analyse_again, planes_of
from refsw.encode.picture import picture_header
from refsw.encode.quality_map import quality_map
from refsw.encode.scaling import Trials
from refsw.errors import CodestreamError, DamageError
from refsw.syntax.budget import budget
from refsw.syntax.headers import EXPERIMENTAL, Tool, ToolHeader
from refsw.syntax.payload import header_names, write_payload
from refsw.syntax.scaling import ScalingPayload, limits, scaling_of
from refsw.syntax.surgery import without_tools
from refsw.tools.toolbox import syntax_of
from refsw.tools.variance_scaling.tool import MODES, VARIANCE_SCALING, forced, stepped, usual
from tests.support.steps import round_trip, scaling_alone, targets_refinement_and_layers
from tests.support.tiny import Started, picture

few = settings(max_examples=40, deadline=None)


def drawn(seed: int, height: int, width: int) -> NDArray[np.int8]:
    return np.random.default_rng(seed).integers(-16, 17, (height, width)).astype(np.int8)


@few
@given(st.integers(0, 999), st.lists(st.integers(-8, 8), min_size=4, max_size=4), st.booleans())
def test_steps_follow_the_definition(seed: int, bands: list[int], map_too: bool) -> None:
    index = np.random.default_rng(seed).integers(-500, 3000, (3, 4, 5)).astype(np.int32)
    index[0, 0, :3], index[0, 1, :3] = [128 * row for row in limits()], [128 * row - 1 for row in limits()]
    mapped = drawn(seed, 4, 5) if map_too else None
    found = stepped(index, tuple(bands), mapped)
    assert found.dtype == np.int8
    for place in np.ndindex(3, 4, 5):
        band = sum(int(index[place]) >= 128 * row for row in limits())
        step = bands[band] + (0 if mapped is None else int(mapped[place[1:]]))
        assert found[place] == max(-16, min(16, step))


@few
@given(st.lists(st.integers(-8, 8), min_size=8, max_size=8))
def test_payloads_come_back(steps: list[int]) -> None:
    from refsw.syntax.payload import read_payload

    own, names = ScalingPayload(band_step=tuple(steps)), {"num_components": 2}
    data = write_payload(own, syntax_of(VARIANCE_SCALING), names, "variance_scaling")
    assert read_payload(data, syntax_of(VARIANCE_SCALING), names, "variance_scaling") == own
    assert own.of(0) == tuple(steps[:4]) and own.of(1) == tuple(steps[4:])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("independent", [None, False, True])
def test_round_trip(started: Started, mode: str, channels: int, independent: bool | None) -> None:
    """Regions, windows, a quality map and both modes of decoding agree with the encoder."""
    image = picture(3, 130, 200, channels)
    own = {} if independent is None else {"regions": RegionsConfig(2, 3, 0, independent)}
    steps = drawn(5, 9, 13) if independent else None
    round_trip(started, scaling_alone(started, mode, **own), image, steps)


def test_steps_are_those_of_the_bands(started: Started) -> None:
    image, steps = picture(3, 96, 128), drawn(2, 6, 8)
    bands = ScalingPayload(band_step=(-3, 2, 0, 8, 1, -8, 4, -1))
    plain = syntax.read(encode_picture(image, scaling_alone(started, "off"), quality=60, model=started.model).data)
    header = replace(plain.picture_header, stream_profile_idc=EXPERIMENTAL, decoder_profile_idc=EXPERIMENTAL,
                     tools_enabled_flag=True)  # fmt: skip
    payload = write_payload(bands, syntax_of(VARIANCE_SCALING), header_names(header), "variance_scaling")
    told = replace(
        plain, picture_header=header, tool_header=ToolHeader(tools=(Tool(tool_id=4, tool_payload=payload),)),
        quality_map=quality_map(steps), digest_segment=None,
    )
    with pytest.raises(DamageError):  # symbols were coded with other table rows
        parse_symbols(told, started.model)
    found = decode_picture(
        syntax.write(told), model=started.model, selection=Selection(conceal=True), keep=True
    )
    for component, (own, before) in enumerate(zip(found.symbols, parse_symbols(plain, started.model), strict=True)):
        base, wanted = before.scale_index, stepped(before.scale_index, bands.of(component), steps)
        inside = (base > 0) & (base < 8191)
        expected = (base + 128 * wanted.astype(np.int32)).clip(0, 8191)
        np.testing.assert_array_equal(own.scale_index[inside], expected[inside])
        held = found.tensors[component].steps
        assert held is not None
        np.testing.assert_array_equal(held, wanted)


def test_steps_of_what_is_not_there_are_those_of_the_map(started: Started) -> None:
    encoded = encode_picture(
        picture(3, 128, 128), scaling_alone(started, "finest", regions=RegionsConfig(2, 2, 0, True)), quality=40,
        model=started.model, steps=drawn(1, 8, 8),
    )  # fmt: skip
    stream = syntax.read(encoded.data)
    lost = replace(stream, z=(replace(stream.z[0], substream_data=b""), *stream.z[1:]))
    found = decode_picture(syntax.write(lost), model=started.model, selection=Selection(conceal=True), exact="auto")
    held = found.tensors[0].steps
    assert held is not None
    np.testing.assert_array_equal(held[:, :4, :4], np.broadcast_to(drawn(1, 8, 8)[:4, :4], held[:, :4, :4].shape))
    assert (held[:, 4:, 4:] > drawn(1, 8, 8)[4:, 4:]).any()


def test_taking_out_tools_keeps_what_parsing_needs(started: Started) -> None:
    data = encode_picture(picture(8, 60, 81), scaling_alone(started, "coarsest"), quality=40, model=started.model).data
    stream = without_tools(syntax.read(data))
    assert scaling_of(stream) == forced("coarsest", 2)
    shown = decode_picture(syntax.write(stream), model=started.model).image.samples
    np.testing.assert_array_equal(shown, decode_picture(data, model=started.model).image.samples)


def test_refusals_and_budget(started: Started) -> None:
    data = encode_picture(picture(8, 60, 81), scaling_alone(started, "usual"), quality=40, model=started.model).data
    stream = syntax.read(data)
    plain = replace(stream, tool_header=None, picture_header=replace(stream.picture_header, tools_enabled_flag=False))
    symbols = sum(part.symbols for part in budget(stream).components)
    ready = replace(stream.picture_header, tools_enabled_flag=True)
    without = budget(replace(plain, picture_header=ready, tool_header=ToolHeader(tools=())))
    assert budget(stream).memory_bytes - without.memory_bytes == symbols
    for payload in (b"", b"\xff\0", b"\x00" * 9, b"\x08\x00"):
        wrong = replace(stream, tool_header=ToolHeader(tools=(Tool(tool_id=4, tool_payload=payload),)))
        with pytest.raises(CodestreamError, match=r"variance_scaling.*\[clause"):
            decode_picture(syntax.write(replace(wrong, digest_segment=None)), model=started.model)


def test_what_does_not_pay_is_left_out(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    image, own = picture(8, 96, 144), scaling_alone(started, "on")
    header = picture_header(image, own, started.model, 1000)
    read = planes_of(image, BT709)
    decisions = [Decisions(100, scaling=scaling, steps=drawn(1, 6, 9), keep=True) for scaling in (None, usual(2))]
    losses = list[list[float]]()
    for one in decisions:
        found, _ = analyse_again(started.model, header, read, None, decisions=one)
        trials = Trials(started.model, read, found, own, "cpu", drawn(1, 6, 9))
        losses.append([trials.loss(None), trials.loss(usual(2)), trials.loss(forced("coarsest", 2))])
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.01)  # whatever the analysis was made with
    assert losses[0][2] > 1.05 * losses[0][1]
    plain = encode_picture(image, scaling_alone(started, "off"), quality=50, model=started.model)
    for better in (True, False):
        monkeypatch.setattr(attempts, "pays", lambda trials, scaling, better=better: better)
        encoded = encode_picture(image, own, quality=50, model=started.model)
        assert (scaling_of(syntax.read(encoded.data)) is not None) == better == encoded.report.tools[0].taken
    assert syntax.read(encoded.data).z == syntax.read(plain.data).z


def test_choice_targets_refinement_and_layers(started: Started) -> None:
    """What is chosen is never worse in the encoder's own terms, and goes with everything else."""
    image, own = picture(8, 96, 144), scaling_alone(started, "on")
    assert decode_picture(
        encode_picture(image, own, quality=50, model=started.model).data, model=started.model
    ).codestream.picture_header.stream_profile_idc == 0

    targets_refinement_and_layers(started, image, drawn(4, 6, 9))
