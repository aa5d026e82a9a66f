# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants of decoder A in variance scaling (8.9): bands, their edges, signs, sums, payloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.independent import codestream, picture, scaling
from conformance.independent.bits import BitReader
from conformance.independent.headers import PictureHeader
from conformance.independent.scaling import BANDS, Scaling
from conformance.mutants.filters import Wrong, lenient
from conformance.mutants.patch import Patch


def _index(change: Callable[[Any], Any]) -> Wrong:
    """Bands of another index."""
    return lambda right: lambda self, component, index, mapped: right(self, component, change(index), mapped)


def _steps(change: Callable[[Any], Any]) -> Wrong:
    """Other steps of bands."""

    def wrong(right: Any) -> Any:
        def steps(self: Scaling, component: int, index: Any, mapped: Any) -> Any:
            own = np.array(self.band_step).reshape(-1, BANDS)
            return right(Scaling(tuple(change(own).ravel().tolist())), component, index, mapped)

        return steps

    return wrong


def _component(right: Any) -> Any:
    return lambda self, component, index, mapped: right(self, 0, index, mapped)


def _with_map(change: Callable[[Any, Any], Any]) -> Wrong:
    """change: (steps of bands, of the map) -> steps."""

    def wrong(right: Any) -> Any:
        def steps(self: Scaling, component: int, index: Any, mapped: Any) -> Any:
            own = right(self, component, index, None)
            return own if mapped is None else change(own, mapped)

        return steps

    return wrong


def _band_with_map(right: Any) -> Any:
    """The band follows from the scale index with the step of the map."""

    def steps(self: Scaling, component: int, index: Any, mapped: Any) -> Any:
        return right(self, component, index if mapped is None else index + (mapped << 7), mapped)

    return steps


def _band_of_position(right: Any) -> Any:
    """All channels of a position are in the band of their mean."""
    return lambda self, component, index, mapped: right(
        self, component, np.broadcast_to(index.mean(0).astype(np.int64), index.shape), mapped
    )


StepsOf = Callable[[Any, Any, Any], Any]
"""`band_steps` of a region, s + q, local steps -> steps."""


def as_it_is(own: Any, index: Any, local: Any) -> Any:
    """Nothing is forgotten."""
    return own(index, local)


def apart(parsing: StepsOf, gains: StepsOf) -> Wrong:
    """Parsing has other steps than gains."""

    def wrong(right: Any) -> Any:
        def decode_region(*given: Any) -> Any:
            kept = []

            def steps_of(index: Any, local: Any) -> Any:
                kept.append(gains(given[-1], index, local))
                return parsing(given[-1], index, local)

            return replace(right(*given[:-1], steps_of), steps=kept[0])

        return decode_region

    return wrong


def _no_bands(own: Any, index: Any, local: Any) -> Any:
    return own.func(None, *own.args[1:], index, local)


def _with_tail(right: Any) -> Any:
    """The payload may go on after its last step."""

    def read(bits: BitReader, header: PictureHeader) -> Scaling:
        count = BANDS * len(header.components)
        own = tuple(bits.within("band_step", "8.9.1.1", bits.se(), -8, 8) for _ in range(count))
        bits.position = 8 * bits.end
        return Scaling(own)

    return {**right, 4: read}


SCALING: Mapping[str, Patch] = {
    "scaling-ignored": Patch("steps of bands are ignored (8.9.2)", Scaling, "steps", _steps(lambda s: 0 * s)),
    "scaling-sign": Patch("steps of bands have the other sign (8.9.2)", Scaling, "steps", _steps(lambda s: -s)),
    "scaling-limit-above": Patch("a band begins one above its limit (8.9.2)", Scaling, "steps",
        _index(lambda s: s - 1)),
    "scaling-limit-below": Patch("a band begins one below its limit (8.9.2)", Scaling, "steps",
        _index(lambda s: s + 1)),
    "scaling-rows": Patch("bands follow from rounded table rows (8.9.2)", Scaling, "steps",
        _index(lambda s: (s + 64) >> 7 << 7)),
    "scaling-limit-first": Patch("the first limit is 6 (8.9.2)", scaling, "LIMITS", lambda r: (6, *r[1:])),
    "scaling-limit-last": Patch("the last limit is 17 (8.9.2)", scaling, "LIMITS", lambda r: (*r[:2], 17)),
    "scaling-bands-reversed": Patch("steps of the largest scales come first (8.9.1)", Scaling, "steps",
        _steps(lambda s: s[:, ::-1])),
    "scaling-components-exchanged": Patch("steps of the last component come first (8.9.1)", Scaling, "steps",
        _steps(lambda s: s[::-1])),
    "scaling-interleaved": Patch("components alternate in the payload (8.9.1)", Scaling, "steps",
        _steps(lambda s: s.reshape(BANDS, -1).T if len(s) > 1 else s)),
    "scaling-one-component": Patch("all components have the steps of the first (8.9.2)", Scaling, "steps", _component),
    "scaling-replaces-map": Patch("a quality map is ignored where there are bands (8.9.2)", Scaling, "steps",
        _with_map(lambda own, mapped: own)),
    "scaling-unclamped": Patch("sums of steps are not clamped (8.9.2)", scaling, "STEP_LIMIT", lambda r: 100),
    "scaling-clamped-to-8": Patch("sums of steps are clamped to -8..8 (8.9.2)", scaling, "STEP_LIMIT", lambda r: 8),
    "scaling-band-with-map": Patch("the band follows from the index with the step of the map (8.9.2)", Scaling, "steps",
        _band_with_map),
    "scaling-by-position": Patch("a position is in one band (8.9.2)", Scaling, "steps", _band_of_position),
    "scaling-symbols-alone": Patch("gains lack the steps of bands (8.8.3)", picture, "decode_region",
        apart(as_it_is, _no_bands)),
    "scaling-gains-alone": Patch("scale indices lack the steps of bands (8.8.2)", picture, "decode_region",
        apart(_no_bands, as_it_is)),
    "accepts-band-steps": lenient("8.9.1.1", "steps beyond 8 are accepted"),
    "accepts-scaling-tail": Patch("bytes after the last step are accepted (5.3.3)", codestream, "TOOLS", _with_tail),
}  # fmt: skip
