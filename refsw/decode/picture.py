# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(7) Codestream to picture, stage by stage; reconstruction goes window by window."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from refsw import spec, syntax
from refsw.complexity import decoder_complexity
from refsw.decode.assemble import Assembly
from refsw.decode.damage import Damage
from refsw.decode.enlarge import Enlarged, check_layers, coded_area, display_header
from refsw.decode.extras import alpha_of, metadata_of
from refsw.decode.filters import filtered
from refsw.decode.lossless import applies, cropped, has_layer, whole_regions, with_layers
from refsw.decode.model import Model
from refsw.decode.parse import Parsed, parse_regions
from refsw.decode.realism import check_realism
from refsw.decode.select import WHOLE, Selection, displayed, latent_area, needed_regions
from refsw.decode.tools import NO_TOOLS, ActiveTools, Shift, ToolReport, active, told, tool_cost
from refsw.errors import DamageError, InputError, LevelError, UnsupportedError
from refsw.memory import release
from refsw.models import find_by_id
from refsw.nets.halo import halo
from refsw.syntax.geometry import Region
from refsw.syntax.headers import Codestream, PictureHeader
from refsw.syntax.salvage import salvage
from refsw.tools.tool import Tool
from refsw.tools.toolbox import DEFAULT, Toolbox
from refsw.types import CodedTensors, ComponentLatents, ComponentSymbols, Image, Planes

if TYPE_CHECKING:
    from refsw.decode.exact import ExactReconstructor
    from refsw.decode.reconstruct import Reconstructor
    from refsw.decode.windows import Window

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
    """The picture and, where they were to be kept, all tensors on the way to it.

    tensors: z and symbols of each component; symbols, latents: one per component, planes: None where nothing was kept;
    damage: what was concealed; ended: why reading the codestream stopped early, None where it did not; lossless:
    whether a lossless layer (9.9) was used; tools: what became of each coding tool. planes are those that the
    picture is made of, after post-filters.
    """

    image: Image
    codestream: Codestream
    symbols: tuple[ComponentSymbols, ...]
    latents: tuple[ComponentLatents, ...]
    planes: Planes | None
    report: DecodeReport
    tensors: tuple[CodedTensors, ...] = ()
    damage: tuple[Damage, ...] = ()
    ended: InputError | None = None
    lossless: bool = False
    tools: tuple[ToolReport, ...] = ()


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


def check_budgets(header: PictureHeader, model: Model, point: str, tools: Iterable[Tool] = ()) -> None:
    """(A.1) Raises LevelError where networks and tools that would decode a picture are over a budget of its profile."""
    profile = spec.profile(header.decoder_profile_idc)
    own = model.config.components[: len(header.components)]
    planes, channels = sum(len(c.planes) for c in own), sum(c.channels for c in own)
    costs = [tool_cost(tool, planes, channels) for tool in tools]
    excess = decoder_complexity(model.config, point, len(own)).with_tools(costs).excess(profile)
    if excess:
        name = model.package.description.name
        raise LevelError(f"operating point {point} of model {name} takes {excess} [clause A.1]")


@dataclass(frozen=True)
class Reconstruction:
    """What reconstructs a picture, and the context in which it runs."""

    reconstructor: Reconstructor | ExactReconstructor[Any]
    numerics: AbstractContextManager[None]


def reconstruction(
    model: Model, header: PictureHeader, tensors: tuple[CodedTensors, ...], point: str, device: str,
    exact: str | None, realism: float = 0.0, shift: Shift | None = None,
) -> Reconstruction:  # fmt: skip
    """Float or picture-exact networks, loaded. Raises ModelError, UsageError.

    realism: for float ones alone; shift: of latent tools.
    """
    if exact is not None:
        from refsw.decode.exact import ExactReconstructor, exact_operations

        operations, numerics = exact_operations(exact, device)
        return Reconstruction(ExactReconstructor(model, header, tensors, point, operations, shift), numerics)
    from refsw.decode.reconstruct import Reconstructor

    return Reconstruction(Reconstructor(model, header, tensors, point, device, realism, shift), nullcontext())


def load_model(header: PictureHeader) -> Model:
    """The model that a picture header names. Raises ModelError."""
    return Model.from_package(find_by_id(header.model_id, header.model_digest.hex()))


