# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The clock sees time and memory of its block, as far as the system tells."""

from __future__ import annotations

import numpy as np

from refsw.ctc.clock import clock, cpu_seconds


def test_memory_and_time_of_a_block() -> None:
    before = cpu_seconds()
    with clock() as spent:
        held = np.ones(40 << 20, np.uint8)
        del held
    assert spent.seconds > 0 and cpu_seconds() >= before
    assert spent.peak_bytes == 0 or spent.peak_bytes > 30 << 20
