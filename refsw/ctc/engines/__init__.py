# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Where groups of jobs are done: processes of this machine, a Dask cluster, a Slurm cluster.

    engine.run(groups, cache)  ->  (group, outcomes), ...  in the order in which groups end

A worker that is lost takes no result with it: what it was doing is done again elsewhere, and only a job that takes its
process down each time fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from refsw.ctc.cache import Cache
from refsw.ctc.plan import Group
from refsw.ctc.work import Outcome


class Engine(Protocol):
    """Does groups, in any order."""

    def run(self, groups: Sequence[Group], cache: Cache) -> Iterator[tuple[Group, tuple[Outcome, ...]]]:
        """Yields each group with its outcomes; stops what still runs when it is closed."""
        ...


__all__ = ["Engine"]
