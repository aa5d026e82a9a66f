# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Codestreams of valid vectors: from pictures through the encoder, or from drawn symbols through integers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw import syntax
from refsw.colour import Colours
from refsw.config import Config, load_config
from refsw.decode.model import Model
from refsw.decode.parse import skip_mask
from refsw.decode.picture import decode_picture
from refsw.decode.quality_map import differences
from refsw.decode.steps import NO_STEPS
from refsw.decode.steps import Steps as Rule
from refsw.decode.tools import Told
from refsw.decode.windows import latent_box
from refsw.encode.analyse import planes_of
from refsw.encode.extras import extras_of
from refsw.encode.picture import picture_header, quality_to_index
from refsw.encode.tools import tool_blocks
from refsw.encode.write import with_plane_digests, write_picture
from refsw.entropy import rans
from refsw.entropy.tables import FrequencyTables, gaussian_tables
from refsw.errors import RefswError
from refsw.models import ModelPackage, load_package
from refsw.spec import level
from refsw.syntax.headers import EXPERIMENTAL, Codestream, ComponentHeader, PictureHeader, QualityMap
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING
from refsw.types import ComponentSymbols, Image
from suitegen.coded import Coder
from suitegen.pictures import noise

Change = Callable[[Codestream], Codestream]
Draw = Callable[[ComponentSymbols, int], ComponentSymbols]
Steps = Callable[[int, int], NDArray[np.int8]]


def as_it_is(header: PictureHeader) -> PictureHeader:
    """No change."""
    return header


def experimental(header: PictureHeader) -> PictureHeader:
    """A picture of the experimental profile."""
    return replace(header, stream_profile_idc=EXPERIMENTAL, decoder_profile_idc=EXPERIMENTAL)


