# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Two runs against each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refsw.ctc.report import diff
from refsw.ctc.results import Results
from refsw.errors import InputError
from tests.ctc.report.synthetic import METRICS, results


def smaller(run: Results, part: float) -> Results:
    """The same run with files of `part` times the size."""
    points = tuple(replace(p, stream_bytes=round(part * p.stream_bytes), stream_sha256="0") for p in run.points)
    return replace(run, name="smaller", points=points)


def test_a_run_against_itself() -> None:
    table = diff(results(3), results(3))
    assert [row[0] for row in table.rows] == ["jpeg 4:2:0", "refsw base bop", "refsw base sop"]
    for row in table.rows:
        assert row[1:3] == (15, 15)
        assert row[3:] == pytest.approx([0.0] * len(row[3:]), abs=1e-9)


def test_smaller_files() -> None:
    for row in diff(results(3), smaller(results(3), 0.9)).rows:
        assert row[1:3] == (0, 15)
        assert row[3:] == pytest.approx([-10.0] * len(row[3:]), abs=0.05)


def test_only_what_is_common_is_compared() -> None:
    other = replace(results(2), metrics=(METRICS[0], replace(METRICS[1], version="2"), METRICS[2]))
    titles = [column.title for column in diff(results(3), other).columns]
    assert "NLPD" not in titles and "PSNR Y" in titles


def test_nothing_in_common() -> None:
    run = results(1)
    with pytest.raises(InputError, match="no codec"):
        diff(run, replace(run, codecs=()))
    with pytest.raises(InputError, match="no picture"):
        diff(run, replace(run, images=tuple(replace(i, sha256="0") for i in run.images)))
    with pytest.raises(InputError, match="no metric"):
        diff(run, replace(run, metrics=()))
