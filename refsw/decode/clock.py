# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Seconds of the stages of a decode."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Seconds that the stages took so far."""

    seconds: dict[str, float] = field(default_factory=dict)

    def now(self) -> float:
        """Where a stage begins."""
        return time.perf_counter()

    def add(self, stage: str, begin: float) -> float:
        """Counts the time since `begin`; returns now."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - begin
        return now