@dataclass(frozen=True, eq=False)
class Bench:
    """The model of a suite, loaded once, and the named configuration that vectors start from.

    shared: another bench, whose model and coder this one takes.
    """

    package: ModelPackage
    configuration: str = "cfg/base.yaml"
    shared: Bench | None = None

    @cached_property
    def model(self) -> Model:
        """With its networks."""
        return Model.from_package(self.package) if self.shared is None else self.shared.model

    @cached_property
    def coder(self) -> Coder:
        """Codes pictures."""
        return Coder(self.model) if self.shared is None else self.shared.coder

    @cached_property
    def simple(self) -> Bench:
        """The same for profile simple."""
        return Bench(self.package, "cfg/simple.yaml", self)

    @cached_property
    def visual(self) -> Bench:
        """The same for the set `visual`, which has local steps (8.10)."""
        if self.shared is None:
            return Bench(load_package("visual"), "cfg/visual.yaml")
        return Bench(self.shared.visual.package, self.configuration, self.shared.visual)

    @property
    def packages(self) -> tuple[ModelPackage, ...]:
        """Of all models that vectors are coded with."""
        return self.package, self.visual.package

    def of(self, data: bytes) -> Bench:
        """The bench of the model that a codestream names; this one where it names none."""
        try:
            model_id = syntax.read(data).picture_header.model_id
        except RefswError:
            return self
        return self.visual if model_id == self.visual.package.description.model_id else self

    def config(self, *overrides: str) -> Config:
        """The configuration, with what a vector changes."""
        return load_config(self.configuration, (f"model={self.package.description.name}", *overrides))

    def coded(
        self, image: Image, *overrides: str, quality: float = 50, colours: Colours | None = None,
        change: Callable[[PictureHeader], PictureHeader] = as_it_is, steps: Steps | None = None,
        map_coding: tuple[int, int] = (16, 0), tools: Sequence[Told] = (),
    ) -> bytes:  # fmt: skip
        """A picture to a codestream, the same on every machine; change: of the picture header, before coding.

        steps: latent size -> int8 [h, w], a quality map; map_coding: its table row and base-2 logarithm of lanes;
        tools: what the codestream says to coding tools.
        """
        config = self.config(*overrides)
        index = quality_to_index(quality, self.model.config.quality_anchors)
        header = change(picture_header(image, config, self.model, index, colours))
        own = None if steps is None else steps(*header.latent_size)
        scaling = next((one.payload for one in tools if one.tool is VARIANCE_SCALING), None)
        rule = NO_STEPS if own is None and scaling is None else Rule(own, scaling)
        read = planes_of(image, self.model.config.colour_transform_idc if colours is None else colours)
        tensors = self.coder.symbols(header, read, rule)
        extras = extras_of(image, level(header.level_idc))
        lanes, digest = config.coding.lanes, config.coding.digest
        segment = None if own is None else quality_map(own, *map_coding)
        written = write_picture(
            self.model, header, tensors, lanes, digest, extras, segment, tool_blocks(tools, header)
        )  # fmt: skip
        if config.coding.plane_digests:
            written = with_plane_digests(written, decode_picture(written.data, model=self.model, exact="auto").image)
        return written.data

    def drawn(
        self, seed: str, image: Image, *overrides: str, quality_index: tuple[int, ...] = (1024,),
        draw: Draw | None = None, lanes: tuple[int, int] = (1, 1), digest: bool = True, **header: Any,
    ) -> bytes:  # fmt: skip
        """Symbols from a seed, as likely as the tables say; image: gives size and format alone.

        quality_index: per component, the last one for all others; draw: changes z and symbols of a component;
        lanes: of z and of residuals; header: elements of the picture header, components: a function of each of them.
        """
        config = self.config(*overrides)
        own = picture_header(image, config, self.model, 0)
        change = header.pop("component", lambda component, index: component)
        components = tuple(
            change(replace(part, quality_index=quality_index[min(index, len(quality_index) - 1)]), index)
            for index, part in enumerate(own.components)
        )
        own = replace(own, components=components, **header)
        tensors = tuple(self._drawn(seed, own, index, draw) for index in range(len(components)))
        if lanes[0] == lanes[1]:
            return write_picture(self.model, own, tensors, lanes[0], digest).data
        first = write_picture(self.model, own, tensors, lanes[0], False).codestream
        second = write_picture(self.model, own, tensors, lanes[1], False).codestream
        mixed = tuple(
            replace(part, log2_lanes_z=one.log2_lanes_z)
            for part, one in zip(second.picture_header.components, first.picture_header.components, strict=True)
        )
        return syntax.write(replace(second, picture_header=replace(second.picture_header, components=mixed), z=first.z))

    def _drawn(self, seed: str, header: PictureHeader, index: int, draw: Draw | None) -> ComponentSymbols:
        """Region by region, because the scale index of a region depends on its own z alone."""
        scale, component = self.model.scales[index], header.components[index]
        z = np.zeros((scale.network.inputs, *header.hyper_size), np.int8)
        indices = np.zeros((scale.channels, *header.latent_size), np.int32)
        tables = scale.z_tables(component.quality_index)
        rows = np.repeat(np.arange(len(z)), z[0].size)
        z[:] = _symbols(f"{seed}/z{index}", rows, tables).reshape(z.shape)
        found = ComponentSymbols(z, indices, indices != 0, indices.copy())
        if draw is not None:
            found = draw(found, index)
        for region in range(header.num_regions):
            box = latent_box(header.region(region))
            (high, wide), (z_high, z_wide) = box.slices, box.hyper.slices
            part = np.ascontiguousarray(found.z[:, z_high, z_wide])
            indices[:, high, wide] = NO_STEPS.scales(scale, index, part, component.quality_index, box).index
        mask = skip_mask(indices, component)
        own = gaussian_tables()
        chosen = ((indices + 64) >> 7).clip(0, own.rows - 1)
        symbols = _symbols(f"{seed}/y{index}", chosen.ravel(), own).reshape(indices.shape)
        found = ComponentSymbols(found.z, indices, mask, symbols.astype(np.int32))
        if draw is not None:
            found = draw(found, index)
        return replace(found, symbols=np.where(mask, 0, found.symbols).astype(np.int32))


def quality_map(steps: NDArray[np.int8], row: int, log2_lanes: int) -> QualityMap:
    """(8.8.1) The segment, in a coding that is given."""
    values = differences(steps)
    data = rans.encode(values, np.full(len(values), row, np.int32), gaussian_tables(), 1 << log2_lanes)
    return QualityMap(quality_map_data=bytes([row, log2_lanes]) + data)


def _symbols(seed: str, rows: NDArray[np.int64], tables: FrequencyTables) -> NDArray[np.int64]:
    """A symbol for each table row, by its frequencies; what would be an escape becomes the greatest symbol."""
    points = noise(seed, len(rows), tables.total_bits)
    values = np.zeros(len(rows), np.int64)
    for row in np.unique(rows):
        entries = slice(int(tables.offsets[row]), int(tables.offsets[row + 1]))
        places = np.flatnonzero(rows == row)
        entry = np.searchsorted(np.cumsum(tables.frequencies[entries]), points[places], side="right")
        values[places] = np.minimum(int(tables.minimum[row]) + entry, int(tables.maximum[row]))
    return values


def changed(data: bytes, change: Change) -> bytes:
    """A codestream whose parts are changed; written, so that it is valid."""
    return syntax.write(change(syntax.read(data)))


def component(header: PictureHeader, index: int, **changes: Any) -> PictureHeader:
    """A header with elements of one component changed."""
    parts: list[ComponentHeader] = list(header.components)
    parts[index] = replace(parts[index], **changes)
    return replace(header, components=tuple(parts))
