# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw import syntax
from refsw.decode.parse import check_supported, checksum, parse_symbols, scale_row, skip_mask, z_rows
from refsw.decode.steps import NO_STEPS
from refsw.decode.tools import told
from refsw.decode.windows import Box
from refsw.encode.write import ToolBlocks, write_picture
from refsw.errors import DamageError, UnsupportedError
from refsw.syntax.headers import Codestream, ComponentHeader, Extension
from refsw.types import ComponentSymbols
from tests.support.streams import code, with_component, with_substream
from tests.support.tiny import Started, picture

FIELDS = ("z", "scale_index", "skip_mask", "symbols")
GROUPS = (("z", 0), ("z", 1), ("primary_residual", 0), ("secondary_residual", 0))


@pytest.fixture(scope="module")
def stream(started: Started) -> Codestream:
    return syntax.read(code(started, picture(3, 50, 70), 60).data)


@pytest.fixture(scope="module")
def symbols(started: Started, stream: Codestream) -> tuple[ComponentSymbols, ...]:
    return parse_symbols(stream, started.model)


def test_scale_row_is_the_nearest() -> None:
    index = np.array([0, 63, 64, 191, 192, 8127, 8128, 8191], np.int32)
    assert scale_row(index).tolist() == [0, 0, 1, 1, 2, 63, 63, 63]
    assert scale_row(index).dtype == np.int32


@settings(max_examples=40)
@given(st.integers(0, 8191), st.booleans(), st.integers(0, 6), st.integers(0, 99))
def test_skip_rule(threshold: int, enabled: bool, channels: int, seed: int) -> None:
    index = np.random.default_rng(seed).integers(0, 8192, (4, 3, 5)).astype(np.int32)
    header = ComponentHeader(
        quality_index=0, num_coded_channels=channels, skip_enabled_flag=enabled, skip_threshold=threshold
    )
    mask = skip_mask(index, header)
    for channel in range(4):
        expected = (index[channel] < threshold) & enabled | (channel >= channels)
        np.testing.assert_array_equal(mask[channel], expected)


def test_rows_of_z_are_channels_in_coding_order() -> None:
    assert z_rows(3, (1, 2)).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("field", FIELDS)
def test_checksum_sees_every_tensor(symbols: tuple[ComponentSymbols, ...], field: str) -> None:
    array = getattr(symbols[0], field).copy()
    array[-1, -1, -1] = array[-1, -1, -1] == 0
    assert checksum(replace(symbols[0], **{field: array})) != checksum(symbols[0])


def test_parsing_needs_no_networks(started: Started, stream: Codestream) -> None:
    from refsw.decode.model import Model

    model = Model.from_package(started.model.package)
    parse_symbols(stream, model)
    assert "network" not in model.__dict__


