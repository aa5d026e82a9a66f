# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A model package, ready to decode with: integer part first, networks only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from refsw.colour import BT709, FIXED_TRANSFORMS
from refsw.constants import (
    HYPER_BLOCK,
    QUALITY_ANCHOR_BITS,
    QUALITY_MAP_LIMIT,
    SCALE_FRACTION_BITS,
    SCALE_INDEX_MAXIMUM,
    Z_LIMIT,
)
from refsw.decode.fixed import FixedComponent
from refsw.decode.weights import float_tensors
from refsw.entropy.tables import FrequencyTables
from refsw.errors import ModelError
from refsw.exact import IntegerNetwork
from refsw.models import ModelPackage
from refsw.nets.config import ARCHITECTURE, CodecConfig, component_from_plain
from refsw.types import Int

if TYPE_CHECKING:
    from refsw.nets.codec import CodecNetwork

StepsOf = Callable[[NDArray[np.int32], NDArray[np.int8] | None, slice, slice], NDArray[np.int8] | None]
"""(8.8 to 8.10) s + q of a tile, int32 [C_y, h, w], local steps, rows and columns -> steps, [h, w] or [C_y, h, w]."""
SCALE_TILE = 32
"""Side of a tile of the scale path, samples of z: 2048 luma samples."""
SCALE_TERM_MAXIMUM = 1 << 20  # of each term of a scale index, Q7; 128 times the range of their sum


