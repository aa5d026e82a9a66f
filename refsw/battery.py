# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) What every coding tool must pass, own or proposed; each check raises AssertionError with what it found.

    for check in checks(TOOL): check.run(Bench(model, config))         tests/tools_battery, and tests of a proposal

Nothing here knows a tool: branches, payloads and costs are asked for.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.api import Encoded, decode_picture, encode_picture
from refsw.colour import plane_range
from refsw.complexity import decoder_complexity
from refsw.config import Config
from refsw.constants import FILTER_REACH, QUALITY_MAP_LIMIT
from refsw.decode.model import Model
from refsw.decode.select import Selection
from refsw.decode.tools import APPLIED, SKIPPED, told, tool_cost
from refsw.errors import RefswError
from refsw.spec import profiles
from refsw.syntax import read
from refsw.syntax.geometry import Region
from refsw.syntax.payload import header_names, read_payload, write_payload
from refsw.syntax.resolution import displayed_header
from refsw.tools.tool import AUTO, OFF, Place, PostFilter, ResolutionTool, StepsTool, Tool
from refsw.tools.toolbox import OWN, Toolbox, syntax_of
from refsw.types import Image

HEIGHT, WIDTH, QUALITY = 104, 152, 45.0
Samples = NDArray[np.uint8]


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Image:
    """Waves, edges and noise in three channels that are alike, as in nature."""
    rows, columns = np.mgrid[0:height, 0:width]
    chance = np.random.default_rng(seed)
    base = 110 + 60 * np.sin(rows / 9 + seed) * np.cos(columns / 13) + 50 * ((rows + 2 * columns) % 61 > 40)
    noise = chance.normal(0, 6, (height, width, 1)) + chance.normal(0, 3, (height, width, 3))
    colour = base[..., None] * np.array([1, 0.9, 0.8]) + noise
    return Image(colour.clip(0, 255).round().astype(np.uint8))


@dataclass(frozen=True)
class Bench:
    """A model and a configuration to run tools with; their own modes are set by each check."""

    model: Model
    config: Config

    def encode(self, tool: Tool, mode: str, image: Image | None = None, **regions: Any) -> Encoded:
        """With this tool alone in this mode."""
        tools = {own.name: OFF for own in OWN} | {tool.name: mode}
        config = replace(self.config, tools=tuple(tools.items()))
        if regions:
            config = replace(config, regions=replace(config.regions, rows=2, columns=2, **regions))
        return encode_picture(
            image or texture(1), config, quality=QUALITY, model=self.model, toolbox=box(tool)
        )  # fmt: skip

    def decode(self, tool: Tool, data: bytes, selection: Selection | None = None, exact: str | None = None) -> Any:
        """With this tool."""
        return decode_picture(
            data, model=self.model, toolbox=box(tool), exact=exact, keep=False, selection=selection or Selection()
        )


@dataclass(frozen=True)
class Check:
    """One check of one tool."""

    name: str
    run: Callable[[Bench], None]


def box(tool: Tool) -> Toolbox:
    """A toolbox that has the tool."""
    return Toolbox() if tool.tool_id else Toolbox(proposals=(tool,))


def checks(tool: Tool) -> list[Check]:
    """All checks of a tool, in the order of their cost."""
    found = [Check("texts", partial(_texts, tool)), Check("budgets", partial(_budgets, tool))]
    for branch in (*tool.branches, AUTO):
        found.append(Check(f"round trip {branch}", partial(_round_trip, tool, branch)))
    found.append(Check("off", partial(_off, tool)))
    for branch in tool.branches:
        found.append(Check(f"parts {branch}", partial(_parts, tool, branch)))
        found.append(Check(f"hostile payloads {branch}", partial(_hostile, tool, branch)))
    return found


