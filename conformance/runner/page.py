# SPDX-License-Identifier: BSD-3-Clause-Clear
"""report.html: one page that needs no network: the verdict, where it fails and how, how to run one vector again."""

from __future__ import annotations

import html
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.runner.report import decoder_name

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #667; --line: #d5d9df; --paper: #fff; --good: #1a7f4b;
  --bad: #b3261e; --odd: #9a6700; --wash: #f5f6f8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa3ad; --line: #3a4048; --paper: #15181c;
  --good: #4cc38a; --bad: #ff8177; --odd: #e2b340; --wash: #1d2126 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.5rem 4rem; font: 15px/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper) }
h1 { font-size: 1.6rem; margin: 0 0 .3rem } h2 { font-size: 1.1rem; margin: 2.4rem 0 .6rem }
.verdict { font-size: 1.1rem; padding: .8rem 1rem; border-left: 5px solid; background: var(--wash); margin: 1rem 0 }
.good { color: var(--good) } .bad { color: var(--bad) } .odd { color: var(--odd) } .soft { color: var(--soft) }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top;
  padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line) } th { font-weight: 600; color: var(--soft) }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 0 2rem }
.cells { display: flex; flex-wrap: wrap; gap: 3px } .cells a { width: 15px; height: 15px; border-radius: 2px;
  background: var(--line) } .cells a.good { background: var(--good) } .cells a.bad { background: var(--bad) }
.cells a.odd { background: var(--odd) } details { margin: .5rem 0 } summary { cursor: pointer }
.map { display: inline-grid; gap: 1px; margin: .4rem 0 } .map i { width: 14px; height: 14px;
  background: color-mix(in srgb, var(--bad) var(--share), var(--line)) }
"""


def render(report: Mapping[str, Any]) -> str:
    """The report as one HTML page."""
    title = f"Conformance of {decoder_name(report)}"
    body = "\n".join((
        f"<h1>{_e(title)}</h1>", _verdict(report), _facts(report), _counts(report), _kinds(report), _failures(report),
        _all(report),
    ))  # fmt: skip
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_e(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _e(value: object) -> str:
    return html.escape(str(value))


def _class(status: str) -> str:
    return {"PASS": "good", "OUTSIDE": "soft", "NOT-RUN": "odd", "SUITE-ERROR": "odd"}.get(status, "bad")


def _verdict(report: Mapping[str, Any]) -> str:
    kind = "good" if report["holds"] else "bad"
    return f'<p class="verdict {kind}">{_e(report["conclusion"])}.</p>'


def _facts(report: Mapping[str, Any]) -> str:
    claim, suite, adapter, machine = (report[key] for key in ("claim", "suite", "adapter", "environment"))
    rows = {
        "claim": f"stated for {claim['product']} {claim['version']}: "
        f"{claim['profile']}@{claim['level']}, {claim['strictness']}; operating points "
        f"{', '.join(claim['operating_points'])}; {', '.join(claim['chroma_formats'])}; "
        f"{', '.join(map(str, claim['bit_depths']))} bits; alpha {'yes' if claim['alpha'] else 'no'}; tools "
        f"{', '.join(claim['tools']) or 'none'}",
        "suite": f"{suite['edition']} {suite['version']}, {suite['tier']}; manifest {suite['manifest_sha256'][:16]}; "
        + "weights "
        + ", ".join(f"{name} {digest[:16]}" for name, digest in suite["weights"].items()),
        "decoder": f"{decoder_name(report)}; adapter {adapter['sha256'][:16]}",
        "machine": f"{machine['system']}, {machine['processors']} processors, Python {machine['python']}",
        "date": machine["date"],
        "command": shlex.join(report["command"]),
    }
    cells = "".join(f"<tr><th>{_e(key)}</th><td>{_e(value)}</td></tr>" for key, value in rows.items())
    return f"<table>{cells}</table>"


def _counts(report: Mapping[str, Any]) -> str:
    cells = "".join(
        f'<tr><td class="{_class(status)}">{_e(status)}</td><td class="n">{count}</td></tr>'
        for status, count in report["counts"].items()
        if count
    )
    return f"<h2>Verdicts</h2><table style='width:auto'>{cells}</table>"


def _kinds(report: Mapping[str, Any]) -> str:
    """One row of squares for each kind of vector of a profile, or clause: where it goes wrong, at a glance."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for entry in report["vectors"]:
        family = entry["id"].removeprefix(f"{entry['profile']}-").partition("-")[0]
        groups.setdefault(f"{entry['profile']}, {entry['kind']}: {family}", []).append(entry)
    rows, left = list[str](), 0
    for name, entries in sorted(groups.items()):
        if not _inside(entries):
            left += 1
            continue
        squares = "".join(
            f'<a class="{_class(e["status"])}" href="#{_e(e["id"])}" title="{_e(e["id"])}: {_e(e["status"])}"></a>'
            for e in entries
        )
        passed, inside = (sum(e["status"] in s for e in entries) for s in (("PASS",), _inside(entries)))
        rows.append(f'<tr><td>{_e(name)}</td><td class="n">{passed}/{inside}</td>'
                    f'<td style="width:70%"><div class="cells">{squares}</div></td></tr>')  # fmt: skip
    note = f'<p class="soft">{left} features have no vector inside the claim.</p>' if left else ""
    return f"<h2>By feature</h2><table>{''.join(rows)}</table>{note}"


