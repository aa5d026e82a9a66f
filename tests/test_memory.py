# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest

from refsw import memory
from refsw.errors import UnsupportedError
from refsw.spec import profile_named


def test_available_memory_is_that_of_a_machine() -> None:
    assert 1 << 26 < memory.available_memory() < 1 << 50


def test_bound_of_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    base = profile_named("base")
    needed = base.fixed_memory_bytes + base.memory_bytes_per_sample * 1000 * 700
    monkeypatch.setattr(memory, "available_memory", lambda: needed)
    memory.check_memory(1000, 700, base)
    monkeypatch.setattr(memory, "available_memory", lambda: needed - 1)
    with pytest.raises(UnsupportedError, match=r"1000 x 700 samples may take .* GiB in profile base"):
        memory.check_memory(1000, 700, base)
