# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What each coding tool gains and costs: the same weights with none, with one, with all, with all but one.

    Conditions ─ variants ─► codecs "no tools", "+ NAME", "all tools", "- NAME"
    codecs ─ engine of refsw-ctc ─► Results ─ tool_table ─► Table

A refsw codec of the conditions gives configuration and targets; all else of them is left aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from refsw.config import Config, load_config
from refsw.configfile import suggestion
from refsw.ctc.codecs import REFSW
from refsw.ctc.conditions import Choice, Conditions
from refsw.ctc.refsw_codec import RefswCodec
from refsw.ctc.report.numbers import Numbers, numbers
from refsw.ctc.report.table import Column, Table, Value
from refsw.ctc.results import Point, Results
from refsw.errors import UsageError
from refsw.tools.tool import AUTO, OFF
from refsw.tools.toolbox import DEFAULT, OWN

NONE, ALL = "no tools", "all tools"
TIMED = "times are those of the run, the median over pictures and targets"


@dataclass(frozen=True)
class Variants:
    """Conditions and codecs of a run over tools, codec by codec."""

    conditions: Conditions
    codecs: tuple[RefswCodec, ...]


def variants(conditions: Conditions, names: Sequence[str], on: bool, off: bool) -> Variants:
    """names: of tools, where there are none all own ones; on: none + each; off: all - each. Raises UsageError.

    Of a single tool, all is that one.
    """
    choice = next((one for one in conditions.codecs if one.codec == REFSW), None)
    if choice is None:
        raise UsageError(f"{conditions.name}: has no codec {REFSW}, whose tools could be turned on and off")
    config = load_config(choice.config or "cfg/base.yaml")
    if choice.operating_point is not None:
        config = replace(config, operating_points=(choice.operating_point,))
    known = [tool.name for tool in DEFAULT.everything()]
    for name in names:
        if name not in known:
            raise UsageError(f"--tool {name}: there is no such coding tool{suggestion(name, known)}")
    tools = tuple(names) or tuple(tool.name for tool in OWN)
    found = [RefswCodec(NONE, _with(config, ()))]
    several = len(tools) > 1
    if on or not several:
        found += [RefswCodec(f"+ {name}", _with(config, (name,))) for name in tools]
    if several:
        found.append(RefswCodec(ALL, _with(config, tools)))
    if off and several:
        found += [RefswCodec(f"- {name}", _with(config, [t for t in tools if t != name])) for name in tools]
    codecs = tuple(found)
    choices = tuple(Choice(codec.name, REFSW, choice.config, None, choice.targets) for codec in codecs)
    return Variants(replace(conditions, codecs=choices, anchor=NONE), codecs)


def _with(config: Config, on: Sequence[str]) -> Config:
    """The configuration with exactly these tools on."""
    modes = {tool.name: OFF for tool in OWN} | dict.fromkeys(on, AUTO)
    return replace(config, tools=tuple(modes.items()))


def tool_table(results: Results) -> Table:
    """Gain and cost of each tool: "+" against no tools, "-" against all tools."""
    present = [name for name in (NONE, ALL) if any(codec.name == name for codec in results.codecs)]
    against = {name: numbers(replace(results, anchor=name)) for name in present}
    shown = against[NONE].headline()
    rows: list[tuple[Value, ...]] = []
    for codec in results.codecs:
        if codec.name == NONE:
            continue
        anchor = ALL if codec.name.startswith("- ") else NONE
        own = next(one for one in results.codecs if one.name == anchor)
        rates = [_rate(against[anchor], codec.name, index) for index in range(len(shown))]
        kmac = None if codec.kmac_per_sample is None or own.kmac_per_sample is None else (
            codec.kmac_per_sample - own.kmac_per_sample
        )  # fmt: skip
        times = list(_ratios(results, codec.name, anchor))
        encode, decode = ((median(t[i] for t in times) if times else None) for i in (0, 1))
        rows.append((codec.name, anchor, *rates, kmac, encode, decode))
    heads = [Column(f"BD-rate {scale.title}", "%", 2, True) for scale in shown]
    columns = (Column("tools"), Column("against"), *heads, Column("kMAC per sample", "", 3, True),
               Column("encode time", "ratio", 2), Column("decode time", "ratio", 2))  # fmt: skip
    return Table("tools", "Coding tools", f"Mean of the pictures' BD-rates; {TIMED}.", columns, tuple(rows))


def _rate(found: Numbers, codec: str, index: int) -> float | None:
    comparison = found.comparison(codec, found.headline()[index])
    return None if comparison is None else comparison.average


def _ratios(results: Results, codec: str, anchor: str) -> Iterator[tuple[float, float]]:
    """Ratio of encode and of decode seconds of every picture and target that both have."""
    places = {(p.image, p.target): p for p in results.points if p.codec == anchor}
    for point in results.points:
        other = places.get((point.image, point.target))
        if point.codec == codec and other is not None and point.timing and other.timing:
            mine, theirs = _seconds(point), _seconds(other)
            yield mine[0] / theirs[0], mine[1] / theirs[1]


def _seconds(point: Point) -> tuple[float, float]:
    return median(t.encode_seconds for t in point.timing), median(t.decode_seconds for t in point.timing)

