# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Planes to symbols at a given quality, tile by tile and window by window.

    planes ─ analysis tiles ─► y ─ hyper tiles ─► z ─ regions ─► scale_index, skip_mask
                               └──── windows of the mean path ─► symbols

Of the size of the picture are y (float32), scale_index, symbols (int16) and z: about 9 bytes per luma sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from refsw.colour import BT709, Colours, colour_transform, plane_range, planes_from_image, upsample
from refsw.config import RefineConfig
from refsw.constants import LATENT_BLOCK, Z_LIMIT
from refsw.decode.model import Model
from refsw.decode.parse import scale_row, skip_mask
from refsw.decode.reconstruct import MeanPath, log_gain_map, mean_path, quality_position, to_tensor
from refsw.decode.steps import NO_STEPS, Steps
from refsw.decode.windows import TILE, Box, Window, domains, latent_box, picture_box, plan, split
from refsw.encode.refine import Refined, refine
from refsw.entropy.cost import code_length, escaped
from refsw.entropy.tables import gaussian_tables
from refsw.memory import release
from refsw.nets.codec import ComponentNetwork
from refsw.nets.halo import HYPER_ANALYSIS, HYPER_SCALE, halo
from refsw.nets.rate import probability_bits, residual_bits
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader
from refsw.syntax.scaling import ScalingPayload
from refsw.types import CodedTensors, ComponentSymbols, Image, Int, Planes

ReadPlanes = Callable[[Region], Planes]
"""Planes of a rectangle of the coded picture."""
ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Decisions:
    """How symbols are chosen; by default they are the nearest integers.

    zeroing: bits that one squared quantiser step is worth where a symbol of magnitude 1 may become 0, 0: none does;
    steps: int8 [h, w], the quality map, None: there is none; scaling: steps of bands (8.9), None: there are none;
    keep: y and y_hat are wanted with the symbols.
    """

    zeroing: float = 0.0
    refine: RefineConfig | None = None
    steps: NDArray[np.int8] | None = None
    scaling: ScalingPayload | None = None
    keep: bool = False


NEAREST = Decisions()


@dataclass(frozen=True)
class Latents:
    """y of all components in quantiser steps of one quality, float32 [C_y, h, w] each."""

    quality_index: int
    y: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class Analysed:
    """Exact tensors of all components, and the networks' own estimate of their bits (float, but for escapes).

    scale_index: int16 [C_y, h, w] of each component; refined: what refinement did, without latents, None without it;
    y, y_hat: float32 [C_y, h, w] of each component in quantiser steps, where they were to be kept, else ();
    scaling: steps of bands (8.9) that it was made with; places: int8 [h, w] of each component, steps of quality map and
    local steps (8.10.2), None without both.
    """

    header: PictureHeader
    tensors: tuple[CodedTensors, ...]
    scale_index: tuple[NDArray[np.int16], ...]
    estimated_bits: float
    refined: Refined | None = None
    y: tuple[NDArray[np.float32], ...] = ()
    y_hat: tuple[NDArray[np.float32], ...] = ()
    scaling: ScalingPayload | None = None
    places: tuple[NDArray[np.int8] | None, ...] = ()

    def part(self, index: int, box: Box) -> ComponentSymbols:
        """Tensors of component `index` in a rectangle that begins and ends at samples of z."""
        (rows, columns), (z_rows, z_columns) = box.slices, box.hyper.slices
        own = self.tensors[index]
        scale_index = self.scale_index[index][:, rows, columns].astype(np.int32)
        return ComponentSymbols(
            np.ascontiguousarray(own.z[:, z_rows, z_columns]), scale_index,
            skip_mask(scale_index, self.header.components[index]), own.symbols[:, rows, columns].astype(np.int32),
        )  # fmt: skip

    @property
    def symbols(self) -> tuple[ComponentSymbols, ...]:
        """Tensors of the whole picture."""
        return tuple(self.part(index, picture_box(self.header)) for index in range(len(self.tensors)))


