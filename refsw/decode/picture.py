# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(7) Codestream to picture, stage by stage."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from refsw import syntax
from refsw.colour import image_from_planes
from refsw.decode.model import Model
from refsw.decode.parse import parse_symbols
from refsw.errors import UnsupportedError
from refsw.models import find_by_id
from refsw.syntax.headers import Codestream, PictureHeader
from refsw.types import ComponentLatents, ComponentSymbols, Image, Planes

OPERATING_POINTS = ("sop", "bop", "hop")


@dataclass(frozen=True)
class DecodeReport:
    """Seconds of each stage, in order."""

    operating_point: str
    stages: tuple[tuple[str, float], ...]

    @property
    def seconds(self) -> float:
        """All stages together."""
        return sum(s for _, s in self.stages)


@dataclass(frozen=True)
class Decoded:
    """The picture and everything on the way to it."""

    image: Image
    codestream: Codestream
    symbols: tuple[ComponentSymbols, ...]
    latents: tuple[ComponentLatents, ...]
    planes: Planes
    report: DecodeReport


def choose_operating_point(header: PictureHeader, model: Model, wanted: str | None) -> str:
    """(7.3) The synthesis to run: the wanted one, else the first listed that the model package has.

    Raises UnsupportedError where the codestream does not list it, or the package lacks it.
    """
    listed = [OPERATING_POINTS[i] for i in header.synthesis_transform_id]
    installed = model.operating_points
    if wanted is not None and wanted not in listed:
        raise UnsupportedError(f"operating point {wanted}: this codestream lists {', '.join(listed)}")
    usable = [p for p in ([wanted] if wanted else listed) if p in installed]
    if not usable:
        name = model.package.description.name
        raise UnsupportedError(f"operating point {wanted or listed[0]}: model {name} has {', '.join(installed)}")
    return usable[0]


def load_model(header: PictureHeader) -> Model:
    """The model that a picture header names. Raises ModelError."""
    return Model.from_package(find_by_id(header.model_id, header.model_digest.hex()))


def decode_picture(
    data: bytes, *, operating_point: str | None = None, device: str = "cpu", model: Model | None = None
) -> Decoded:
    """(7.1) Decode one codestream.

    model: a model loaded before, for many pictures of one model. Raises CodestreamError, LevelError, DamageError,
    UnsupportedError, ModelError.
    """
    clock = [time.perf_counter()]
    codestream = syntax.read(data)
    header = codestream.picture_header
    clock.append(time.perf_counter())
    if (
        model is None
        or model.package.description.model_id != header.model_id
        or (model.package.digest[: 2 * len(header.model_digest)] != header.model_digest.hex())
    ):
        model = load_model(header)
    point = choose_operating_point(header, model, operating_point)
    clock.append(time.perf_counter())
    symbols = parse_symbols(codestream, model)
    clock.append(time.perf_counter())

    from refsw.decode.reconstruct import reconstruct  # torch is loaded only for a stream that parses

    model.network  # noqa: B018  (loading is not part of a stage)
    clock.append(time.perf_counter())
    done = reconstruct(model, header, symbols, device)
    clock.append(time.perf_counter())
    shown = Planes(np.ascontiguousarray(done.planes.samples[:, : header.height, : header.width]), header.bit_depth)
    image = image_from_planes(shown, header.colour_transform_idc)
    clock.append(time.perf_counter())
    names = ("headers", "load model", "symbols", "load networks", "", "colour")
    spent = {n: b - a for n, a, b in zip(names, clock, clock[1:], strict=False)}
    stages = (
        ("headers", spent["headers"]), ("load model", spent["load model"] + spent["load networks"]),
        ("symbols", spent["symbols"]), *done.stages, ("colour", spent["colour"]),
    )  # fmt: skip
    return Decoded(image, codestream, symbols, done.latents, done.planes, DecodeReport(point, stages))