@pytest.mark.parametrize("digest", [True, False], ids=["digest", "no digest"])
@pytest.mark.parametrize(("group", "index"), GROUPS)
def test_a_flipped_bit_is_damage(
    started: Started, stream: Codestream, symbols: tuple[ComponentSymbols, ...], group: str, index: int, digest: bool
) -> None:
    """Without the digest, the coder's own final check finds it; both name the component."""
    if not digest:
        stream = replace(stream, digest_segment=None)
    data = getattr(stream, group)[index].substream_data
    component = 1 if group == "secondary_residual" else index
    for place in np.random.default_rng(0).choice(8 * len(data), min(12, 8 * len(data)), replace=False):
        flipped = bytearray(data)
        flipped[place // 8] ^= 128 >> place % 8
        damaged = with_substream(stream, group, index, bytes(flipped))
        with pytest.raises(DamageError, match=f"component {component}: ") as caught:
            parse_symbols(damaged, started.model)
        assert caught.value.exit_code == 3 and "\n" not in str(caught.value)


@pytest.mark.parametrize(("group", "index"), GROUPS)
def test_truncated_extended_and_empty_substreams_are_damage(
    started: Started, stream: Codestream, group: str, index: int
) -> None:
    data = getattr(stream, group)[index].substream_data
    for other in (data[:-1], data[:-2], data[:3], b"", data + b"\0", data + b"\0\0"):
        with pytest.raises(DamageError):
            parse_symbols(with_substream(stream, group, index, other), started.model)


@pytest.mark.parametrize("component", [0, 1])
@pytest.mark.parametrize("field", ["z", "symbols"])
def test_a_well_coded_but_altered_tensor_is_found_by_its_digest(
    started: Started, stream: Codestream, symbols: tuple[ComponentSymbols, ...], component: int, field: str
) -> None:
    """One value changed before coding: every substream is valid, the digest alone tells."""
    own = symbols[component]
    array = getattr(own, field).copy()
    place = tuple(np.argwhere(~own.skip_mask)[7]) if field == "symbols" else (1, 0, 1)
    array[place] += 1
    changed = replace(own, **{field: array})
    if field == "z":  # what a decoder derives from the altered z
        header = stream.picture_header.components[component]
        scale, box = started.model.scales[component], Box(0, 0, *own.symbols.shape[1:])
        scale_index = NO_STEPS.scales(scale, component, array, header.quality_index, box).index
        mask = skip_mask(scale_index, header)
        changed = ComponentSymbols(array, scale_index, mask, np.where(mask, 0, own.symbols))
    together = tuple(changed if i == component else s for i, s in enumerate(symbols))
    tools = ToolBlocks(stream.tool_header)
    written = write_picture(started.model, stream.picture_header, together, tools=tools).codestream
    assert parse_symbols(written, started.model)  # with the digest that belongs to it
    with pytest.raises(DamageError, match=f"component {component}: digest"):
        parse_symbols(replace(written, digest_segment=stream.digest_segment), started.model)


@pytest.mark.parametrize("channels", [0, 1, 20, 32])
def test_channels_that_are_not_coded_are_zero(
    started: Started, stream: Codestream, symbols: tuple[ComponentSymbols, ...], channels: int
) -> None:
    header = with_component(stream, 0, num_coded_channels=channels).picture_header
    values = symbols[0].symbols.copy()
    values[channels:] = 0
    mask = skip_mask(symbols[0].scale_index, header.components[0])
    first = replace(symbols[0], symbols=values, skip_mask=mask)
    written = write_picture(started.model, header, (first, symbols[1]))
    found = parse_symbols(syntax.read(written.data), started.model)[0]
    np.testing.assert_array_equal(found.symbols, values)
    assert found.skip_mask[channels:].all()


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("source chroma", {"source_chroma_format_idc": 1}),
        ("coded chroma", {"source_chroma_format_idc": 1, "coded_chroma_format_idc": 1}),
        ("2 components", {"source_chroma_format_idc": 0, "coded_chroma_format_idc": 0, "colour_transform_idc": 0}),
    ],
)  # fmt: skip
def test_what_this_decoder_does_not_do(
    started: Started, stream: Codestream, what: str, changes: dict[str, Any]
) -> None:
    header = replace(stream.picture_header, **changes)
    with pytest.raises(UnsupportedError, match=what) as caught:
        check_supported(header, started.model)
    assert caught.value.exit_code == 6


def test_an_essential_extension_is_never_passed_over(started: Started, stream: Codestream) -> None:
    """The conformance vector proposal-essential found that it was."""
    for essential in (False, True):
        extension = Extension(extension_essential_flag=essential, extension_id=7, extension_data=b"")
        own = replace(stream, extensions=(extension,))
        if not essential:
            assert told(own) is not None
            continue
        with pytest.raises(UnsupportedError, match="essential extension 7"):
            told(own)


def test_components_and_channels_that_the_model_lacks(started: Started, stream: Codestream) -> None:
    header = stream.picture_header
    three = replace(header, components=(*header.components, header.components[1]))
    with pytest.raises(UnsupportedError, match="3 components"):
        check_supported(three, started.model)
    with pytest.raises(UnsupportedError, match="1 components"):
        check_supported(replace(header, components=header.components[:1]), started.model)
    with pytest.raises(UnsupportedError, match="component 1: 17 channels"):
        check_supported(with_component(stream, 1, num_coded_channels=17).picture_header, started.model)


def test_luma_parses_without_chroma(
    started: Started, stream: Codestream, symbols: tuple[ComponentSymbols, ...]
) -> None:
    """The luma part of a colour stream, written as a stream of its own, gives the same symbols."""
    header = replace(
        stream.picture_header, components=stream.picture_header.components[:1], colour_transform_idc=0,
        source_chroma_format_idc=0, coded_chroma_format_idc=0,
    )  # fmt: skip
    alone = replace(stream, picture_header=header, z=stream.z[:1], secondary_residual=(), digest_segment=None)
    found = parse_symbols(syntax.read(syntax.write(alone)), started.model)
    assert len(found) == 1 and checksum(found[0]) == checksum(symbols[0])


@pytest.mark.parametrize(
    "changes", [{"coded_width_minus1": 60}, {"diff_display_height": 1}, {"decoder_profile_idc": 2}]
)
def test_a_damaged_header_is_found_where_tensors_do_not_tell(started: Started, changes: dict[str, int]) -> None:
    codestream = syntax.read(code(started, picture(3, 64, 64)).data)
    altered = replace(codestream, picture_header=replace(codestream.picture_header, **changes))
    with pytest.raises(DamageError, match="and headers is"):
        parse_symbols(syntax.read(syntax.write(altered)), started.model)
