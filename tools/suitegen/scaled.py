# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Variance scaling (8.9): valid streams, and what a decoder shall reject; with a quality map they are experimental."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refsw import syntax
from refsw.constants import QUALITY_MAP_LIMIT, SCALING_TOOL_ID
from refsw.decode.tools import Told
from refsw.syntax.headers import Codestream, Tool, ToolHeader
from refsw.syntax.scaling import ScalingPayload
from refsw.syntax.surgery import without_digests
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING
from refsw.types import Image
from suitegen import enlarged, filters, maps, pictures
from suitegen.bench import Bench, Steps, as_it_is, experimental
from suitegen.broken_filters import assert_broken
from suitegen.recipe import Recipe

PARENT = "scaling-drawn"
BANDS, COMPONENTS = 4, 2
DRAWN = (-3, 2, -1, 5, 4, -6, 1, -2)


def scaling(*steps: int) -> Told:
    """(8.9.1) Steps of all bands of all components."""
    return Told(VARIANCE_SCALING, ScalingPayload(band_step=steps))


def recipes() -> Iterator[Recipe]:
    """All valid vectors of this kind."""
    image = pictures.rgb("scaling", 88, 72)
    for place in range(BANDS * COMPONENTS):
        component, band = divmod(place, BANDS)
        steps = tuple(3 if other == place else 0 for other in range(BANDS * COMPONENTS))
        yield _vector(f"band-{component}-{band}", f"band {band} of component {component}", "One band alone has a step.",
                      image, steps, quality=80)  # fmt: skip
    for name, step in (("8", 8), ("minus-8", -8), ("0", 0)):
        yield _vector(name, f"step {step} in all bands", f"Gains are multiplied by r^{step} everywhere.", image,
                      (step,) * (BANDS * COMPONENTS))  # fmt: skip
    yield _vector("drawn", "steps of all kinds", "Bands and components have steps of their own.", image, DRAWN)
    for quality in (0, 100):
        text = "Scale indices and log gains are clamped after the step."
        yield _vector(f"quality-{quality}", f"quality {quality}", text, image, DRAWN, quality=quality)
    yield _vector("skip", "steps and skipping", "Positions are skipped by the scale index with its step.", image, DRAWN,
                  "coding.skip_threshold=[2000]", clauses=("8.5",))  # fmt: skip
    yield from _maps(image)
    yield from _formats()
    yield from _beside()


def _maps(image: Image) -> Iterator[Recipe]:
    """Steps of a quality map are added."""
    yield _vector("map", "a quality map", "Steps of map and band are added.", image, DRAWN, steps=maps.drawn("scaling"))
    for name, sign in (("ends", 1), ("ends-turned", -1)):
        bands = tuple(sign * step for step in (8, -8, 8, -8, -8, 8, -8, 8))
        yield _vector(f"map-{name}", "ends of the range", "The sum of both steps is clamped to -16..16.", image, bands,
                      steps=halves)  # fmt: skip


def halves(rows: int, columns: int) -> NDArray[np.int8]:
    """Greatest steps at the left, least ones at the right."""
    left = np.arange(columns) < columns // 2
    row = np.where(left, QUALITY_MAP_LIMIT, -QUALITY_MAP_LIMIT).astype(np.int8)
    return np.tile(row, (rows, 1))


def _formats() -> Iterator[Recipe]:
    """Sizes, partitions, planes."""
    text = "A component has its four bands."
    yield _vector("grey", "4:0:0", text, pictures.grey("scaling/grey", 50, 33), DRAWN[:BANDS])
    yield _vector("420", "4:2:0", text, pictures.ycbcr("scaling/420", 46, 38, "4:2:0"), DRAWN)
    yield _vector("1x1", "1 x 1", "One position.", pictures.rgb("scaling/1x1", 1, 1), DRAWN)
    for independent in ("false", "true"):
        kind = "independent" if independent == "true" else "dependent"
        cut = ("regions.rows=2", "regions.columns=2", f"regions.independent={independent}")
        regions, own = pictures.rgb("scaling/regions", 70, 70), "A region's bands follow from its own z."
        yield _vector(f"regions-{kind}", f"{kind} regions", own, regions, DRAWN, *cut)
        yield _vector(f"map-regions-{kind}", f"a quality map and {kind} regions", "A region has its part of the map.",
                      regions, DRAWN, *cut, steps=maps.drawn("scaling/regions"))  # fmt: skip


def _beside() -> Iterator[Recipe]:
    """What else a codestream may have."""
    image = pictures.rgb("scaling/beside", 41, 28)
    clauses, tools, _ = filters.FILTERS["filters"]
    yield _vector("filters", "before both filters", "Filters see planes of scaled latents.", image, DRAWN, beside=tools,
                  clauses=clauses)  # fmt: skip
    yield _vector("resolution", "at half the resolution", "Planes of scaled latents are enlarged.", image, DRAWN,
                  beside=(enlarged.resolution("half"),), clauses=("9.12.2",), tool=enlarged.TOOL)  # fmt: skip
    yield _vector("plane-digest", "plane digests", "Plane digests hold.", image, DRAWN, "coding.plane_digests=true",
                  clauses=("6.12.4",))  # fmt: skip


