# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Codestreams that break a clause, or that this version does not know: decoder A ends as the reference does."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.independent.conftest import Bench
from tests.support.formats import formatted
from tests.support.tiny import picture

Segments = list[tuple[int, bytes]]
PIH, TOH, RDI, SOQ, SOZ, SORP, SORS, UDI, ALP = 0xFF82, 0xFF83, 0xFF84, 0xFF8B, 0xFF88, 0xFF89, 0xFF8A, 0xFF8C, 0xFF8D
DIG, EXT, SKIP = 0xFF90, 0xFF91, 0xFF92
ALPHA = bytes(i * 7 % 256 for i in range(11 * 13))
HEADER_BITS = 233


def split(data: bytes) -> Segments:
    """Markers and payloads between SOC and EOC."""
    segments, at = Segments(), 2
    while (marker := int.from_bytes(data[at : at + 2], "big")) != 0xFF81:
        bits = "".join(f"{byte:08b}" for byte in data[at + 2 : at + 10])
        zeros = bits.index("1")
        begin = at + 2 + (2 * zeros + 8) // 8
        at = begin + int(bits[zeros : 2 * zeros + 1], 2) - 1
        segments.append((marker, data[begin:at]))
    return segments


def join(segments: Segments) -> bytes:
    """The codestream of segments, whatever they are."""
    parts = [b"\xff\x80"]
    for marker, payload in segments:
        code = f"{len(payload) + 1:b}"
        parts += [struct.pack(">H", marker), packed("0" * (len(code) - 1) + code), payload]
    return b"".join([*parts, b"\xff\x81"])


def packed(bits: str) -> bytes:
    """Bits, filled up to bytes."""
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def put(segments: Segments, after: int, *new: tuple[int, bytes]) -> Segments:
    """New segments behind the last one with the marker `after`."""
    at = max(i for i, (marker, _) in enumerate(segments) if marker == after) + 1
    return [*segments[:at], *new, *segments[at:]]


def without(segments: Segments, *markers: int) -> Segments:
    """Without segments of these kinds."""
    return [segment for segment in segments if segment[0] not in markers]


def changed(segments: Segments, position: int, bits: str, inserted: bool = False) -> Segments:
    """The picture header with other bits from a position on, or more bits; without digests, which cover it."""
    header = "".join(f"{byte:08b}" for byte in segments[0][1])[:HEADER_BITS]
    header = header[:position] + bits + header[position if inserted else position + len(bits) :]
    return [(PIH, packed(header)), *without(segments[1:], DIG)]


def emptied(segments: Segments, marker: int) -> Segments:
    """Substreams of one kind without data."""
    return [(kind, payload[:1] if kind == marker else payload) for kind, payload in segments]


def alpha(payload: bytes, top: bytes = b"\0") -> tuple[int, bytes]:
    return ALP, top + payload


@pytest.fixture
def rgb(bench: Bench) -> Segments:
    return split(bench.stream(picture(1, 11, 13), "tools.variance_scaling=off").read_bytes())