def decode_picture(
    data: bytes,
    *,
    operating_point: str | None = None,
    device: str = "cpu",
    model: Model | None = None,
    selection: Selection = WHOLE,
    keep: bool = True,
    exact: str | None = None,
    lossy: bool = False,
    realism: float = 0.0,
    toolbox: Toolbox = DEFAULT,
) -> Decoded:
    """(7.1) Decode one codestream.

    model: a model loaded before, for many pictures of one model; selection: what of the picture, and what to do about
    damage; keep: whether all tensors are wanted, which takes some 60 bytes of memory per luma sample; exact: back-end
    of picture-exact reconstruction ("auto", "float64", "oracle"), None for the float networks; lossy: leave a lossless
    layer aside; with or without it, a codestream that has one is reconstructed picture-exactly, unless realism is asked
    for; realism: 0..1, how much likely detail is drawn (9.10), not with `exact`; toolbox: the coding tools of this
    decoder. Raises CodestreamError, LevelError, DamageError, UnsupportedError, ModelError, UsageError (selection,
    realism).
    """
    clock = [time.perf_counter()]
    ended: InputError | None = None
    if selection.conceal:
        saved = salvage(data)
        codestream, ended = saved.codestream, saved.error
    else:
        codestream = syntax.read(data)
    header = codestream.picture_header
    tools = told(codestream, toolbox)
    chosen = active(tools, selection.filters, selection.luma)
    check_layers(codestream, chosen)
    area = displayed(display_header(header, chosen), selection)
    lossless = not lossy and chosen.complete and applies(codestream, selection)
    check_realism(realism, exact, lossless)
    clock.append(time.perf_counter())
    if (
        model is None
        or model.package.description.model_id != header.model_id
        or (model.package.digest[: 2 * len(header.model_digest)] != header.model_digest.hex())
    ):
        model = load_model(header)
    point = choose_operating_point(header, model, operating_point)
    check_budgets(header, model, point, [one.tool for one in tools])
    clock.append(time.perf_counter())
    count = 1 if selection.luma else len(header.components)
    shown = area
    if lossy and has_layer(codestream) and not realism:
        exact = exact or "auto"
    if lossless:
        exact, area = exact or "auto", whole_regions(header, area)
        if point != OPERATING_POINTS[header.synthesis_transform_id[0]]:
            raise UnsupportedError(f"operating point {point}: the lossless layer belongs to another; decode without it")
    wanted = latent_area(coded_area(header, chosen, area))
    regions = needed_regions(header, wanted, halo(model.config, count), chosen.margin)
    parsed: Parsed = parse_regions(
        codestream, model, regions=regions, components=count, channels=selection.channels,
        conceal=selection.conceal, keep=keep, rows=realism > 0 or bool(chosen.latents),
    )  # fmt: skip
    clock.append(time.perf_counter())

    run = reconstruction(model, header, parsed.tensors, point, device, exact, realism, chosen.shift)  # loads torch
    clock.append(time.perf_counter())
    assembly = assembly_of(header, model, area, parsed.tensors, chosen, keep)
    release()
    with run.numerics:
        for window in run.reconstructor.windows(wanted, chosen.margin):
            _reconstruct(run.reconstructor, assembly, window, chosen)
            release()
    names = ("headers", "load model", "symbols", "load networks")
    spent = {n: b - a for n, a, b in zip(names, clock, clock[1:], strict=False)}
    stages = (
        ("headers", spent["headers"]), ("load model", spent["load model"] + spent["load networks"]),
        ("symbols", spent["symbols"]), *run.reconstructor.clock.seconds.items(), ("colour", assembly.seconds),
    )  # fmt: skip
    image, damage, begin = assembly.image(), parsed.damage, time.perf_counter()
    if lossless:
        whole, found = with_layers(codestream, image, area, selection.conceal)
        image, damage = cropped(whole, area, shown), damage + found
        stages = (*stages, ("lossless layer", time.perf_counter() - begin))
    alpha, lost = _alpha(codestream, display_header(header, chosen), shown, selection.conceal)
    image = replace(image, alpha=alpha, metadata=metadata_of(codestream))
    return Decoded(
        image, codestream, parsed.symbols, assembly.latents(), assembly.planes(),
        DecodeReport(point, stages), parsed.tensors, damage + lost, ended, lossless, chosen.report,
    )  # fmt: skip


def reconstruct_image(
    model: Model, header: PictureHeader, tensors: tuple[CodedTensors, ...], point: str, device: str = "cpu",
    exact: str | None = None, tools: ActiveTools = NO_TOOLS,
) -> Image:  # fmt: skip
    """(9) The picture that exact tensors give at an operating point: what a decoder shows, without the bytes between.

    exact: as of `decode_picture`; tools: what the codestream will say to them.
    """
    run = reconstruction(model, header, tensors, point, device, exact, shift=tools.shift)
    assembly = assembly_of(header, model, displayed(display_header(header, tools), WHOLE), tensors, tools, keep=False)
    with run.numerics:
        for window in run.reconstructor.windows(margin=tools.margin):
            _reconstruct(run.reconstructor, assembly, window, tools)
            release()
    return assembly.image()


def assembly_of(
    header: PictureHeader, model: Model, area: Region, tensors: tuple[CodedTensors, ...], tools: ActiveTools, keep: bool
) -> Assembly | Enlarged:
    """(9.5, 9.12) What coded planes become a rectangle of the displayed picture by."""
    assembly = Assembly(display_header(header, tools), model, area, tensors, keep)
    return assembly if tools.resolution is None else Enlarged(assembly, header, tools.resolution, area)


def _alpha(
    codestream: Codestream, header: PictureHeader, area: Region, conceal: bool
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16] | None, tuple[Damage, ...]]:
    """(9.5.5) Opacity of the wanted rectangle; None where there is none, or where it is damaged and concealed."""
    if codestream.alpha is None:
        return None, ()
    try:
        alpha = alpha_of(codestream.alpha, header)
    except DamageError as error:
        if not conceal:
            raise
        return None, (Damage(0, 0, "alpha", str(error)),)
    shown: NDArray[np.uint8] | NDArray[np.uint16] = alpha[area.top : area.bottom, area.left : area.right]
    return np.ascontiguousarray(shown), ()


def _reconstruct(reconstructor: Any, assembly: Assembly | Enlarged, window: Window, tools: ActiveTools) -> None:
    """One window; a function, so that its tensors are gone before those of the next are made."""
    paths = reconstructor.latents(window, assembly.keep)
    assembly.put_latents(window, paths)
    release()
    for block in window.blocks:
        parts = reconstructor.planes(window, block, paths)
        if tools.filters:
            assembly.put_planes(filtered(tools.filters, reconstructor.header, window.domain, block, parts))
        else:
            for part in parts:
                assembly.put_planes(part)
