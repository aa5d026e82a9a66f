# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What becomes of a group whose worker was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from refsw.ctc.plan import Group
from refsw.ctc.work import INTERNAL, Outcome


def split(group: Group) -> Iterator[Group]:
    """A group for each task: what runs alone and dies is known to be the cause."""
    yield from (replace(group, tasks=(task,)) for task in group.tasks)


def died(group: Group, reason: str = "its process died, perhaps for lack of memory") -> tuple[Outcome, ...]:
    """Every task of the group as failed."""
    return tuple(Outcome(task.job.key, None, None, (), reason, INTERNAL) for task in group.tasks)
