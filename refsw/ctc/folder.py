# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The folder that a run of common test conditions leaves: conditions, results, and a report of every picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from refsw.ctc.document import canonical
from refsw.io import make_folder, write_bytes

if TYPE_CHECKING:
    from refsw.ctc.cache import Cache
    from refsw.ctc.conditions import Conditions
    from refsw.ctc.plan import Plan
    from refsw.ctc.report.published import Published
    from refsw.ctc.results import Results

CONDITIONS, RESULTS, REPORT = "conditions.json", "results.json", "report"


def write_conditions(conditions: Conditions, folder: Path) -> None:
    """What `refsw-ctc verify` reads beside the results. Raises OutputError."""
    make_folder(folder)
    write_bytes(folder / CONDITIONS, canonical(conditions))


def write_results(results: Results, folder: Path) -> Path:
    """The file. Raises OutputError."""
    make_folder(folder)
    write_bytes(folder / RESULTS, results.to_json())
    return folder / RESULTS


def write_pictures(
    plan: Plan, cache: Cache, results: Results, folder: Path, overlay: tuple[Published, ...] = ()
) -> Path:  # fmt: skip
    """The report's page, with the pictures that the cache has; folder: that of the report. Raises OutputError."""
    from refsw.ctc.kept import Kept
    from refsw.ctc.report import write_report

    make_folder(folder)
    return write_report(results, folder, pictures=Kept(plan, cache), overlay=overlay)
