# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What one vector of a suite is, before it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from suitegen.bench import Bench


@dataclass(frozen=True)
class Recipe:
    """One vector.

    build: its bytes; source: in words, what they were made from; result, clause, error_class: what is expected;
    parent: id of the valid vector whose needs (profile, format) it shares, "" where its own headers say them;
    tools: what a claim must name; without: what a claim may leave aside, and the stream then gives its base (9.9);
    operating_point: whose planes are golden; of a vector that has a parent, the parent's;
    revision: raised when the stream of an id becomes another; saturates: the exact networks clamp where float ones do
    not, so that float samples are not compared;
    seconds, memory_mib: limits of the decoder.
    """

    id: str
    title: str
    purpose: str
    clauses: tuple[str, ...]
    build: Callable[[Bench], bytes]
    source: str
    kind: str = "core"
    tier: str = "smoke"
    result: str = "valid"
    clause: str = ""
    error_class: str = ""
    parent: str = ""
    tools: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    operating_point: str = "bop"
    revision: int = 1
    saturates: bool = False
    seconds: float = 60
    memory_mib: int = 4096
