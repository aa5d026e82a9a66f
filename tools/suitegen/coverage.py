# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Which bins of the syntax the vectors hit, the smallest vector of each, and reasons for those that none hits."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from refsw import syntax
from refsw.errors import RefswError

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


def measure(streams: Iterable[tuple[str, bytes]]) -> Coverage:
    """Coverage of vectors, all that parse. Raises ValueError where a hole has no reason, or a reason no hole."""
    smallest: dict[str, tuple[int, str]] = {}
    for name, data in streams:
        for hit in bins(data):
            smallest[hit] = min(smallest.get(hit, (len(data), name)), (len(data), name))
    every = syntax.all_bins()
    holes = {name: reason(name) for name in every if name not in smallest}
    unexplained = [name for name, text in holes.items() if not text]
    if unexplained:
        raise ValueError(f"{HOLES.name}: no reason for {', '.join(unexplained)}")
    stale = [p for patterns, _ in reasons() for p in patterns if not any(fnmatchcase(name, p) for name in holes)]
    if stale:
        raise ValueError(f"{HOLES.name}: no hole is like {', '.join(stale)}")
    return Coverage({name: smallest[name][1] for name in every if name in smallest}, holes)


def bins(data: bytes) -> frozenset[str]:
    """Bins of one stream; none where it does not parse."""
    try:
        return syntax.coverage(data)
    except RefswError:
        return frozenset()


def reasons() -> list[tuple[list[str], str]]:
    """Patterns of bins, and why nothing hits what they match."""
    return [(entry["bins"], entry["reason"]) for entry in yaml.safe_load(HOLES.read_text(encoding="utf-8"))]


def reason(name: str) -> str:
    """Why no vector hits a bin; "" where nobody says."""
    return next((text for patterns, text in reasons() if any(fnmatchcase(name, p) for p in patterns)), "")


def page(coverage: Coverage, title: str) -> str:
    """One HTML page: the elements of each structure, their bins, and the vector or the reason of each."""
    groups: dict[str, dict[str, list[str]]] = {}
    for name in syntax.all_bins():
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
        f"<h1>{html.escape(title)}</h1><p>{len(coverage.bins)} of {total} bins of the syntax are hit "
        f"({100 * coverage.share:.1f} %). Each green bin links to the smallest stream that hits it; red ones are "
        f"explained below.</p>{tables}<h2>Bins that nothing hits</h2><ul>{list_}</ul></html>\n"
    )
