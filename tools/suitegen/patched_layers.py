# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants inside the decoder, second part: the lossless layer (9.9) and the quality map (8.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.mutants.patch import Patch
from refsw.constants import QUALITY_MAP_LIMIT
from refsw.decode import lossless, parse, picture, quality_map
from refsw.decode.fixed import FixedFlow
from refsw.decode.steps import Steps
from refsw.lossless import features, lattice, parameters, predict, region, stored
from refsw.lossless.rows import RAW
from suitegen import patched

Wrong = Callable[[Any], Any]


def _predicted(**changes: Callable[[Any], Any]) -> Wrong:
    """Parts of a prediction, each from what it is."""
    return lambda right: (
        lambda expected: (
            lambda own: replace(own, **{name: change(getattr(own, name)) for name, change in changes.items()})
        )(right(expected))
    )


def _passes(change: Callable[[Any], Any]) -> Wrong:
    return lambda right: lambda: change(right())


def _groups(**changes: Callable[[Any], Any]) -> Wrong:
    """Parameters of every group."""

    def wrong(right: Any) -> Any:
        def read(*own: Any) -> Any:
            return tuple(
                tuple(replace(g, **{name: change(g) for name, change in changes.items()}) for g in groups)
                for groups in right(*own)
            )

        return read

    return wrong


def _without_errors(right: Any) -> Any:
    def error_features(own: Any, index: int, place: Any, close: Any, predicted: Any) -> Any:
        found = right(own, index, place, close, predicted)
        if len(close):
            found[14:18] = 0
        return found

    return error_features


def _upper_first(right: Any) -> Any:
    def decode_low(decoder: Any, bits: Any) -> Any:
        found = np.zeros(len(bits), np.int64)
        for upper in (True, False):
            own = (bits - 8).clip(0) if upper else bits.clip(0, 8)
            has = np.flatnonzero(own)
            found[has] |= decoder.decode(region.uniform_row(own[has])).astype(np.int64) << (8 if upper else 0)
        return found

    return decode_low


def _reversed_bits(right: Any) -> Any:
    """Low bits from the least significant on."""

    def decode_low(decoder: Any, bits: Any) -> Any:
        found = right(decoder, bits)
        return np.array([int(f"{v:0{n}b}"[::-1], 2) if n else 0 for v, n in zip(found, bits, strict=True)], np.int64)

    return decode_low


def _high(value: Callable[[Any, Any, Any], Any]) -> Wrong:
    """Samples from prediction, coding and value with its low bits."""
    return lambda right: lambda p, c, high, low: value(p, c, (high << c.low) + low)


def _unchecked(right: Any) -> Any:
    return lambda layer, base, order, depth: (lossless.decode_layer(layer, base, order, depth), None)


def _steps(change: Callable[[Any], Any]) -> Wrong:
    return lambda right: lambda codestream: (lambda own: None if own is None else change(own))(right(codestream))


def _mean_steps(change: Callable[[Any], Any]) -> Wrong:
    return lambda right: lambda self, steps: right(self, None if steps is None else change(steps))


def _scale(change: Callable[[Any], Any]) -> Wrong:
    """Scale indices have other steps of the map than gains."""

    def wrong(right: Any) -> Any:
        def scales(self: Steps, *given: Any) -> Any:
            found = right(self, *given)
            other = self if self.mapped is None else replace(self, mapped=change(self.mapped))
            return replace(found, index=right(other, *given).index)

        return scales

    return wrong


def _clamped_early(right: Any) -> Any:
    """The step is added to a scale index that is clamped already."""

    def scales(self: Steps, *given: Any) -> Any:
        found = right(self, *given)
        if self.mapped is None or self.scaling is not None:
            return found
        own = right(replace(self, mapped=None), *given)
        return replace(found, index=(own.index + (found.steps.astype(np.int32) << 7)).clip(0, 8191))

    return scales


def _in_every_profile(right: Any) -> Any:
    def picture_steps(codestream: Any) -> Any:
        own = codestream.quality_map
        return None if own is None else quality_map.quality_steps(own, codestream.picture_header.latent_size)

    return picture_steps


