# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from refsw.syntax.surgery import crc32_before


@given(st.binary(max_size=40), st.integers(0, 2**32 - 1))
def test_bytes_are_taken_out_of_a_checksum(data: bytes, crc: int) -> None:
    assert crc32_before(data, zlib.crc32(data, crc)) == crc