def planes_of(image: Image, colours: Colours) -> ReadPlanes:
    """Planes of rectangles of a picture, transformed when they are asked for, a few rows at a time."""
    fraction, top = colour_transform(BT709).plane_fraction_bits, plane_range(image.bit_depth)

    def part(rows: slice, columns: slice) -> NDArray[np.int32]:
        seen = Image(image.samples[rows, columns], image.bit_depth, image.ycbcr)
        own = planes_from_image(seen, colours).samples
        if image.chroma is None:
            return own
        halves = (image.chroma.rows, image.chroma.columns)
        size = (image.height, image.width)
        small = image.chroma.samples
        return np.concatenate([own, upsample(small, (rows, columns), size, *halves, fraction, top)])

    def read(region: Region) -> Planes:
        rows = range(region.top, region.bottom, ROWS_AT_ONCE)
        columns = slice(region.left, region.right)
        parts = [part(slice(row, min(row + ROWS_AT_ONCE, region.bottom)), columns) for row in rows]
        return Planes(np.concatenate(parts, axis=1), image.bit_depth)

    return read


def padded(read: ReadPlanes, header: PictureHeader, box: Box, device: str) -> Tensor:
    """float32 [1, P, 16 h, 16 w], -0.5..0.5: a rectangle; beyond the picture its last row and column are repeated."""
    region = Region(
        LATENT_BLOCK * box.top, LATENT_BLOCK * box.left,
        min(LATENT_BLOCK * box.bottom, header.coded_height), min(LATENT_BLOCK * box.right, header.coded_width),
    )  # fmt: skip
    planes = read(region)
    samples = torch.from_numpy(planes.samples.astype(np.float32))[None].to(device)
    samples = samples.div_(plane_range(planes.bit_depth)).sub_(0.5)
    below, beside = LATENT_BLOCK * box.height - samples.shape[2], LATENT_BLOCK * box.width - samples.shape[3]
    return F.pad(samples, (0, beside, 0, below), mode="replicate") if below or beside else samples


