# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Times are of few points, on each number of threads, and change no digest. No wall-clock time is asserted."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from refsw.ctc.anchors import anchor
from refsw.ctc.report.numbers import numbers
from refsw.ctc.report.tables import complexity
from refsw.ctc.results import CodecRecord, Point, Results
from refsw.ctc.timing import Trial, chosen, run_trial, timed
from refsw.errors import RefswError
from refsw.types import Image
from tests.ctc.metrics.pairs import reference
from tests.ctc.report.synthetic import results

QUALITIES = {"0.12 bpp": 10.0, "0.25 bpp": 30.0, "0.5 bpp": 50.0, "0.75 bpp": 70.0, "1 bpp": 90.0}
CODEC = "jpeg"


def picture(name: str) -> Image:
    return reference(48, 64, seed=int(name[-2:]))


def run(images: int) -> Results:
    """A run whose codestreams are real."""
    base = results(images, (CodecRecord(CODEC, "anchor", "", ""),))

    def point(p: Point) -> Point:
        data = anchor(CODEC).encode(picture(p.image), QUALITIES[p.target]).data
        setting = anchor(CODEC).setting_text(QUALITIES[p.target])
        return replace(p, setting=setting, stream_bytes=len(data), stream_sha256=sha256(data).hexdigest())

    return replace(base, points=tuple(map(point, base.points)))


def test_middle_target_of_pictures_spread_over_all() -> None:
    points = chosen(results(10), "refsw base bop", 3)
    assert [point.image for point in points] == ["kodim02", "kodim06", "kodim09"]
    assert {point.target for point in points} == {"0.5 bpp"}
    assert len(chosen(results(2), "refsw base bop", 3)) == 2


def test_times_stand_in_the_table_and_not_in_the_digest() -> None:
    before, calls = run(4), []
    after = timed(before, {CODEC: anchor(CODEC)}, picture, pictures=2, threads=(1, 2), repetitions=2,
                  report=lambda codec, threads: calls.append((codec, threads)))  # fmt: skip
    assert calls == [(CODEC, 1), (CODEC, 2)]
    assert after.digest() == before.digest()
    counted = [point.timing for point in after.points if point.timing]
    assert [[timing.threads for timing in times] for times in counted] == [[1, 1, 2, 2]] * 2
    assert all(timing.encode_seconds > 0 and timing.decode_seconds > 0 for times in counted for timing in times)
    table = complexity(numbers(after))
    assert {"encode, 1 thread", "encode, 2 threads"} <= {column.title for column in table.columns}
    assert "over 2 codestreams" in table.note


def test_other_bytes_are_an_error() -> None:
    trial = Trial(anchor(CODEC), reference(16, 16), 50, 1, 1, "0" * 64)
    with pytest.raises(RefswError, match="jpeg: encoding the same picture again gave other bytes"):
        run_trial(trial)
    (timing,) = run_trial(replace(trial, expected=""))
    assert timing.threads == 1 and timing.peak_bytes >= 0


def test_several_threads_reach_the_library() -> None:
    for name in ("avif", "jpeg2000", "jpeg-xl", "avif-deep", "heic", "vvc"):
        used = anchor(name).with_threads(3)
        assert used != anchor(name) and "3" in used.settings.arguments()
    assert anchor("jpeg").with_threads(3) == anchor("jpeg")


def test_unknown_settings_are_one_line() -> None:
    wrong = replace(run(1), points=tuple(replace(p, setting="quality 1000") for p in run(1).points))
    with pytest.raises(RefswError, match="jpeg: no setting 'quality 1000'"):
        timed(wrong, {CODEC: anchor(CODEC)}, picture, threads=(1,))