def outcomes(segments: Segments) -> list[tuple[str, Segments, int]]:
    """Name, codestream, exit code of both decoders."""
    plain = without(segments, DIG)
    experimental = changed(segments, 8, "1" * 8)
    tools = changed(experimental, 142, "1")
    digest = dict(segments)[DIG]
    good = zlib.compress(ALPHA)
    return [
        ("as it is", segments, 0),
        ("reserved segments", put(segments, DIG, (SKIP, b"ab"), (SKIP + 13, b""), (SKIP, b"")), 0),
        ("too many reserved segments", put(segments, DIG, *[(SKIP, b"")] * 9), 3),
        ("unknown extension", put(segments, DIG, (EXT, b"\0\5z")), 0),
        ("essential extension outside its profile", put(segments, DIG, (EXT, b"\x80\5z")), 3),
        ("quality map", put(segments, PIH, (SOQ, b"map")), 0),
        ("user data", put(segments, SORS, (UDI, b"a"), (UDI, b"")), 0),
        ("user data too late", put(segments, DIG, (UDI, b"a")), 3),
        ("rendering information that is too long", put(segments, PIH, (RDI, b"\0\0")), 3),
        ("unknown marker", put(segments, DIG, (0xFF8E, b"")), 3),
        ("two picture headers", put(segments, PIH, segments[0]), 3),
        ("no z", without(segments, SOZ), 3),
        ("absent z", emptied(segments, SOZ), 3),
        ("absent symbols", emptied(segments, SORP), 3),
        ("tool outside its profile", put(changed(segments, 142, "1"), PIH, (TOH, b"\1\5\x80")), 3),
        ("tool", put(tools, PIH, (TOH, b"\1\5\x80")), 6),
        ("tool, and damage behind it", without(put(tools, PIH, (TOH, b"\1\5\x80")), SORS), 3),
        ("experimental", experimental, 0),
        ("two of three plane digests", put(plain, SORS, (DIG, b"\2" + digest[1:-4])), 3),
        ("wrong tensor digest", put(plain, SORS, (DIG, b"\0" + bytes(8))), 3),
        ("no plane digests", put(plain, SORS, (DIG, b"\0" + digest[1:9])), 0),
        ("digest of another type", put(plain, SORS, (DIG, b"\x10" + digest[1:9])), 6),
        ("alpha", put(plain, SORS, alpha(good)), 0),
        ("alpha premultiplied", put(plain, SORS, alpha(good, b"\x08")), 0),
        ("alpha coded otherwise", put(plain, SORS, alpha(good, b"\x10")), 6),
        ("alpha too long", put(plain, SORS, alpha(zlib.compress(ALPHA + b"x"))), 3),
        ("alpha too short", put(plain, SORS, alpha(zlib.compress(ALPHA[1:]))), 3),
        ("alpha with more behind it", put(plain, SORS, alpha(good + b"x")), 3),
        ("alpha cut", put(plain, SORS, alpha(good[:-1])), 3),
        ("alpha that bursts", put(plain, SORS, alpha(zlib.compress(bytes(10**7)))), 3),
        ("unknown version", changed(segments, 0, f"{2:08b}"), 6),
        ("reserved synthesis transform", changed(segments, 26, "0101"), 6),
        ("synthesis transform twice", changed(changed(segments, 25, "1"), 30, "0001", inserted=True), 3),
        ("model that is not there", changed(segments, 30, "0" * 16), 6),
        ("other weights", changed(segments, 46, "0" * 32), 6),
        ("too wide for the level", changed(segments, 78, "1" * 20), 3),
        ("reserved bit depth", changed(segments, 130, "101"), 3),
        ("4:2:0 with a transform", changed(segments, 133, "01"), 6),
        ("4:2:0 coded", changed(segments, 133, "010100"), 6),
        ("4:2:0", changed(segments, 133, "011100"), 0),
        ("4:4:4 as 4:0:0", changed(segments, 133, "00"), 3),
        ("two components of 4:0:0", changed(segments, 133, "000000"), 6),
        ("regions in a small picture", changed(segments, 143, "1"), 3),
        ("tile that is too small", changed(changed(segments, 144, "1"), 145, f"{3:08b}{0:05b}", inserted=True), 3),
        ("more channels than the model has", changed(segments, 157, "1" * 10), 6),
        ("fewer bits of padding", [(PIH, segments[0][1] + b"\0"), *segments[1:]], 3),
    ]  # fmt: skip


def test_exit_codes(bench: Bench, rgb: Segments, capsys: pytest.CaptureFixture[str]) -> None:
    path = bench.folder / "case.jai"
    for name, segments, code in outcomes(rgb):
        path.write_bytes(join(segments))
        assert bench.independent(path) == code, name
        lines = capsys.readouterr().err
        assert lines.count("\n") == (code > 0), name
        if code:
            assert "clause " in lines
            bench.reference_refuses(path, code)
        else:
            bench.compare(path, verify=False)
        capsys.readouterr()


def test_essential_extension_of_an_experiment(bench: Bench, rgb: Segments) -> None:
    path = bench.folder / "case.jai"
    path.write_bytes(join(put(changed(rgb, 8, "1" * 8), SORS, (EXT, b"\x80\5z"))))
    assert bench.independent(path) == 6
    bench.reference_refuses(path, 6)


def test_truncation_and_damage(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Each beginning of a codestream, and random damage, ends with 3 or 6 and one line, and without outputs."""
    path = bench.folder / "case.jai"
    data = bench.stream(formatted(2, 9, 10, 10, "4:2:0", alpha=True)).read_bytes()
    random = np.random.default_rng(7)
    cases = [data[:end] for end in range(0, len(data), 3)]
    for _ in range(150):
        broken = bytearray(data)
        broken[random.integers(len(data))] ^= 1 << random.integers(8)
        cases.append(bytes(broken))
    for case in cases:
        path.write_bytes(case)
        code = bench.independent(path)
        assert code in (0, 3, 6)
        assert capsys.readouterr().err.count("\n") == (code > 0)
        assert (bench.folder / "planes.raw").exists() == (code == 0)
        Path(bench.folder / "planes.raw").unlink(missing_ok=True)