class _Analysis:
    """Works on whole-picture arrays, one step after the other."""

    def __init__(
        self, model: Model, header: PictureHeader, read: ReadPlanes, device: str, near: Latents | None = None,
        rule: Steps = NO_STEPS,
    ) -> None:
        self.rule, self.mapped = rule, False
        self.model, self.header, self.read, self.device = model, header, read, device
        self.nets = [model.network.to(device).component(i) for i in range(len(header.components))]
        self.halo = halo(model.config, len(self.nets))
        self.quality = [
            quality_position(c.quality_index, model.config.quality_anchors).to(device) for c in header.components
        ]
        h, w = header.latent_size
        shapes = [(net.config.channels, h, w) for net in self.nets]
        self.found = [rule.scaling is not None or scale.local for scale in model.scales[: len(shapes)]]
        self.steps = [
            np.zeros(shape if rule.scaling is not None else shape[1:], np.int8) if found else rule.mapped
            for shape, found in zip(shapes, self.found, strict=True)
        ]
        self.places = [
            np.zeros(shape[1:], np.int8) if scale.local else rule.mapped
            for shape, scale in zip(shapes, model.scales, strict=False)
        ]
        self.near, self.factors = near, self._factors(near)
        self.y = [np.empty(shape, np.float32) for shape in shapes] if near is None else list(near.y)
        self.z = [np.empty((net.config.hyper.z, *header.hyper_size), np.int8) for net in self.nets]
        self.scale_index = [np.empty(shape, np.int16) for shape in shapes]
        self.symbols: list[Int] = [np.zeros(shape, np.int16) for shape in shapes]
        self.y_hat = list[NDArray[np.float32]]()

    def _factors(self, near: Latents | None) -> list[Tensor | None]:
        """By what y of another quality is multiplied: the gain of this quality over the gain of that one."""
        if near is None:
            return [None] * len(self.nets)
        then = quality_position(near.quality_index, self.model.config.quality_anchors).to(self.device)
        return [(net.gain(now) - net.gain(then)).exp() for net, now in zip(self.nets, self.quality, strict=True)]

    def _y(self, index: int, box: Box) -> Tensor:
        """y of a rectangle at this quality, float32 [1, C_y, h, w]."""
        y, factor = to_tensor(self.y[index][:, *box.slices], self.device), self.factors[index]
        return y if factor is None else y * factor

    def scaled(self) -> Iterator[NDArray[np.float32]]:
        """y of all components at this quality and with their steps, in quantiser steps."""
        for index in range(len(self.nets)):
            y = self._y(index, picture_box(self.header))
            if (steps := self.steps[index]) is not None:
                y = y * log_gain_map(steps, self.device).exp()
            yield y[0].cpu().numpy()

    def refine(self, config: RefineConfig) -> Refined:
        """Towards other y_hat, which suit this picture better; to be followed by `residuals`."""

        def planes(box: Box) -> Tensor:
            return padded(self.read, self.header, box, self.device)

        refined = refine(
            self.model, self.header, config, planes, self.y_hat, self.z, self.device, self.steps, self.rule.mapped
        )
        self.factors, self.y, self.y_hat, self.mapped = [None] * len(self.nets), list(refined.y), [], True
        return replace(refined, y=())

    def latents(self) -> None:
        """y of all components."""
        if self.near is not None:
            return
        for domain in domains(self.header):
            for tile in split(domain, TILE):
                seen = tile.grown(self.halo.analysis, domain)
                samples = padded(self.read, self.header, seen, self.device)
                stems = [net.stem.analyse(samples[:, list(net.config.planes)]) for net in self.nets]
                rows, columns = tile.inside(seen).slices
                for index, net in enumerate(self.nets):
                    features = torch.cat([stems[i] for i in (index, *net.config.condition)], 1)
                    y = net.latent(features, self.quality[index])[0, :, rows, columns]
                    self.y[index][:, *tile.slices] = y.cpu().numpy()
            release()

    def hyper_latents(self) -> None:
        """z of all components, from y."""
        for domain in domains(self.header):
            for tile in split(domain, TILE):
                own = tile.aligned(domain)
                seen = own.grown(HYPER_ANALYSIS, domain).aligned(domain)
                rows, columns = own.hyper.inside(seen.hyper).slices
                for index, net in enumerate(self.nets):
                    y = self._y(index, seen)
                    z = net.hyper_analysis(y).round().clamp(-Z_LIMIT, Z_LIMIT)[0, :, rows, columns]
                    self.z[index][:, *own.hyper.slices] = z.to(torch.int8).cpu().numpy()

    def scales(self) -> None:
        """scale_index of all components, region by region."""
        for region_index in range(self.header.num_regions):
            box = latent_box(self.header.region(region_index))
            for index, own in enumerate(self.header.components):
                z = np.ascontiguousarray(self.z[index][:, *box.hyper.slices])
                scale = self.model.scales[index]
                scaled = self.rule.scales(scale, index, z, own.quality_index, box)
                self.scale_index[index][:, *box.slices] = scaled.index
                if self.found[index] and (whole := self.steps[index]) is not None and scaled.steps is not None:
                    whole[..., *box.slices] = scaled.steps
                if scale.local and (places := self.places[index]) is not None and scaled.places is not None:
                    places[box.slices] = scaled.places

    def residuals(self, zeroing: float = 0.0, keep: bool = False) -> None:
        """Symbols of all components, by the decoder's mean path; keep: y_hat as well."""
        self.y_hat = [np.zeros_like(y) for y in self.y] if keep else []
        for window in plan(self.header, picture_box(self.header), self.halo):
            paths = list[MeanPath]()
            for index in range(len(self.nets)):
                path = self._component(index, window.crop, paths, zeroing)
                self._put(index, window, path)
                paths.append(path.lean())
            release()

    def _component(self, index: int, crop: Box, earlier: list[MeanPath], zeroing: float) -> MeanPath:
        y, log_map = self._y(index, crop), None
        if (steps := self.steps[index]) is not None:
            log_map = log_gain_map(steps[..., *crop.slices], self.device)
            y = y if self.mapped else y * log_map.exp()
        scale_index = self.scale_index[index][:, *crop.slices]
        mask = torch.from_numpy(~skip_mask(scale_index, self.header.components[index]))[None].to(self.device)
        coded = mask.contiguous(memory_format=torch.channels_last)

        if zeroing:
            least = torch.from_numpy(zeroing_thresholds(zeroing)[scale_row(scale_index.astype(np.int32))])[None]
            least = least.to(self.device)

        def residual(mean: Tensor, step: Tensor) -> Tensor:
            exact = y * step - mean
            symbols = torch.round(exact) * coded
            return symbols * (exact.abs() >= least) if zeroing else symbols

        z = to_tensor(self.z[index][:, *crop.hyper.slices], self.device)
        size = (crop.height, crop.width)
        return mean_path(self.nets[index], z, self.quality[index], earlier, size, residual, log_map)

    def _put(self, index: int, window: Window, path: MeanPath) -> None:
        area, (rows, columns) = window.area, window.area.inside(window.crop).slices
        if self.y_hat:
            self.y_hat[index][:, *area.slices] = path.y_hat[0, :, rows, columns].cpu().numpy()
        values = torch.round(path.y_hat - path.mean)[0, :, rows, columns].to(torch.int32).cpu().numpy()
        if not np.can_cast(np.min_scalar_type(int(np.abs(values).max())), self.symbols[index].dtype):
            self.symbols[index] = self.symbols[index].astype(np.int32)
        self.symbols[index][:, *area.slices] = values

    def estimate(self) -> float:
        """Bits of z and symbols under the float priors that training minimises, and of escapes as they are coded."""
        bits = 0.0
        for region_index in range(self.header.num_regions):
            region = latent_box(self.header.region(region_index))
            for tile in split(region, TILE):
                own = tile.aligned(region)
                seen = own.grown(HYPER_SCALE, region).aligned(region)
                for index in range(len(self.nets)):
                    bits += self._estimate_tile(index, own, seen)
        return bits

    def _estimate_tile(self, index: int, own: Box, seen: Box) -> float:
        net: ComponentNetwork = self.nets[index]
        z = to_tensor(self.z[index][:, *seen.hyper.slices], self.device)
        z_own = own.hyper.inside(seen.hyper).slices
        rows, columns = own.inside(seen).slices
        quality = self.quality[index]
        log_scale = net.log_scale(z, quality, seen.height, seen.width)[:, :, rows, columns]
        z_bits = probability_bits(net.hyper_prior.probability(z[:, :, z_own[0], z_own[1]], quality)).sum()
        if (steps := self.steps[index]) is not None:
            log_scale = log_scale + log_gain_map(steps[..., *own.slices], self.device)
        symbols = self.symbols[index][:, *own.slices]
        table_rows = scale_row(self.scale_index[index][:, *own.slices].astype(np.int32))
        beyond = escaped(symbols, table_rows, gaussian_tables())
        within = residual_bits(to_tensor(symbols, self.device), log_scale)[0].cpu().numpy()[~beyond]
        escapes = code_length(symbols[beyond].astype(np.int32), table_rows[beyond], gaussian_tables())
        return float(z_bits) + float(within.sum(dtype=np.float64)) + escapes


