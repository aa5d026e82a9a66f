# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Which bins the vectors hit, the smallest vector of each, and reasons for those that none hits.

Bins of the syntax are measured by its engine, those of payloads and process of coding tools by filter_bins.py.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from refsw import syntax
from refsw.errors import RefswError
from suitegen import filter_bins
from suitegen.bench import Bench

HOLES = Path(__file__).with_name("holes.yaml")


@dataclass(frozen=True)
class Coverage:
    """bins: bin -> the smallest vector that hits it; holes: bin -> why none does, in the order of the tables."""

    bins: dict[str, str]
    holes: dict[str, str]

    @property
    def share(self) -> float:
        """Of all bins."""
        return len(self.bins) / (len(self.bins) + len(self.holes))


def measure(bench: Bench, streams: Iterable[tuple[str, bytes]]) -> Coverage:
    """Coverage of vectors, all that parse. Raises ValueError where a hole has no reason, or a reason no hole.

    A reason that belongs to the weights may have no hole: with others it may have one.
    """
    smallest: dict[str, tuple[int, str]] = {}
    for name, data in streams:
        for hit in bins(bench, data):
            smallest[hit] = min(smallest.get(hit, (len(data), name)), (len(data), name))
    every = all_bins()
    holes = {name: reason(name) for name in every if name not in smallest}
    unexplained = [name for name, text in holes.items() if not text]
    if unexplained:
        raise ValueError(f"{HOLES.name}: no reason for {', '.join(unexplained)}")
    lasting = [p for entry in reasons() if not entry.of_weights for p in entry.patterns]
    stale = [p for p in lasting if not any(fnmatchcase(name, p) for name in holes)]
    if stale:
        raise ValueError(f"{HOLES.name}: no hole is like {', '.join(stale)}")
    return Coverage({name: smallest[name][1] for name in every if name in smallest}, holes)


def all_bins() -> tuple[str, ...]:
    """Of the syntax, then of the coding tools."""
    return (*syntax.all_bins(), *filter_bins.every())


def bins(bench: Bench, data: bytes) -> frozenset[str]:
    """Bins of one stream; none where it does not parse."""
    try:
        return syntax.coverage(data) | filter_bins.hits(bench, data)
    except RefswError:
        return frozenset()


@dataclass(frozen=True)
class Reason:
    """Patterns of bins, and why nothing hits what they match; of_weights: with other weights something may."""

    patterns: tuple[str, ...]
    text: str
    of_weights: bool


def reasons() -> list[Reason]:
    """Those of holes.yaml."""
    entries = yaml.safe_load(HOLES.read_text(encoding="utf-8"))
    return [Reason(tuple(own["bins"]), own["reason"], own.get("of_weights", False)) for own in entries]


def reason(name: str) -> str:
    """Why no vector hits a bin; "" where nobody says."""
    return next((own.text for own in reasons() if any(fnmatchcase(name, p) for p in own.patterns)), "")


def page(coverage: Coverage, title: str) -> str:
    """One HTML page: the elements of each structure, their bins, and the vector or the reason of each."""
    groups: dict[str, dict[str, list[str]]] = {}
    for name in all_bins():
        element, _, value = name.rpartition(" = ")
        structure, _, rest = element.partition("." if "." in element.partition(":")[0] else ":")
        hit = coverage.bins.get(name)
        cell = (
            f'<a href="streams/{html.escape(hit)}.jai">{html.escape(value)}</a>'
            if hit else f'<b title="{html.escape(coverage.holes[name])}">{html.escape(value)}</b>'
        )  # fmt: skip
        groups.setdefault(structure, {}).setdefault(rest.strip(), []).append(cell)
    tables = "".join(
        f"<h2>{html.escape(structure)}</h2><table>"
        + "".join(f"<tr><td>{html.escape(e)}</td><td>{' '.join(cells)}</td></tr>" for e, cells in elements.items())
        + "</table>"
        for structure, elements in groups.items()
    )
    because: dict[str, list[str]] = {}
    for name, text in coverage.holes.items():
        because.setdefault(text, []).append(name)
    list_ = "".join(
        f"<li>{html.escape(text)}<br><code>{'; '.join(map(html.escape, names))}</code></li>"
        for text, names in because.items()
    )
    total = len(coverage.bins) + len(coverage.holes)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>'
        "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}td{border-bottom:1px solid #8884;padding:.2rem .8rem .2rem 0;"
        "vertical-align:top}td:first-child{width:22rem}a{color:#1a7f4b;text-decoration:none;margin-right:.8rem}"
        "a,b{display:inline-block}b{color:#b3261e;font-weight:normal;margin-right:.8rem}code{font-size:13px}</style>"
        f"<h1>{html.escape(title)}</h1><p>{len(coverage.bins)} of {total} bins of syntax and coding tools are hit "
        f"({100 * coverage.share:.1f} %). Each green bin links to the smallest stream that hits it; red ones are "
        f"explained below.</p>{tables}<h2>Bins that nothing hits</h2><ul>{list_}</ul></html>\n"
    )
