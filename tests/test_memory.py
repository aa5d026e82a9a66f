# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest

from refsw import memory
from refsw.errors import UnsupportedError


def test_available_memory_is_that_of_a_machine() -> None:
    assert 1 << 26 < memory.available_memory() < 1 << 50


def test_a_picture_just_under_and_just_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 3 << 29)
    memory.check_memory(3 << 29, 1000, 700)
    with pytest.raises(UnsupportedError, match=r"1000 x 700 samples take 1.5 GiB of memory, this machine has 1.5 GiB"):
        memory.check_memory((3 << 29) + 1, 1000, 700)