def zeroing_thresholds(bits: float) -> NDArray[np.float32]:
    """Magnitude from which a residual is worth more than 0, float32 [rows of the table of scales], at least 1/2.

    Where a residual r is coded as 0 instead of 1, the squared error grows by 2 r - 1; its unit is worth `bits`.
    """
    tables = gaussian_tables()
    rows = np.arange(tables.rows, dtype=np.int32)
    lengths = [[code_length(np.full(1, s, np.int32), row[None], tables) for s in (0, 1)] for row in rows]
    more = np.diff(np.array(lengths), axis=1)[:, 0]
    return np.maximum(0.5, 0.5 + more / (2 * bits)).astype(np.float32)


def analyse_again(
    model: Model, header: PictureHeader, read: ReadPlanes, near: Latents | None, device: str = "cpu",
    decisions: Decisions = NEAREST,
) -> tuple[Analysed, Latents]:  # fmt: skip
    """As `analyse`, and y for further calls.

    near: y of a quality nearby, None for the picture's own; only gains are then renewed, which saves half of the time.
    """
    analysis = _Analysis(model, header, read, device, near, Steps(decisions.steps, decisions.scaling))
    refinement = decisions.refine
    with torch.inference_mode():
        for step in (analysis.latents, analysis.hyper_latents, analysis.scales):
            step()
            release()
        kept = near or Latents(header.components[0].quality_index, tuple(analysis.y))
        y = tuple(analysis.scaled()) if decisions.keep else ()
        analysis.residuals(decisions.zeroing, keep=refinement is not None or decisions.keep)
    refined = None
    if refinement is not None:
        refined = analysis.refine(refinement)
        with torch.inference_mode():
            analysis.residuals(keep=decisions.keep)
    with torch.inference_mode():
        bits = analysis.estimate()
    release()
    parts = zip(analysis.z, analysis.symbols, analysis.steps, strict=True)
    tensors = tuple(CodedTensors(z, symbols, steps) for z, symbols, steps in parts)
    y_hat = tuple(analysis.y_hat) if decisions.keep else ()
    scale_index = tuple(analysis.scale_index)
    places = tuple(analysis.places)
    return Analysed(header, tensors, scale_index, bits, refined, y, y_hat, decisions.scaling, places), kept


def analyse(
    model: Model, header: PictureHeader, read: ReadPlanes, device: str = "cpu", decisions: Decisions = NEAREST
) -> Analysed:
    """Latents, hyper-latents and quantised residuals of every component that the header has."""
    return analyse_again(model, header, read, None, device, decisions)[0]
