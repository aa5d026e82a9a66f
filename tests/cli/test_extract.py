# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refsw import syntax
from refsw.cli.extract import main as extract
from refsw.decode.picture import decode_picture
from refsw.decode.select import Selection
from refsw.errors import DamageError
from refsw.syntax import surgery
from refsw.syntax.headers import Extension, MetadataBlock, RenderingInformation, SkippedSegment, UserData
from tests.support.streams import code
from tests.support.tiny import Started, picture


@pytest.fixture(scope="module")
def stream(started: Started) -> bytes:
    """Six independent regions, and something of everything that can be dropped."""
    config = replace(started.config, regions=replace(started.config.regions, side=64, independent=True))
    own = code(replace(started, config=config), picture(4, 120, 180)).data
    return syntax.write(replace(
        syntax.read(own),
        rendering_information=RenderingInformation(blocks=(MetadataBlock(metadata_type=2, metadata_payload=b"exif"),)),
        user_data=(UserData(user_data=b"mine"),),
        extensions=(Extension(extension_id=5, extension_data=b"proposal"),),
        skipped_segments=(SkippedSegment(segment_marker=0xFF95, skipped_data=b"later"),),
    ))  # fmt: skip


@pytest.fixture
def source(tmp_path: Path, stream: bytes) -> Path:
    (tmp_path / "a.jai").write_bytes(stream)
    return tmp_path / "a.jai"


def extracted(source: Path, *options: str) -> bytes:
    assert extract([str(source), "-o", str(source.with_name("b.jai")), *options]) == 0
    data = source.with_name("b.jai").read_bytes()
    assert syntax.validate(data) == () and len(data) < source.stat().st_size
    return data


def test_regions_become_absent(started: Started, stream: bytes, source: Path) -> None:
    whole = decode_picture(stream, model=started.model).image.samples
    data = extracted(source, "--drop-regions", "0,4-5")
    with pytest.raises(DamageError, match="region 0"):
        decode_picture(data, model=started.model)
    shown = decode_picture(data, model=started.model, selection=Selection(conceal=True))
    assert {d.region_index for d in shown.damage} == {0, 4, 5} and all(d.absent for d in shown.damage)
    header = shown.codestream.picture_header
    for index in (1, 2, 3):
        box = header.region(index)
        part = np.s_[box.top : box.bottom, box.left : box.right]
        assert np.array_equal(shown.image.samples[part], whole[part])


@pytest.mark.parametrize("channels", [0, 7, 1023])
def test_channels_are_those_that_the_decoder_would_show(
    started: Started, stream: bytes, source: Path, channels: int
) -> None:
    source.write_bytes(stream)
    data = extracted(source, "--channels", str(channels), "--drop", "metadata")
    kept = syntax.read(data)
    assert [c.num_coded_channels for c in kept.picture_header.components] == [min(channels, 32), min(channels, 16)]
    found = decode_picture(data, model=started.model).image
    wanted = decode_picture(stream, model=started.model, selection=Selection(channels=channels)).image
    np.testing.assert_array_equal(found.samples, wanted.samples)
    assert kept.user_data and kept.extensions and kept.digest_segment is not None


def test_parts(started: Started, stream: bytes, source: Path) -> None:
    kept = syntax.read(extracted(source, "--drop", "metadata,extensions,user-data"))
    assert kept.rendering_information is None and not kept.extensions + kept.skipped_segments + kept.user_data
    whole = decode_picture(stream, model=started.model).image
    assert np.array_equal(decode_picture(syntax.write(kept), model=started.model).image.samples, whole.samples)
    assert syntax.read(extracted(source, "--drop", "digests")).digest_segment is None


def test_digests_hold_with_another_header(started: Started, stream: bytes) -> None:
    before = syntax.read(stream)
    header = replace(before.picture_header, diff_display_width=3)
    decoded = decode_picture(syntax.write(surgery.with_header(before, header, before.tool_header)), model=started.model)
    assert decoded.image.width == 177


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--drop", "colour"], "'colour' is not allowed"), (["--drop-regions", "6"], "regions 0 to 5"),
     (["--drop-regions", "0-5"], "no region would be left"), (["--drop-regions", "x"], "such as 0,2-5")],
)  # fmt: skip
def test_usage(source: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert extract([str(source), "-o", str(source.with_name("b.jai")), *options]) == 2
    assert words in capsys.readouterr().err and not source.with_name("b.jai").exists()