def _texts(tool: Tool, bench: Bench) -> None:
    readme = (tool.folder / "README.md" if tool.tool_id else tool.folder.parent / "README.md").read_text("utf-8")
    assert tool.summary and tool.branches, "summary and branches are missing"
    assert "BD-rate" in readme, "README.md gives no BD-rate; `refsw-ctc tools` measures it"
    assert not tool.tool_id or ("Kodak" in readme and "%" in readme), "README.md: no figure on Kodak"


def _budgets(tool: Tool, bench: Bench) -> None:
    """(A.1) What the tool says that it costs fits every profile that has it, with every operating point."""
    config = bench.model.config
    cost = tool_cost(tool, 3, sum(component.channels for component in config.components))
    assert cost.cost.macs >= 0 and cost.cost.bytes_per_sample > 0
    for profile in profiles():
        if tool.tool_id in profile.tools or profile.any_tool:
            for point in bench.model.operating_points:
                excess = decoder_complexity(config, point).with_tools([cost]).excess(profile)
                assert not excess, f"profile {profile.name}, {point}: takes {excess}"


def _payload(tool: Tool, data: bytes) -> Any:
    return next((one.payload for one in told(read(data), box(tool)) if one.tool is tool), None)


def _same(found: Image, wanted: Image, what: str) -> None:
    assert np.array_equal(found.samples, wanted.samples), f"{what}: samples differ"


def _round_trip(tool: Tool, branch: str, bench: Bench) -> None:
    encoded = bench.encode(tool, branch)
    assert encoded.reconstruction is not None
    decoded = bench.decode(tool, encoded.data)
    _same(decoded.image, encoded.reconstruction, "decoder and encoder")
    payload, header = _payload(tool, encoded.data), decoded.codestream.picture_header
    (decision,) = encoded.report.tools
    assert decision.taken == (payload is not None), "report and codestream disagree"
    if branch != AUTO:
        assert payload is not None, "a branch that is forced gives a payload on every picture"
        assert [one.result for one in decoded.tools] == [APPLIED]
    if payload is not None:
        syntax, names = syntax_of(tool), header_names(header)
        data = write_payload(payload, syntax, names, tool.name)
        assert read_payload(data, syntax, names, tool.name) == payload, "payload changes in writing and reading"


def _off(tool: Tool, bench: Bench) -> None:
    encoded = bench.encode(tool, OFF)
    assert _payload(tool, encoded.data) is None and encoded.report.tools == ()
    if isinstance(tool, PostFilter):
        forced = bench.encode(tool, tool.branches[0])
        plain = bench.decode(tool, forced.data, Selection(filters=False))
        assert [one.result for one in plain.tools] == [SKIPPED]
        _same(plain.image, bench.decode(tool, encoded.data).image, "left aside and never there")


def _parts(tool: Tool, branch: str, bench: Bench) -> None:
    """Windows, rectangles, luma alone and independent regions show what the whole shows."""
    image = texture(1, 2 * HEIGHT, 2 * WIDTH) if isinstance(tool, ResolutionTool) else texture(1)  # regions have a size
    for independent in (False, True):
        data = bench.encode(tool, branch, image, independent=independent).data
        whole = bench.decode(tool, data, exact="auto").image
        for area in (Region(5, 9, 40, 77), Region(60, 62, 70, 66), Region(0, 128, 104, 152)):
            part = bench.decode(tool, data, Selection(area=area), "auto").image.samples
            wanted = whole.samples[area.top : area.bottom, area.left : area.right]
            assert np.array_equal(part, wanted), f"{area}: samples differ, independent {independent}"
    if isinstance(tool, PostFilter):
        colour = bench.decode(tool, data, Selection(luma=True), "auto")
        assert colour.image.channels == 1
        _reach(tool, _payload(tool, data), read(data).picture_header)


