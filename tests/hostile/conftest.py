# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Sound codestreams of the small model, to make hostile ones from."""

from __future__ import annotations

import pytest
from fuzz_worker import sound_streams


@pytest.fixture(scope="session")
def sound(tiny_model: str) -> list[bytes]:
    return sound_streams("cfg/base.yaml", [f"model={tiny_model}"])
