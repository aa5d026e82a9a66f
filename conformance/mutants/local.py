# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants of decoder A in local steps (8.10): roundings, signs, sums, and what they are forgotten in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from conformance.independent import picture, symbols
from conformance.mutants.filters import Wrong
from conformance.mutants.patch import Patch
from conformance.mutants.scaling import apart, as_it_is


def _steps(change: Callable[[Any], Any]) -> Wrong:
    """Other steps from what they are."""
    return lambda right: lambda output: change(right(output))


def _output(change: Callable[[Any], Any]) -> Wrong:
    """Steps of another output."""
    return lambda right: lambda output: right(change(output))


def _places(change: Callable[[Any, Any], tuple[Any, Any]]) -> Wrong:
    """change: (quality map, local steps), where both are there -> what they are taken as."""

    def wrong(right: Any) -> Any:
        def band_steps(scaling: Any, component: int, mapped: Any, index: Any, local: Any) -> Any:
            if mapped is not None and local is not None:
                mapped, local = change(mapped, local)
            return right(scaling, component, mapped, index, local)

        return band_steps

    return wrong


def _band_with_local(right: Any) -> Any:
    """The band follows from the index with the local step."""

    def band_steps(scaling: Any, component: int, mapped: Any, index: Any, local: Any) -> Any:
        moved = index if local is None else index + (local << 7)
        return right(scaling, component, mapped, moved, local)

    return band_steps


def _bands_alone(right: Any) -> Any:
    """Local steps are forgotten where there are bands."""

    def band_steps(scaling: Any, component: int, mapped: Any, index: Any, local: Any) -> Any:
        return right(scaling, component, mapped, index, local if scaling is None else None)

    return band_steps


def _of_luma(right: Any) -> Any:
    """All components have the steps of the first."""
    known = list[Any]()

    def band_steps(scaling: Any, component: int, mapped: Any, index: Any, local: Any) -> Any:
        if component == 0:
            known.append(local)
        elif known:
            local = known.pop(0)
        return right(scaling, component, mapped, index, local)

    return band_steps


def _not_local(own: Any, index: Any, local: Any) -> Any:
    return own(index, None)


LOCAL: Mapping[str, Patch] = {
    "local-ignored": Patch("local steps are ignored (8.10.2)", symbols, "local_steps", _steps(lambda t: 0 * t)),
    "local-sign": Patch("local steps have the other sign (8.10.2)", symbols, "local_steps", _steps(lambda t: -t)),
    "local-floor": Patch("outputs are rounded down (8.10.1)", symbols, "local_steps", _output(lambda u: u - 64)),
    "local-half-less": Patch("halves are rounded down (8.10.1)", symbols, "local_steps", _output(lambda u: u - 1)),
    "local-half-unit": Patch("an output has 6 fraction bits (8.10.1)", symbols, "local_steps",
        _output(lambda u: 2 * u)),
    "local-clamped-to-8": Patch("local steps are clamped to -8..8 (8.10.1)", symbols, "local_steps",
        _steps(lambda t: np.clip(t, -8, 8))),
    "local-unclamped": Patch("local steps are not clamped (8.10.1)", symbols, "local_steps",
        lambda right: lambda output: (output + 64) >> 7),
    "local-transposed": Patch("rows and columns are exchanged (8.10.1)", symbols, "local_steps",
        _steps(lambda t: np.ascontiguousarray(np.resize(t.T, t.shape)))),
    "local-symbols-alone": Patch("gains lack local steps (8.8.3)", picture, "decode_region",
        apart(as_it_is, _not_local)),
    "local-gains-alone": Patch("scale indices lack local steps (8.8.2)", picture, "decode_region",
        apart(_not_local, as_it_is)),
    "local-of-luma": Patch("all components have the steps of the first (8.10.2)", picture, "band_steps", _of_luma),
    "local-replaces-map": Patch("a quality map is ignored where there are local steps (8.10.2)", picture, "band_steps",
        _places(lambda mapped, local: (None, local))),
    "local-behind-map": Patch("local steps are ignored where there is a quality map (8.10.2)", picture, "band_steps",
        _places(lambda mapped, local: (mapped, None))),
    "local-sum-unclamped": Patch("sums of map and local steps are not clamped (8.10.2)", picture, "STEP_LIMIT",
        lambda right: 100),
    "local-before-bands": Patch("the band follows from the index with the local step (8.10.2)", picture, "band_steps",
        _band_with_local),
    "local-behind-bands": Patch("local steps are ignored where there are bands (8.10.2)", picture, "band_steps",
        _bands_alone),
}  # fmt: skip