def interpolated(anchors: NDArray[np.integer[Any]], quality_index: int) -> NDArray[np.integer[Any]]:
    """(8.2.2, 8.3.2) Integers [anchors, ...] between the two anchors around a quality, rounded, halves up: [...]."""
    whole = 1 << QUALITY_ANCHOR_BITS
    low = min(quality_index >> QUALITY_ANCHOR_BITS, len(anchors) - 2)
    share = quality_index - low * whole
    return (anchors[low] * (whole - share) + anchors[low + 1] * share + whole // 2) >> QUALITY_ANCHOR_BITS


def local_steps(output: NDArray[np.int32]) -> NDArray[np.int8]:
    """(8.10.1) Q7 output of the scale network's last channel [h, w] -> steps, int8 [h, w], -16..16."""
    rounded = (output + (1 << (SCALE_FRACTION_BITS - 1))) >> SCALE_FRACTION_BITS
    return rounded.clip(-QUALITY_MAP_LIMIT, QUALITY_MAP_LIMIT).astype(np.int8)


def place_steps(mapped: NDArray[np.int8] | None, local: NDArray[np.int8] | None) -> NDArray[np.int8] | None:
    """(8.10.2) Quality map and local steps together, int8 [h, w], -16..16; None where there is neither."""
    if mapped is None or local is None:
        return local if mapped is None else mapped
    return (mapped + local).clip(-QUALITY_MAP_LIMIT, QUALITY_MAP_LIMIT).astype(np.int8)


@dataclass(frozen=True, eq=False)
class ScaleModel:
    """What steers the parsing of one component: integers only.

    network: z -> Q7 log scale without quality, int32 [C_y, ...], and in one channel more the step of each place (8.10);
    quality: int32 [anchors, C_y], Q7, added to it;
    z_frequencies: int32 [anchors, C_z, 64], frequencies of -31..31 and escape.
    """

    network: IntegerNetwork
    quality: NDArray[np.int32]
    z_frequencies: NDArray[np.int32]

    @property
    def channels(self) -> int:
        """C_y."""
        return self.quality.shape[1]

    @property
    def local(self) -> bool:
        """(8.10) Whether it says steps of places."""
        return self.network.outputs > self.channels

    def z_tables(self, quality_index: int) -> FrequencyTables:
        """(8.2.2) Tables of z, one row per channel: cumulative frequencies are interpolated between anchors."""
        sums = interpolated(np.cumsum(self.z_frequencies, axis=2, dtype=np.int64), quality_index)
        return FrequencyTables.from_frequencies(np.diff(sums, axis=1, prepend=0), -Z_LIMIT)

    def quality_offset(self, quality_index: int) -> NDArray[np.int32]:
        """(8.3.2) Q7 term of each channel, int32 [C_y], interpolated between anchors and rounded, halves up."""
        return interpolated(self.quality, quality_index).astype(np.int32)

    def scaled_index(
        self, z: Int, quality_index: int, height: int, width: int, steps_of: StepsOf, backend: str = "auto"
    ) -> tuple[NDArray[np.int32], NDArray[np.int8] | None]:
        """(8.3, 8.8 to 8.10) Scale index and steps of a region.

        z: int8 [C_z, ceil(h/4), ceil(w/4)] -> Q7 log scale 0..8191, int32 [C_y, height, width], and what `steps_of`
        says, int8 [height, width] or [C_y, height, width]; None where that is None.

        Runs tile by tile; each sees all of z that its output depends on, so that tiles change nothing.
        """
        out = np.empty((self.channels, height, width), np.int32)
        steps: NDArray[np.int8] | None = None
        for rows, columns, own, local in self._tiles(z, quality_index, height, width, backend):
            found = steps_of(own, local, rows, columns)
            if found is not None:
                if steps is None:
                    steps = np.empty((*found.shape[:-2], height, width), np.int8)
                steps[..., rows, columns] = found
                own = own + (found.astype(np.int32) << SCALE_FRACTION_BITS)
            out[:, rows, columns] = own.clip(0, SCALE_INDEX_MAXIMUM)
        return out, steps

    def _tiles(
        self, z: Int, quality_index: int, height: int, width: int, backend: str
    ) -> Iterator[tuple[slice, slice, NDArray[np.int32], NDArray[np.int8] | None]]:
        """(8.3.1, 8.10) Rows, columns, and there s + q, not clamped, and local steps."""
        offset, reach = self.quality_offset(quality_index)[:, None, None], self.network.reach
        for top in range(0, z.shape[1], SCALE_TILE):
            for left in range(0, z.shape[2], SCALE_TILE):
                first, before = max(0, top - reach), max(0, left - reach)
                seen = z[:, first : top + SCALE_TILE + reach, before : left + SCALE_TILE + reach]
                index = self.network.run(seen, backend)
                rows = slice(HYPER_BLOCK * top, min(HYPER_BLOCK * (top + SCALE_TILE), height))
                columns = slice(HYPER_BLOCK * left, min(HYPER_BLOCK * (left + SCALE_TILE), width))
                own = index[:, rows.start - HYPER_BLOCK * first :, columns.start - HYPER_BLOCK * before :]
                own = own[:, : rows.stop - rows.start, : columns.stop - columns.start]
                yield rows, columns, own[: self.channels] + offset, local_steps(own[-1]) if self.local else None


@dataclass(frozen=True, eq=False)
class Model:
    """A verified package with its integer networks proven."""

    package: ModelPackage
    config: CodecConfig
    scales: tuple[ScaleModel, ...]

    @classmethod
    def from_package(cls, package: ModelPackage) -> Model:
        """Raises ModelError where tensors do not fit the structure or a bound fails."""
        description = package.description
        components, scales = [], []
        for own in description.components:
            if own.architecture != ARCHITECTURE:
                raise ModelError(f"{package.label}: component {own.name}: unknown architecture {own.architecture}")
            component = component_from_plain(own.config)
            network = IntegerNetwork.from_tensors(
                f"{description.name}/{own.name}.scale", package.section("integer", f"{own.name}.scale.")
            )
            quality = package.tensor("integer", f"{own.name}.quality")
            frequencies = package.tensor("integer", f"{own.name}.z_frequencies")
            anchors, z = description.quality_anchors, component.hyper.z
            found = (network.inputs, network.outputs, network.upsampling, quality.shape, frequencies.shape)
            if found != (
                z,
                component.channels + component.local_steps,
                HYPER_BLOCK,
                (anchors, component.channels),
                (anchors, z, 2 * Z_LIMIT + 2),
            ):
                raise ModelError(f"{package.label}: component {own.name}: integer tensors do not fit its structure")
            bounds = np.array([quality.min(), quality.max(), *network.layers[-1].output_range], np.int64)
            if quality.dtype != np.int32 or np.abs(bounds).max() > SCALE_TERM_MAXIMUM:  # its int32 sums would wrap
                raise ModelError(
                    f"{package.label}: component {own.name}: quality table or output of the scale network: "
                    f"expected int32 within -{SCALE_TERM_MAXIMUM}..{SCALE_TERM_MAXIMUM}"
                )
            components.append(component)
            scales.append(ScaleModel(network, quality, frequencies))
        try:
            low, high = (value / 1e6 for value in description.config["lagrangian_millionths"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{package.label}: config is not complete: {error}") from None
        colours = description.config.get("colour_transform_idc", BT709)
        if colours not in FIXED_TRANSFORMS:
            raise ModelError(
                f"{package.label}: config: colour_transform_idc {colours!r}: expected one of {FIXED_TRANSFORMS}"
            )
        config = CodecConfig(tuple(components), description.quality_anchors, low, high, colours)
        return cls(package, config, tuple(scales))

    @property
    def operating_points(self) -> tuple[str, ...]:
        """Synthesis transforms that the package has, of "sop", "bop", "hop"."""
        return self.config.points

    @cached_property
    def fixed(self) -> tuple[FixedComponent, ...]:
        """(9.8.4) Integer networks of picture-exact decoding. Raises ModelError where the package has none."""
        if "fixed" not in self.package.tensors:
            raise ModelError(f"{self.package.label} has no networks for picture-exact decoding (9.8)")
        label, names = self.package.label, [own.name for own in self.package.description.components]
        sections = [self.package.section("fixed", f"{name}.") for name in names]
        return tuple(FixedComponent.from_tensors(f"{label}: {n}", s) for n, s in zip(names, sections, strict=True))

    @cached_property
    def network(self) -> CodecNetwork:
        """The float networks, in evaluation mode on the CPU. Loads torch."""
        import torch

        from refsw.nets.codec import CodecNetwork

        network = CodecNetwork(self.config)
        state = {}
        for index, own in enumerate(self.package.description.components):
            for name, array in float_tensors(self.package, own.name).items():
                state[f"components.{index}.{name}"] = torch.tensor(array)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            first = str(error).splitlines()[1].strip()
            raise ModelError(f"{self.package.label}: weights do not fit its structure: {first}") from None
        return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)
