# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a metric is: a number for a picture and its reference, and everything one must know to quote that number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from refsw.ctc.metrics.planes import Pair
from refsw.errors import UnsupportedError
from refsw.types import Image

DIGITS = 9  # values are rounded: the last bits of a sum depend on the processor, and they must not reach a digest
BEST_DECIBELS = 100.0  # of equal pictures, as in JPEG AI, and of everything that is closer than that


def present() -> None:
    """What a metric misses that needs nothing."""
    return None


@dataclass(frozen=True)
class Metric:
    """A full-reference metric.

    name: as in configurations and tables; title: as in a heading; version: of the definition, changes when any value
    may change; unit: "dB" or ""; best: value of equal pictures, None where it depends on the picture;
    in_average: one of JPEG AI's seven; channels: what it looks at; paper: where it is defined;
    value: of a pair; missing: one line saying what must be installed, None where it can run;
    backend: name and version of the program or package that computes it, None where that is this package.
    """

    name: str
    title: str
    version: str
    unit: str
    higher_is_better: bool
    in_average: bool
    best: float | None
    channels: str
    paper: str
    value: Callable[[Pair], float]
    missing: Callable[[], str | None] = present
    backend: Callable[[], str] | None = None

    @property
    def full_version(self) -> str:
        """Version of the definition and of the program that computes it: what stands beside a quoted number."""
        return self.version if self.backend is None else f"{self.version} ({self.backend()})"

    def measure(self, reference: Image, picture: Image) -> float:
        """The metric of a picture, always finite.

        Raises InputError where the pictures cannot be compared, UnsupportedError where a back-end is missing.
        """
        return self.of(Pair(reference, picture))

    def of(self, pair: Pair) -> float:
        """The same for a pair whose planes other metrics use as well."""
        reason = self.missing()
        if reason is not None:
            raise UnsupportedError(f"metric {self.name}: {reason}")
        return round(float(self.value(pair)), DIGITS)
