# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Results on disk: the same bytes for the same values, a digest over what must repeat, one line for what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from refsw.ctc.results import Results, Timing
from refsw.errors import InputError
from tests.ctc.report.synthetic import results, with_failure

RUN = with_failure(results())


def test_round_trip() -> None:
    data = RUN.to_json()
    assert Results.from_json(data) == RUN
    assert Results.from_json(data).to_json() == data


def test_digest_leaves_out_times_environment_and_command() -> None:
    first = replace(RUN.points[0], timing=(Timing(9.0, 9.0, 2, 1),))
    other = replace(RUN, points=(first, *RUN.points[1:]), environment=(("machine", "another"),), command="other")
    assert other.digest() == RUN.digest()


def test_digest_covers_everything_else() -> None:
    point = RUN.points[0]
    others = [
        replace(RUN, name="other"), replace(RUN, failures=()), replace(RUN, rate_range=None),
        replace(RUN, bd_method="akima"), replace(RUN, points=RUN.points[1:]),
        replace(RUN, points=(replace(point, values=(0.5, *point.values[1:])), *RUN.points[1:])),
        replace(RUN, points=(replace(point, setting="quality 3"), *RUN.points[1:])),
        replace(RUN, images=(replace(RUN.images[0], sha256="cd" * 32), *RUN.images[1:])),
    ]  # fmt: skip
    assert len({RUN.digest(), *(other.digest() for other in others)}) == len(others) + 1


def _altered(change: Any) -> bytes:
    values = json.loads(RUN.to_json())
    change(values)
    return json.dumps(values).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "r.json: not JSON"),
        (b"[]", "r.json: [] is not allowed; allowed: an object"),
        (_altered(lambda v: v.pop("images")), "r.json: images is missing"),
        (_altered(lambda v: v.update(extra=1)), "r.json: unknown key 'extra'"),
        (_altered(lambda v: v["points"][1].update(samples="x")), 'r.json: points[1]: samples: "x" is not allowed'),
        (_altered(lambda v: v["points"][0].update(values=3)), "r.json: points[0]: values: 3 is not allowed"),
        (_altered(lambda v: v.update(rate_range=[1])), "r.json: rate_range: 1 values, expected 2"),
        (_altered(lambda v: v["points"][0].update(values=[float("nan")])), "points[0]: values[0]: NaN is not allowed"),
    ],
)
def test_what_is_wrong_is_one_line(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as raised:
        Results.from_json(data, "r.json")
    assert message in str(raised.value) and "\n" not in str(raised.value)
