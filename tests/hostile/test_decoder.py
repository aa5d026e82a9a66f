# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Hostile codestreams in process: the right error, one line, bounded memory. At length: tools/fuzz_decoder.py."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from hostile import boundaries, mutants

from refsw import syntax
from refsw.decode.picture import decode_picture, load_model
from refsw.errors import CodestreamError, InputError, ModelError, RefswError, UnsupportedError
from refsw.spec import levels

COUNT = 600


def test_mutants_are_refused_with_one_clear_line(sound: list[bytes]) -> None:
    model = load_model(syntax.read(sound[0]).picture_header)
    kinds: dict[str, int] = {}
    for mutant in mutants(sound, COUNT):
        try:
            decoded = decode_picture(mutant.data, model=model)
        except RefswError as error:
            assert error.exit_code in (3, 6), mutant.kind
            assert str(error) and "\n" not in str(error), mutant.kind
        else:  # another header that is legal, or data that no digest protects: a picture of the stated size
            header = decoded.codestream.picture_header
            assert (decoded.image.width, decoded.image.height) == (header.width, header.height)
        kinds[mutant.kind] = kinds.get(mutant.kind, 0) + 1
    assert len(kinds) == 10 and min(kinds.values()) >= COUNT // 13


def test_every_cut_is_refused(sound: list[bytes]) -> None:
    for data in sound[:2]:
        for place in [place for place in boundaries(data) if place < len(data)]:
            with pytest.raises(CodestreamError):
                decode_picture(data[:place])


def test_wrong_weights_have_a_name(sound: list[bytes]) -> None:
    stream = syntax.read(sound[0])
    header = stream.picture_header
    other = syntax.write(replace(stream, picture_header=replace(header, model_digest=b"\0\1\2\3")))
    with pytest.raises(ModelError, match="wrong weights"):
        decode_picture(other)
    other = syntax.write(replace(stream, picture_header=replace(header, model_id=4711)))
    with pytest.raises(ModelError, match="4711"):
        decode_picture(other)
    with pytest.raises(UnsupportedError, match="hop"):
        decode_picture(sound[0], operating_point="hop")


def test_enormous_sizes_are_refused_before_anything_is_allocated(sound: list[bytes]) -> None:
    stream = syntax.read(sound[0])
    model = load_model(stream.picture_header)
    for level in levels():
        width = min(level.max_side, level.max_samples)
        height = level.max_samples // width
        header = replace(
            stream.picture_header,
            coded_width_minus1=width - 1, coded_height_minus1=height - 1, level_idc=level.level_idc,
        )  # fmt: skip
        tracemalloc.start()
        with pytest.raises(InputError):
            decode_picture(syntax.write(replace(stream, picture_header=header)), model=model)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 256 << 20, f"level {level.name}: {peak >> 20} MiB"
