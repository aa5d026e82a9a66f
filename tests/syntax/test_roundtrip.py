# SPDX-License-Identifier: BSD-3-Clause-Clear
"""write -> read -> write for every codestream that hypothesis can build, and typed errors for what it breaks."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from refsw.errors import CodestreamError, LevelError, UnsupportedError
from refsw.syntax import Codestream, mutate, read, trace, validate, write
from refsw.syntax.strategies import codestreams, near_legal

FEW = settings(max_examples=60, suppress_health_check=list(HealthCheck))
FEWER = settings(FEW, max_examples=8)


@FEW
@given(codestreams())
def test_every_legal_codestream(stream: Codestream) -> None:
    data = write(stream)
    again = read(data)
    assert again == stream
    assert write(again) == data
    assert validate(data) == ()


@FEWER
@given(codestreams())
def test_every_mutant_is_rejected_by_its_clause(stream: Codestream) -> None:
    for mutant in mutate(write(stream)):
        try:
            read(mutant.data)
        except (CodestreamError, LevelError, UnsupportedError) as error:
            assert getattr(error, "clause", "") == mutant.clause, (mutant, error)
            assert f"[clause {mutant.clause}]" in str(error)
        else:
            raise AssertionError(f"accepted: {mutant}")


@settings(FEW, max_examples=25)
@given(near_legal())
def test_near_legal_codestreams_end_in_a_typed_error_or_parse(data: bytes) -> None:
    try:
        stream = read(data)
    except (CodestreamError, LevelError, UnsupportedError):
        assert validate(data)
        assert trace(data)[1] is not None
    else:
        assert write(stream) == data
