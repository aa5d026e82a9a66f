# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants inside the decoder: one line of the decoding process is wrong, as it might be in a decoder of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.mutants.patch import Patch
from refsw.constants import Z_LIMIT
from refsw.decode import assemble, exact, extras, fixed, parse, picture, windows
from refsw.decode.fixed import FixedFlow
from refsw.decode.model import ScaleModel
from refsw.entropy import rans
from refsw.entropy.bypass import BypassReader
from refsw.entropy.tables import FrequencyTables
from refsw.exact.torch_operations import TorchOperations
from refsw.syntax.headers import Codestream


def _mask_of(compare: Callable[[Any, int], Any], channels: bool = True) -> Callable[[Any], Any]:
    def wrong(right: Any) -> Any:
        def skip_mask(scale_index: Any, header: Any) -> Any:
            mask = compare(scale_index, header.skip_threshold if header.skip_enabled_flag else 0)
            if channels:
                mask[header.num_coded_channels :] = True
            return mask

        return skip_mask

    return wrong


def _nearest_quality(right: Any) -> Any:
    return lambda self, quality_index: right(self, min((quality_index + 128) // 256 * 256, 2048))


def _escape(change: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[Any], Any]:
    return lambda right: lambda self, count: change(*right(self, count))


def _leaky(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda right: lambda self, x: change(x)


def _planes(change: Callable[[Any, int], Any]) -> Callable[[Any], Any]:
    return lambda right: lambda patches, bit_depth: change(right(patches, bit_depth), bit_depth)


def _nudged(right: Any) -> Any:
    """Without the half before the last shift."""
    return lambda patches, bit_depth: right(patches - (1 << 19) // (16 * ((1 << bit_depth) - 1)), bit_depth)


def _no_condition(right: Any) -> Any:
    def features(flow: Any, own: Any, z: Any, condition: Any, height: int, width: int) -> Any:
        none = [replace(x, x=x.x * 0) for x in condition]
        return right(flow, own, z, none, height, width)

    return features


def _orders(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda right: change(right)


def _alpha(change: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda right: lambda plane, header: change(right(plane, header), header)


def _independent(value: bool) -> Callable[[Any], Any]:
    return lambda right: (
        lambda header: right(replace(header, independent_regions_flag=value and header.num_regions > 1))
    )


def _tiles(**changes: Any) -> Callable[[Any], Any]:
    def wrong(right: Any) -> Any:
        def plan(header: Any, *rest: Any) -> Any:
            return right(replace(header, **changes) if header.synthesis_tile_flag else header, *rest)

        return plan

    return wrong


def _gain_down(right: Any) -> Any:
    def gain(self: Any, table: Any, x: Any, quality_index: int, *more: Any) -> Any:
        return (right(self, table, x * 2, quality_index, *more) / 2).floor()

    return gain


def _colour(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def wrong(right: Any) -> Any:
        def image_from_planes(planes: Any, idc: int, custom: Any = None) -> Any:
            return right(replace(planes, samples=change(planes.samples)), idc, custom)

        return image_from_planes

    return wrong


def _any_transform_is(idc: int) -> Callable[[Any], Any]:
    def wrong(right: Any) -> Any:
        return lambda planes, own, custom=None: right(planes, idc if own == 2 else own, None if own == 2 else custom)

    return wrong


def _z_rounded_down(right: Any) -> Any:
    def tables(self: ScaleModel, quality_index: int) -> FrequencyTables:
        low = min(quality_index >> 8, len(self.z_frequencies) - 2)
        share = quality_index - 256 * low
        sums = np.cumsum(self.z_frequencies, axis=2, dtype=np.int64)
        down = (sums[low] * (256 - share) + sums[low + 1] * share) >> 8
        return FrequencyTables.from_frequencies(np.diff(down, axis=1, prepend=0), -Z_LIMIT)

    return tables


def _cropped_left(right: Any) -> Any:
    return lambda self, x, height, width: self.cut(x, slice(-height, None), slice(-width, None))


def round_robin(right: Any) -> Any:
    """Lanes backwards."""
    return lambda data, tables, lanes: right(data, tables, max(1, lanes // 2))


PATCHES: Mapping[str, Patch] = {
    "scale-row-floor": Patch("table rows are rounded down (8.3.3)", parse, "scale_row",
        lambda r: lambda s: (s >> 7).clip(0, 63).astype(np.int32)),
    "skip-at-threshold": Patch("positions at the threshold are skipped (8.5)", parse, "skip_mask",
        _mask_of(lambda s, t: (s <= t) & (t > 0))),
    "skip-never": Patch("nothing is skipped (8.5)", parse, "skip_mask", _mask_of(lambda s, t: s < 0)),
    "channels-ignored": Patch("num_coded_channels is ignored (8.5)", parse, "skip_mask",
        _mask_of(lambda s, t: s < t, channels=False)),
    "digest-ignored": Patch("tensor digests are not compared (8.7)", Codestream, "tensor_digest",
        lambda r: lambda self, component, region=0: None),
    "z-anchor-floor": Patch("z takes the anchor below (8.2.2)", ScaleModel, "z_tables",
        lambda r: lambda self, q: r(self, q >> 8 << 8)),
    "z-anchor-nearest": Patch("z takes the nearest anchor (8.2.2)", ScaleModel, "z_tables",
        _nearest_quality),
    "z-rounded-down": Patch("sums of frequencies are rounded down (8.2.2)", ScaleModel, "z_tables", _z_rounded_down),
    "z-anchor-above": Patch("z takes the anchor above (8.2.2)", ScaleModel, "z_tables",
        lambda r: lambda self, q: r(self, min((q + 255) >> 8 << 8, 2048))),
    "quality-nearest": Patch("scale offsets are not interpolated (8.3.2)", ScaleModel, "quality_offset",
        _nearest_quality),
    "quality-floor": Patch("scale offsets are one too small (8.3.2)", ScaleModel, "quality_offset",
        lambda r: lambda self, q: r(self, q) - (q % 256 != 0)),
    "z-kept-in-5-bits": Patch("z is clamped to -16..15 before the scale network", ScaleModel, "scaled_index",
        lambda r: lambda self, z, *rest, **more: r(self, z.clip(-16, 15), *rest, **more)),
    "states-unchecked": Patch("final states are not compared (8.4.4.5)", rans.Decoder, "finish",
        lambda r: lambda self: None),
    "escape-sign": Patch("escapes have the wrong sign (8.4.4.3)", BypassReader, "read",
        _escape(lambda n, v: (~n, v))),
    "escape-off-by-one": Patch("escapes are one too far (8.4.4.3)", BypassReader, "read",
        _escape(lambda n, v: (n, v + 1))),
    "escape-16-bit": Patch("escapes have 16 bits (8.4.4.3)", BypassReader, "read",
        _escape(lambda n, v: (n, v & 0x7FFF))),
    "leaky-no-rounding": Patch("the rectifier rounds down (D.7.1)", TorchOperations, "leaky",
        _leaky(lambda x: x.clamp(min=0) + (x.clamp(max=0) * 0.125).floor())),
    "leaky-slope": Patch("the rectifier's slope is 1/4 (D.7.1)", TorchOperations, "leaky",
        _leaky(lambda x: x.clamp(min=0) + (x.clamp(max=0) * 0.25 + 0.5).floor())),
    "relu": Patch("negative values are 0 (D.7.1)", TorchOperations, "leaky", _leaky(lambda x: x.clamp(min=0))),
    "gain-rounding": Patch("gains round otherwise (D.6.2)", TorchOperations, "gain", _gain_down),
    "gain-nearest": Patch("gains are not interpolated (D.6)", TorchOperations, "gain",
        lambda r: lambda self, t, x, q, *more: r(self, t, x, min((q + 128) // 256 * 256, 2048), *more)),
    "sum-unclamped": Patch("sums are not clamped (D.7.2)", TorchOperations, "add",
        lambda r: lambda self, x, y, span: x + y),
    "symbols-8-bit": Patch("symbols are clamped to 8 bits (9.8.3)", FixedFlow, "symbols",
        lambda r: lambda self, x: r(self, x.clip(-128, 127))),
    "symbols-off": Patch("symbols are not added (9.8.3)", FixedFlow, "symbols",
        lambda r: lambda self, x: r(self, x * 0)),
    "crop-at-the-end": Patch("features are cropped at the top and left (9.2)", FixedFlow, "crop", _cropped_left),
    "condition-forgotten": Patch("chroma does not see luma (9.2)", exact, "features", _no_condition),
    "phases-transposed": Patch("rows and columns of phases are exchanged (9.3)", fixed, "step_mask",
        lambda r: lambda s, c, h, w: np.ascontiguousarray(r(s, c, w, h).transpose(0, 2, 1))),
    "groups-reversed": Patch("channel groups are counted backwards (9.3)", fixed, "step_mask",
        lambda r: lambda s, c, h, w: np.ascontiguousarray(r(s, c, h, w)[::-1])),
    "steps-reversed": Patch("steps run backwards (9.3)", fixed, "step_mask",
        lambda r: lambda s, c, h, w: r(3 - s, c, h, w)),
    "planes-no-half": Patch("planes are rounded down (9.8.4)", exact, "integer_planes", _nudged),
    "planes-8-fraction": Patch("planes lose their 4 fraction bits (9.4)", exact, "integer_planes",
        _planes(lambda p, d: (p + 8) >> 4 << 4)),
    "regions-independent": Patch("dependent regions are decoded alone (9.6.1)", windows, "domains", _independent(True)),
    "regions-dependent": Patch("independent regions see each other (9.6.1)", windows, "domains", _independent(False)),
    "tiles-ignored": Patch("signalled tiles are ignored (9.6.3)", exact, "plan", _tiles(synthesis_tile_flag=False)),
    "tiles-no-overlap": Patch("tiles have no overlap (9.6.3)", exact, "plan", _tiles(synthesis_tile_overlap_div16=0)),
    "tiles-more-overlap": Patch("tiles have one block more overlap (9.6.3)", exact, "plan",
        _tiles(synthesis_tile_overlap_div16=3)),
    "colour-chroma-off": Patch("Cb and Cr lack a step of 1/16 (9.5.2)", assemble, "image_from_planes",
        _colour(lambda p: np.concatenate([p[:1], (p[1:] - 1).clip(0)]))),
    "colour-full-only": Patch("a custom matrix is ignored (9.5.3)", assemble, "image_from_planes",
        _any_transform_is(1)),
    "colour-truncated": Patch("planes lose their fraction before colour (9.5.2)", assemble, "image_from_planes",
        _colour(lambda p: p >> 4 << 4)),
    "chroma-dropped": Patch("4:2:0 takes the first sample, not the mean (9.5.4)", assemble, "downsample",
        lambda r: lambda p, rows, columns, f: (p[:, :: 1 + rows, :: 1 + columns].astype(np.int64) + 8) >> 4),
    "chroma-floor": Patch("means of chroma are rounded down (9.5.4)", assemble, "downsample",
        lambda r: lambda p, rows, columns, f: r((p.astype(np.int64) - 8).clip(0), rows, columns, f)),
    "alpha-modulo": Patch("alpha's sums are clipped, not masked (9.5.5)", extras, "np", lambda r: _Clipped()),
    "alpha-inverted": Patch("alpha counts transparency (9.5.5)", picture, "alpha_of",
        _alpha(lambda a, h: (2**h.bit_depth - 1 - a).astype(a.dtype))),
    "display-size-ignored": Patch("the coded picture is shown (9.5.1)", picture, "displayed",
        lambda r: lambda header, selection: r(
            replace(header, diff_display_width=0, diff_display_height=0), selection)),
    "point-bop": Patch("BOP decodes what SOP should (7.3)", picture, "choose_operating_point",
        lambda r: lambda header, model, wanted: "bop",
        (Patch("", picture, "check_budgets", lambda r: lambda *of: None),)),
    "point-default": Patch("the first listed synthesis decodes, whichever is asked for (7.3)", picture,
        "choose_operating_point", lambda r: lambda header, model, wanted: r(header, model, None)),
    "lanes-halved": Patch("half as many lanes (8.4.4)", rans, "Decoder", round_robin),
}  # fmt: skip
"""What each of these breaks is caught by a vector that mutants.json names."""


class _Clipped:
    """NumPy whose bitwise_and clips."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def bitwise_and(values: Any, top: Any) -> Any:
        """Wrong: what is above the depth becomes the greatest sample."""
        return np.minimum(values, top)