LAYERS: Mapping[str, Patch] = {
    "layer-ignored": Patch("layers are left aside, though the claim names them (9.9)", picture, "applies",
        lambda r: lambda codestream, selection: False),
    "layer-order": Patch("planes are coded in the order R, G, B (9.9.1)", lossless, "coding_order",
        lambda r: lambda image: tuple(sorted(r(image)))),
    "layer-order-always": Patch("G, R, B also without a colour transform (9.9.1)", lossless, "coding_order",
        lambda r: lambda image: (1, 0, 2) if image.channels == 3 else r(image)),
    "layer-hidden-region": Patch("layers of regions that are not displayed are decoded (9.9)", lossless, "met",
        lambda r: lambda header, area: list(range(header.num_regions))),
    "layer-digest-ignored": Patch("digests of planes of a region are not compared (9.9.6)", lossless, "_checked",
        _unchecked),
    "layer-lanes": Patch("half as many lanes in the layer (9.9.6)", region, "Decoder", patched.round_robin),
    "lattice-order": Patch("columns before rows (9.9.3)", region, "passes",
        _passes(lambda own: own[:1] + tuple(p for i in range(1, 13, 3) for p in (own[i], own[i + 2], own[i + 1])))),
    "lattice-centre-last": Patch("the centre after rows and columns (9.9.3)", region, "passes",
        _passes(lambda own: own[:1] + tuple(p for i in range(1, 13, 3) for p in (*own[i + 1 : i + 3], own[i])))),
    "lattice-groups": Patch("reach 4 has the groups of reach 2 (9.9.3)", region, "passes",
        _passes(lambda own: tuple(replace(p, group=p.group + 3) if p.reach == 4 else p for p in own))),
    "neighbours-cut": Patch("neighbours outside are those at the edge (9.9.4)", lattice, "_mirrored",
        lambda r: lambda at, by, size: ((at + by).clip(0, size - 1), np.ones(len(at), np.bool_))),
    "neighbours-first": Patch("neighbours outside on both sides are in row or column 0 (9.9.4)", lattice, "_mirrored",
        lambda r: lambda at, by, size: (r(at, by, size)[0], np.ones(len(at), np.bool_))),
    "reference-floor": Patch("the mean of four neighbours is rounded down (9.9.4)", features, "_mean",
        lambda r: lambda four: np.floor(four[:4].sum(0) / 4)),
    "classes-ignored": Patch("the first set of weights for all samples (9.9.4)", predict, "classes_of",
        lambda r: lambda weighed, threshold: r(weighed, threshold) * 0),
    "classes-swapped": Patch("set a + 2 b (9.9.4)", predict, "classes_of",
        lambda r: lambda weighed, threshold: np.array([0, 2, 1, 3])[r(weighed, threshold)]),
    "classes-threshold": Patch("an activity at the threshold does not reach it (9.9.4)", predict, "classes_of",
        lambda r: lambda weighed, threshold: r(weighed, threshold + 1)),
    "prediction-unclamped": Patch("predictions are clamped to 16 bits (9.9.4)", predict, "position",
        lambda r: lambda weighed, group, depth: r(weighed, group, 16)),
    "prediction-floor": Patch("predictions are rounded down (9.9.4)", predict, "rounded",
        lambda r: lambda expected: r(np.floor(expected / 256) * 256)),
    "phase-ignored": Patch("the row of phase 0 for all samples (9.9.4)", predict, "rounded",
        _predicted(phase=lambda v: v * 0)),
    "phase-halves": Patch("phases of 1/4 in place of 1/6 (9.9.4)", predict, "rounded",
        _predicted(phase=lambda v: v.clip(0, 1))),
    "sign-ignored": Patch("residuals are not mirrored (9.9.4)", predict, "rounded",
        _predicted(sign=lambda v: v * 0 + 1)),
    "error-off-by-one": Patch("contexts are one too high (9.9.5)", predict, "contexts",
        lambda r: lambda own, group: (r(own, group) + 1).clip(0, 80)),
    "error-at-threshold": Patch("an estimate at a threshold stays below it (9.9.5)", predict, "contexts",
        lambda r: lambda own, group: np.searchsorted(predict._thresholds(), group.error_weights @ own, "left")),
    "error-no-history": Patch("errors of neighbours are forgotten (9.9.5)", predict, "error_features",
        _without_errors),
    "steps-ignored": Patch("widths are those of the contexts (9.9.2)", region, "read_parameters",
        _groups(widths=lambda g: np.where(g.widths == RAW, RAW, np.arange(81).clip(0, 75)))),
    "shapes-ignored": Patch("shape 0 for all contexts (9.9.6)", region, "read_parameters",
        _groups(shapes=lambda g: g.shapes * 0)),
    "uncoded-ignored": Patch("width 76 is width 75 (9.9.6)", region, "read_parameters",
        _groups(widths=lambda g: g.widths.clip(0, 75))),
    "uncoded-relative": Patch("uncoded samples are added to the prediction (9.9.6)", region, "samples_of",
        _high(lambda p, c, v: p.value + p.sign * (v - ((1 << c.low) >> 1)))),
    "low-bits-half": Patch("the half of the low bits is forgotten (9.9.6)", region, "samples_of",
        _high(lambda p, c, v: np.where(c.width == RAW, v, p.value + p.sign * v))),
    "low-bits-upper-first": Patch("the upper low bits stand first (9.9.6)", region, "decode_low", _upper_first),
    "low-bits-reversed": Patch("low bits from the least significant on (9.9.6)", region, "decode_low", _reversed_bits),
    "weights-unchecked": Patch("weights of 2^15 are accepted (9.9.2)", parameters, "WEIGHT_LIMIT", lambda r: 1 << 20),
    "deflate-left-byte": Patch("filter 1 adds the byte at the left, not that of the plane (9.9.8)", stored,
        "_unfiltered", lambda r: lambda rows, unit: r(rows, 1)),
    "deflate-no-filter": Patch("filters are ignored (9.9.8)", stored, "_unfiltered",
        lambda r: lambda rows, unit: np.ascontiguousarray(rows[:, 1:])),
    "deflate-little-endian": Patch("two-byte samples are little-endian (9.9.8)", lossless, "read_stored",
        lambda r: lambda data, shapes, depth: tuple(
            p if depth == 8 else (p >> 8 | (p & 255) << 8) for p in r(data, shapes, 16 if depth > 8 else 8))),
    "map-ignored": Patch("the quality map is ignored (8.8)", parse, "picture_steps", lambda r: lambda codestream: None),
    "map-always": Patch("a quality map counts in every profile (8.8)", parse, "picture_steps", _in_every_profile),
    "map-not-mean": Patch("the mean path ignores the map (8.8.3)", FixedFlow, "with_steps",
        _mean_steps(lambda s: None)),
    "map-mean-sign": Patch("gains of the mean path are divided by r^t (8.8.3)", FixedFlow, "with_steps",
        _mean_steps(lambda s: -s)),
    "map-not-scale": Patch("scale indices ignore the map (8.8.2)", Steps, "scales", _scale(lambda s: s * 0)),
    "map-scale-sign": Patch("steps are subtracted from scale indices (8.8.2)", Steps, "scales", _scale(lambda s: -s)),
    "map-clamped-early": Patch("scale indices are clamped before the step is added (8.8.2)", Steps, "scales",
        _clamped_early),
    "map-transposed": Patch("rows and columns of the map are exchanged (8.8.1)", parse, "picture_steps",
        _steps(lambda s: np.ascontiguousarray(np.resize(s.T, s.shape)))),
    "map-one-sum": Patch("differences are summed along rows alone (8.8.1)", parse, "picture_steps",
        _steps(lambda s: np.diff(s.astype(np.int64), axis=0, prepend=0).clip(-16, 16).astype(np.int8))),
    "map-limit": Patch("steps beyond 16 are accepted (8.8.1)", quality_map, "QUALITY_MAP_LIMIT",
        lambda r: QUALITY_MAP_LIMIT + 100),
    "map-gain": Patch("a step is 9553 in place of 9554 (9.8.6)", patched.fixed, "QUALITY_MAP_LOG_GAIN",
        lambda r: r - 1),
}  # fmt: skip
ALL: Mapping[str, Patch] = {**patched.PATCHES, **LAYERS}
