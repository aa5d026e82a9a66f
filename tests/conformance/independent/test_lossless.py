# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9) Decoder A reads lossless layers as refsw writes and reads them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import refsw.encode.lossless_layer  # noqa: F401
from conformance.independent.lattices import passes, places
from refsw import syntax
from refsw.api import encode_picture
from refsw.config import load_config
from refsw.syntax.headers import Codestream, LosslessLayer
from refsw.syntax.surgery import without_digests
from refsw.types import Image
from tests.conformance.independent.conftest import Bench
from tests.support.formats import formatted
from tests.support.tiny import picture

LATTICES, DEFLATE = 0, 1
REGIONS = "regions.rows=2", "regions.columns=2", "regions.independent=true"


@pytest.fixture(params=[LATTICES, DEFLATE], ids=["lattices", "DEFLATE"])
def coding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The encoder takes this coding, not the smaller one."""
    encoder = sys.modules["refsw.encode.lossless_layer"]
    if request.param == LATTICES:
        monkeypatch.setattr(encoder, "write_stored", lambda samples, depth: bytes(1 << 20))
    else:
        from refsw.lossless.region import Payload

        monkeypatch.setattr(encoder, "encode_region", lambda *own: Payload((0, 0, 0, 0), 1, bytes(1 << 20), b""))
    return int(request.param)


def lossless(bench: Bench, image: Image, *settings: str) -> Path:
    path = bench.folder / "lossless.jai"
    config = load_config("base", [f"model={bench.model}", *settings])
    path.write_bytes(encode_picture(image, config, quality=30, lossless=True).data)
    return path


@pytest.mark.parametrize(
    "image",
    [picture(1, 1, 1), picture(2, 2, 70), picture(3, 33, 20), formatted(5, 17, 30, 16, "grey"),
     formatted(6, 15, 27, 8, "4:2:0"), formatted(7, 9, 12, 10, "4:2:2"), formatted(8, 20, 11, 12, "4:4:4", alpha=True)],
    ids=["1x1", "70x2", "20x33", "grey 16", "4:2:0", "4:2:2 10", "4:4:4 12 alpha"],
)  # fmt: skip
def test_formats(bench: Bench, coding: int, image: Image) -> None:
    stream = lossless(bench, image)
    assert [own.lossless_coding_idc for own in syntax.read(stream.read_bytes()).lossless] == [coding]
    bench.compare(stream, verify=False)


def test_regions(bench: Bench, coding: int) -> None:
    image = picture(9, 70, 100)
    bench.compare(lossless(bench, image, *REGIONS), verify=False)
    raw = np.frombuffer((bench.folder / "planes.raw").read_bytes(), np.uint8).reshape(3, 70, 100)
    assert np.array_equal(raw.transpose(1, 2, 0), image.samples)
    assert bench.independent(bench.folder / "lossless.jai", "--base") == 0
    base = np.frombuffer((bench.folder / "planes.raw").read_bytes(), np.uint8)
    assert not np.array_equal(base, raw.ravel())


def changed(stream: Path, **changes: object) -> Path:
    own: Codestream = syntax.read(stream.read_bytes())
    layer: LosslessLayer = replace(own.lossless[0], **changes)  # type: ignore[arg-type]
    stream.write_bytes(syntax.write(replace(own, lossless=(layer, *own.lossless[1:]))))
    return stream


def test_damage(bench: Bench, coding: int) -> None:
    """Rejected, and of no concern to a decoder that leaves layers aside."""
    sound = lossless(bench, picture(10, 12, 14)).read_bytes()
    layer = syntax.read(sound).lossless[0]
    data, stream = layer.lossless_data, bench.folder / "lossless.jai"
    wrong: list[dict[str, object]] = [
        {"lossless_digest": (layer.lossless_digest[0] ^ 1, *layer.lossless_digest[1:])}, {"lossless_data": data[:-1]},
        {"lossless_data": data + b"\0"}, {"lossless_data": b"\x40" + data[1:]},
    ]  # fmt: skip
    if coding == LATTICES:
        own = layer.lossless_parameters
        wrong += [{"lossless_parameters": own[:-1]}, {"lossless_parameters": b""}, {"parameter_row": (63, 0, 9, 1)}]
    for changes in wrong:
        stream.write_bytes(sound)
        changed(stream, **changes)
        assert bench.independent(stream) == 3, changes
        bench.reference_refuses(stream, 3)
        assert bench.independent(stream, "--base") == 0


def test_absent_layers(bench: Bench, coding: int) -> None:
    """Regions without one, and with an empty one, show the base."""
    stream = lossless(bench, picture(11, 70, 100), *REGIONS)
    own = without_digests(syntax.read(stream.read_bytes()))
    kept = (own.lossless[0], replace(own.lossless[1], lossless_data=b""))
    stream.write_bytes(syntax.write(replace(own, lossless=kept)))
    bench.compare(stream, verify=False)


def test_each_sample_once() -> None:
    """(9.9.3) Passes partition every plane, and neighbours are known before."""
    for height, width in ((1, 1), (1, 40), (23, 17), (5, 2)):
        known = np.zeros((height, width), bool)
        for own in passes():
            at = places(own, height, width)
            assert known[at.neighbour_rows, at.neighbour_columns].all() and not known[at.rows, at.columns].any()
            known[at.rows, at.columns] = True
        assert known.all()