def _reach(tool: PostFilter, payload: Any, header: Any) -> None:
    """A post-filter keeps its promises: type, range, reach, memory, and that it changes nothing that it was given."""
    reach, side, top = tool.reach(payload), 96, plane_range(header.bit_depth)
    assert 0 <= reach <= FILTER_REACH, f"reach of {reach}"
    planes = np.random.default_rng(3).integers(0, top + 1, (3, side, side)).astype(np.int32)
    place = Place(header, 0, 0, Region(0, 0, header.coded_height, header.coded_width))
    before = planes.copy()
    found = tool.apply(planes, payload, place)
    assert np.array_equal(planes, before), "apply changes its input"
    assert found.dtype == np.int32 and found.shape == planes.shape and found.min() >= 0 and found.max() <= top
    other = planes.copy()
    other[:, 48, 48] = top - other[:, 48, 48]
    changed = np.argwhere((tool.apply(other, payload, place) != found).any(0))
    assert not len(changed) or np.abs(changed - 48).max() <= reach, "a sample depends on others beyond its reach"
    large = np.tile(planes, (1, 24, 4))
    tracemalloc.start()
    tool.apply(large, payload, place)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    held = (peak + large.nbytes) / large[0].size
    limit = tool.cost(3).bytes_per_sample
    assert held <= limit + 2, f"holds {held:.1f} bytes for each sample, says {limit}"


def _hostile(tool: Tool, branch: str, bench: Bench) -> None:
    """Whatever stands in a payload is refused by its clause, or filters without harm."""
    data = bench.encode(tool, branch).data
    header = read(data).picture_header
    names, syntax = header_names(header), syntax_of(tool)
    payload = write_payload(_payload(tool, data), syntax, names, tool.name)
    place = Place(header, 0, 0, Region(0, 0, header.coded_height, header.coded_width))
    planes = np.random.default_rng(5).integers(0, plane_range(header.bit_depth) + 1, (3, 24, 40)).astype(np.int32)
    for damaged in _damaged(payload):
        try:
            value = read_payload(damaged, syntax, names, tool.name)
        except RefswError as error:
            assert "[clause " in str(error), f"{damaged.hex()}: refused without a clause: {error}"
            continue
        if isinstance(tool, PostFilter):
            found = tool.apply(planes, value, place)
            assert found.shape == planes.shape and found.min() >= 0 and found.max() <= plane_range(header.bit_depth)
        elif isinstance(tool, ResolutionTool):
            shown = displayed_header(header, value)
            height, width = header.coded_height, header.coded_width
            most = np.full((3, height, width), plane_range(header.bit_depth), np.int32)
            wanted = Region(0, 0, shown.height, shown.width)
            found = tool.enlarge(most, value, Region(0, 0, height, width), wanted, header)
            assert found.shape == (3, shown.height, shown.width) and (found == plane_range(header.bit_depth)).all()
        elif isinstance(tool, StepsTool):
            index = np.arange(-4000, 12000, 100, dtype=np.int32).reshape(4, 5, 8)
            for component in range(len(header.components)):
                steps = tool.steps(index, component, value, np.full((5, 8), 9, np.int8))
                assert steps.dtype == np.int8 and steps.shape == index.shape
                assert np.abs(steps).max() <= QUALITY_MAP_LIMIT
        else:
            rows = np.full((4, 3, 5), 20, np.uint8)
            own: Any = tool
            assert own.shift(0, rows, np.ones(rows.shape, np.int32), value).shape == rows.shape


def _damaged(payload: bytes) -> Iterator[bytes]:
    chance = random.Random(7)
    yield from (payload[:size] for size in range(len(payload)))
    yield payload + b"\0"
    yield payload + b"\xff" * 9
    for place in range(len(payload)):
        for value in (0, 255, payload[place] ^ 1 << chance.randrange(8)):
            yield payload[:place] + bytes([value]) + payload[place + 1 :]
    for size in (1, 2, 5, 17, 60):
        yield from (chance.randbytes(size) for _ in range(12))


@dataclass(frozen=True)
class Shipped:
    """A bench with the shipped model, for tests of proposals."""

    name: str = "base"

    @cached_property
    def bench(self) -> Bench:
        """Loads it."""
        from refsw.config import load_config
        from refsw.encode.picture import load_model

        config = load_config(self.name)
        return Bench(load_model(config), config)