def _vector(
    name: str, title: str, purpose: str, image: Image, bands: Sequence[int], *overrides: str, quality: float = 50,
    steps: Steps | None = None, beside: Sequence[Told] = (), clauses: tuple[str, ...] = (), tool: tuple[str, ...] = (),
) -> Recipe:  # fmt: skip
    """beside: other tools; tool: what the claim calls those of them that only the experimental profile has."""
    needed = (*(maps.TOOL if steps else ()), *tool)

    def build(bench: Bench) -> bytes:
        change = experimental if needed else as_it_is
        return bench.coded(image, *overrides, quality=quality, change=change, map_coding=(40, 0), steps=steps,
                           tools=(*beside, scaling(*bands)))  # fmt: skip

    source = f"synthetic {image.width}x{image.height}, quality {quality:g}, stated steps"
    own = ("8.9.1", "8.9.2", "8.8.2", "8.8.3", "9.8.6", *clauses)
    kind = "proposal" if needed else "core"
    return Recipe(f"scaling-{name}", title, purpose, own, build, source, kind=kind, tools=needed)


@dataclass(frozen=True)
class Case:
    """A payload that breaks one clause."""

    name: str
    title: str
    clause: str
    payload: bytes
    error_class: str = "malformed"


def hostile(streams: Mapping[str, bytes]) -> Iterator[Recipe]:
    """Streams that a decoder shall reject. streams: bytes of the valid vectors."""
    whole = syntax.read(streams[PARENT])
    assert whole.tool_header is not None
    own = whole.tool_header.tools[-1].tool_payload
    for case in _cases(own):
        stream = _with(without_digests(whole), case.payload)
        data = syntax.write(stream)
        assert not syntax.validate(data), f"{case.name}: more than 8.9 is broken"
        assert_broken(case.name, case.clause, stream)
        yield _hostile(case, data)
    other = bytes([own[0] ^ 1 << _first_sign(own)]) + own[1:]
    yield from _beyond()
    case = Case("other", "steps that symbols were not coded with", "8.4.4.5", other, "damage")
    yield _hostile(case, syntax.write(_with(whole, other)))


def _beyond() -> Iterator[Recipe]:
    """Steps of 9 and -9 whose sum with the map is clamped to what symbols were coded with: all else fits them."""
    for step, code in ((9, "000010010"), (-9, "000010011")):
        inside, others = (8, "000010000") if step > 0 else (-8, "000010001")
        for where, place in (("", 0), ("-late", BANDS * COMPONENTS - 1)):
            bits = "".join(code if other == place else others for other in range(BANDS * COMPONENTS))
            name, title = f"step-{step}{where}".replace("--", "-minus-"), f"a step of {step} in band {place % BANDS}"
            case = Case(name, title, "8.9.1.1", int(bits, 2).to_bytes(len(bits) // 8, "big"))

            def build(bench: Bench, case: Case = case, step: int = inside) -> bytes:
                data = bench.coded(
                    pictures.rgb("scaling/beyond", 40, 24), "coding.digest=false", change=experimental,
                    map_coding=(40, 0), tools=(scaling(*(step,) * (BANDS * COMPONENTS)),),
                    steps=lambda rows, columns: np.full((rows, columns), 2 * step, np.int8),
                )  # fmt: skip
                stream = _with(syntax.read(data), case.payload)
                assert_broken(case.name, case.clause, stream)
                return syntax.write(stream)

            yield replace(
                _hostile(case, b""), build=build, source="synthetic 40x24, a map of 16 or -16 everywhere",
                tools=maps.TOOL,
            )  # fmt: skip


def _first_sign(payload: bytes) -> int:
    """The bit that turns the sign of the first step, -3: 00111 in se(v), of which the last bit is the sign."""
    assert payload[0] >> 3 == 0b00111
    return 3


def _cases(own: bytes) -> Iterator[Case]:
    """(8.9.1) Eight steps in se(v), then fill bits."""
    yield Case("empty", "no bytes", "5.1.8", b"")
    yield Case("short", "its last byte missing", "5.1.8", own[:-1])
    yield Case("half", "steps of one component alone", "5.1.8", b"\x28")  # 00101 000: -2, then no more than three zeros
    yield Case("fill", "a fill bit set", "5.1.9", own[:-1] + bytes([own[-1] | 1]))
    yield Case("long", "a byte after its end", "5.3.3", own + b"\0")


def _with(stream: Codestream, payload: bytes) -> Codestream:
    return replace(stream, tool_header=ToolHeader(tools=(Tool(tool_id=SCALING_TOOL_ID, tool_payload=payload),)))


def _hostile(case: Case, data: bytes) -> Recipe:
    return Recipe(
        f"scaling-broken-{case.name}", f"variance scaling: {case.title}", f"The payload of tool 4 has {case.title}.",
        (case.clause,), lambda bench: data, f"bytes of {PARENT}, changed", kind="negative", result="invalid",
        clause=case.clause, error_class=case.error_class, parent=PARENT, seconds=30,
    )  # fmt: skip