def _inside(entries: list[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple({entry["status"] for entry in entries} - {"OUTSIDE"})


def _failures(report: Mapping[str, Any]) -> str:
    wrong = [entry for entry in report["vectors"] if entry["status"] not in ("PASS", "OUTSIDE")]
    if not wrong:
        return ""
    parts = "".join(
        f"<details open><summary>{_head(entry)}</summary>{_detail(entry, report)}</details>" for entry in wrong
    )
    return f"<h2>What went wrong</h2>{parts}"


def _head(entry: Mapping[str, Any]) -> str:
    status, name = _e(entry["status"]), _e(entry["id"])
    return f'<b class="{_class(entry["status"])}">{status}</b> <code>{name}</code> {_e(entry["title"])}'


def _detail(entry: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    again = shlex.join((*_without_only(report["command"]), "--only", entry["id"]))
    rows = [
        f"<p>{_e(entry['detail'])}</p>",
        f'<p class="soft">{_e(entry["purpose"])} Clauses {_e(", ".join(entry["clauses"]) or "-")}.</p>',
        *_place(entry), *_measures(entry), *_map(entry),
        f"<p class='soft'>Again: <code>{_e(again)}</code></p>",
    ]  # fmt: skip
    return "".join(rows)


def _without_only(command: list[str]) -> list[str]:
    kept, skip = list[str](), False
    for word in command:
        if not skip and word not in ("--only", "--report"):
            kept.append(word)
        skip = word in ("--only", "--report")
    return kept


def _place(entry: Mapping[str, Any]) -> Iterator[str]:
    found = entry["divergence"]
    if found:
        (row, column), (differing, total) = found["tile"], found["tiles"]
        subject = f"{found['stage']} {found['component']}".strip()
        yield (f"<p>First divergence: <b>{_e(subject)}</b>, tile row {row}, column {column} of {found['side']}x"
               f"{found['side']}; {differing} of {total} tiles differ.</p>")  # fmt: skip


def _measures(entry: Mapping[str, Any]) -> Iterator[str]:
    if entry["measures"]:
        heads = ("component", "peak", "mse", "differing", "block_mse")
        rows = "".join(
            "<tr>" + "".join(f'<td class="n">{_e(one[h])}</td>' for h in heads) + "</tr>" for one in entry["measures"]
        )
        yield f"<table style='width:auto'><tr>{''.join(f'<th>{h}</th>' for h in heads)}</tr>{rows}</table>"


def _map(entry: Mapping[str, Any]) -> Iterator[str]:
    """Tiles of the worst plane; the stronger the colour, the greater the difference."""
    peaks = entry["peaks"]
    if not peaks:
        return
    top = max(max(row) for row in peaks) or 1
    worst = max(entry["measures"], key=lambda one: one["mse"])["component"]
    cells = "".join(
        f'<i title="row {y}, column {x}: {value:g}" style="--share:{100 * value / top:.0f}%"></i>'
        for y, row in enumerate(peaks)
        for x, value in enumerate(row)
    )
    yield (
        f"<p class='soft'>Greatest difference in each tile of 16x16 of {_e(worst)}, up to {top:g} steps:</p>"
        f'<div class="map" style="grid-template-columns:repeat({len(peaks[0])},14px)">{cells}</div>'
    )


def _all(report: Mapping[str, Any]) -> str:
    rows = "".join(_row(entry) for entry in report["vectors"])
    return f"<h2>All vectors</h2><table><tr><th>vector</th><th>verdict</th><th>purpose</th><th></th></tr>{rows}</table>"


def _row(entry: Mapping[str, Any]) -> str:
    name, status, detail = _e(entry["id"]), _e(entry["status"]), _e(entry["detail"])
    if entry.get("left_aside") and status != "OUTSIDE":
        detail = f"{detail} (judged without {_e(', '.join(entry['left_aside']))}, which is not claimed)".strip()
    return (
        f'<tr id="{name}"><td><code>{name}</code></td><td class="{_class(entry["status"])}">{status}</td>'
        f'<td>{_e(entry["purpose"])}<br><span class="soft">{detail}</span></td>'
        f'<td class="n">{entry["seconds"]:.2f} s</td></tr>'
    )
