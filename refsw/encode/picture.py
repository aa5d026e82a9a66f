# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Picture to codestream, with the reconstruction that a decoder on this machine will give."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from refsw.colour import CUSTOM, NO_TRANSFORM, Colours, CustomTransform
from refsw.complexity import decoder_complexity
from refsw.config import Config
from refsw.constants import QUALITY_ANCHOR_BITS
from refsw.decode.model import Model
from refsw.decode.picture import OPERATING_POINTS
from refsw.decode.tools import tool_cost
from refsw.encode.analyse import planes_of
from refsw.encode.attempts import Attempts, Bench
from refsw.encode.extras import extras_of
from refsw.encode.lossless_layer import BASE_QUALITY, with_lossless_layer
from refsw.encode.modes import Wanted, allowed, wanted_tools
from refsw.encode.partition import partition
from refsw.encode.quality_map import check_steps
from refsw.encode.rate import Target
from refsw.encode.resolution import FULL, Contest, asked_resolution, resolution_payload, smaller
from refsw.encode.scaling import TRIAL_BYTES
from refsw.encode.shown import shown
from refsw.encode.tools import ToolDecision
from refsw.encode.write import with_plane_digests
from refsw.errors import UnsupportedError, UsageError
from refsw.memory import check_memory
from refsw.models import load_package
from refsw.spec import level, lowest_level, profile_named
from refsw.syntax.budget import encoder_memory_bytes, scaling_memory_bytes
from refsw.syntax.headers import BIT_DEPTHS, CHROMA_FORMATS, EXPERIMENTAL, ComponentHeader, PictureHeader
from refsw.tools.resolution.tool import RESOLUTION
from refsw.tools.toolbox import DEFAULT, Toolbox
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING
from refsw.types import Image


@dataclass(frozen=True)
class EncodeReport:
    """What was chosen, and what it cost.

    estimated_bits: of all symbols under the priors that training minimises, and headers at their real size;
    ideal_bits: of all symbols under the entropy coder's tables; refine_iterations: fewest of all blocks;
    refine_gain: by how much bits + lambda * distortion fell, relative to bits; tools: decisions about coding tools.
    """

    bytes: int
    bits_per_pixel: float
    estimated_bits: float
    ideal_bits: float
    header_bytes: int
    quality_index: tuple[int, ...]
    level_idc: int
    operating_point: str
    stages: tuple[tuple[str, float], ...]
    refine_iterations: int = 0
    refine_gain: float = 0.0
    tools: tuple[ToolDecision, ...] = ()

    @property
    def seconds(self) -> float:
        """All stages together."""
        return sum(s for _, s in self.stages)


@dataclass(frozen=True)
class Encoded:
    """The codestream and what it decodes to.

    reconstruction: None where nobody asked; reconstruct: makes it, from what the encoder knows, when somebody does.
    """

    data: bytes
    reconstruction: Image | None
    report: EncodeReport
    reconstruct: Callable[[], Image] = field(repr=False, compare=False)


def load_model(config: Config) -> Model:
    """The model set that a configuration names. Raises ModelError."""
    return Model.from_package(load_package(config.model))


def quality_to_index(quality: float, anchors: int) -> int:
    """Quality 0..100 -> quality_index 0..2048. Raises UsageError."""
    if not 0 <= quality <= 100:
        raise UsageError(f"quality {quality:g}: expected 0..100")
    return round(quality / 100 * ((anchors - 1) << QUALITY_ANCHOR_BITS))


def picture_header(
    image: Image, config: Config, model: Model, quality_index: int, colours: Colours | None = None,
    tools: Sequence[Wanted] = (), own_size: tuple[int, int] | None = None,
) -> PictureHeader:  # fmt: skip
    """Header of a picture before its symbols are known; own_size: coded rows and columns where they are others.

    Raises LevelError, UnsupportedError, UsageError.
    """
    missing = [p for p in config.operating_points if p not in model.operating_points]
    if missing:
        raise UnsupportedError(
            f"configuration {config.name}: operating point {missing[0]}: "
            f"model {config.model} has {', '.join(model.operating_points)}"
        )
    profile = profile_named(config.profile)
    planes, channels = 1 if image.chroma_format_idc == 0 else 3, sum(c.channels for c in model.config.components)
    costs = [tool_cost(one.tool, planes, channels) for one in tools]
    for point in config.operating_points:
        excess = decoder_complexity(model.config, point).with_tools(costs).excess(profile)
        if excess:
            raise UnsupportedError(
                f"configuration {config.name}: operating point {point} of model {config.model} takes {excess}"
            )
    allowed_points = [OPERATING_POINTS[index] for index in profile.synthesis_transforms]
    for point in config.operating_points:
        if point not in allowed_points:
            raise UnsupportedError(
                f"configuration {config.name}: operating point {point}: profile {profile.name} allows "
                f"{', '.join(allowed_points)}"
            )
    source = image.chroma_format_idc
    if image.bit_depth not in BIT_DEPTHS or BIT_DEPTHS.index(image.bit_depth) > profile.max_bit_depth_idc:
        allowed = BIT_DEPTHS[: profile.max_bit_depth_idc + 1]
        raise UnsupportedError(f"bit depth {image.bit_depth}: profile {profile.name} allows {allowed}")
    if source not in profile.chroma_formats:
        raise UnsupportedError(f"chroma format {CHROMA_FORMATS[source]}: profile {profile.name} does not allow it")
    components = model.config.components if source else model.config.components[:1]
    height, width = own_size or (image.height, image.width)
    if source == 0 or image.ycbcr:
        colours = NO_TRANSFORM
    elif colours is None:
        colours = model.config.colour_transform_idc
    own = colours if isinstance(colours, CustomTransform) else None
    parts = partition(height, width, config)
    return PictureHeader(
        stream_profile_idc=EXPERIMENTAL if profile.decoder_profile_idc == EXPERIMENTAL else 0,
        decoder_profile_idc=profile.decoder_profile_idc,
        level_idc=lowest_level(image.width, image.height, parts.regions).level_idc,
        synthesis_transform_id=tuple(OPERATING_POINTS.index(p) for p in config.operating_points),
        model_id=model.package.description.model_id,
        model_digest=bytes.fromhex(model.package.digest[:8]),
        coded_width_minus1=width - 1,
        coded_height_minus1=height - 1,
        bit_depth_idc=BIT_DEPTHS.index(image.bit_depth),
        source_chroma_format_idc=source,
        coded_chroma_format_idc=3 if source else 0,
        colour_transform_idc=colours if own is None else CUSTOM,
        colour_matrix=() if own is None else own.matrix,
        colour_offset=() if own is None else own.offset,
        region_partitioning_flag=parts.regions > 1,
        num_ver_splits_minus1=parts.rows - 1,
        num_hor_splits_minus1=parts.columns - 1,
        independent_regions_flag=parts.independent,
        synthesis_tile_flag=parts.tile > 0,
        synthesis_tile_size_div16=parts.tile,
        synthesis_tile_overlap_div16=parts.overlap,
        components=tuple(
            ComponentHeader(
                quality_index=quality_index,
                num_coded_channels=c.channels,
                skip_enabled_flag=config.coding.skip_threshold_of(i) > 0,
                skip_threshold=config.coding.skip_threshold_of(i),
            )
            for i, c in enumerate(components)
        ),
    )


def wanted(config: Config, quality: float | None, bpp: float | None, target: Target | None) -> Target | None:
    """The target to meet, None for a quality; the configuration decides where none is given. Raises UsageError."""
    if (quality is not None) + (bpp is not None) + (target is not None) > 1:
        raise UsageError("quality, bpp and target: only one of them can be given")
    if bpp is not None:
        target = Target("bpp", bpp)
    elif target is None and quality is None:
        target = next((Target(kind, value) for kind, value in config.rate.targets if value is not None), None)
    if target is not None and not 0 < target.value < math.inf:  # not a number is not more than 0
        raise UsageError(f"{target.kind} {target.value:g}: expected more than 0")
    if target is not None and target.kind == "msssim" and target.value >= 1:
        raise UsageError(f"msssim {target.value:g}: expected less than 1")
    return target


def attempts_at(
    image: Image, config: Config, model: Model, quality: float, device: str = "cpu",
    colours: Colours | None = None, steps: NDArray[np.int8] | None = None, toolbox: Toolbox = DEFAULT,
    resolution_idc: int = FULL,
) -> Attempts:  # fmt: skip
    """What codes a picture, at first at quality 0..100; steps: its quality map. Raises UsageError, UnsupportedError.

    toolbox: coding tools, of which the configuration turns some on. What the profile does not have
    makes the picture experimental. resolution_idc: of the coded picture (9.12).
    """
    profile = profile_named(config.profile)
    tools = wanted_tools(config, profile, toolbox)
    index = quality_to_index(quality, model.config.quality_anchors)
    planes = planes_of(image, model.config.colour_transform_idc if colours is None else colours)
    resolution, size = None, (image.height, image.width)
    if resolution_idc != FULL:
        resolution = resolution_payload(resolution_idc, *size)
        planes, size = smaller(planes, *size, image.bit_depth, resolution_idc)
    header = picture_header(image, config, model, index, colours, tools, size)
    if resolution is not None or not all(allowed(one.tool, profile) for one in tools if one.tool is not RESOLUTION):
        header = replace(header, stream_profile_idc=EXPERIMENTAL, decoder_profile_idc=EXPERIMENTAL)
    extras = extras_of(image, level(header.level_idc))
    needed = encoder_memory_bytes(replace(header, tools_enabled_flag=bool(tools)))
    if any(one.tool is VARIANCE_SCALING for one in tools):
        needed += (1 + TRIAL_BYTES) * scaling_memory_bytes(header)
    check_memory(needed, image.width, image.height)
    if steps is not None:
        check_steps(steps, header)
        header = replace(header, stream_profile_idc=EXPERIMENTAL, decoder_profile_idc=EXPERIMENTAL)
    model.network  # noqa: B018  (loaded here, so that its time is not counted as analysis)
    return Attempts(Bench(model, config, image, planes, extras, device, steps, tools, resolution), header)


def encode_picture(
    image: Image,
    config: Config,
    *,
    quality: float | None = None,
    bpp: float | None = None,
    target: Target | None = None,
    device: str = "cpu",
    model: Model | None = None,
    reconstruct: bool = True,
    colours: Colours | None = None,
    lossless: bool = False,
    steps: NDArray[np.int8] | None = None,
    toolbox: Toolbox = DEFAULT,
) -> Encoded:
    """Encode a picture.

    quality: 0..100; target: a size or a fidelity, met within the configuration's tolerance on real bytes and samples;
    bpp: a target in bits per pixel; one of them, and where none is given the configuration decides. model: loaded
    before, for many pictures. reconstruct: whether the decoded picture is wanted as well; colours: a transform of RGB
    other than that of the model; lossless: with a layer (9.9) that returns every sample, over a picture of this
    quality; steps: int8 [h, w], a quality map (refsw.encode.quality_map); toolbox: the coding tools that there are.
    """
    begin = time.perf_counter()
    if lossless and not (bpp is None and target is None):
        raise UsageError("lossless: has no target; a quality is that of the picture under the layer")
    if lossless and quality is None:
        quality = BASE_QUALITY
    if config.coding.plane_digests and not config.coding.digest:
        raise UsageError(f"configuration {config.name}: coding.plane_digests needs coding.digest")
    target = wanted(config, quality, bpp, target)
    model = model or load_model(config)
    top = (model.config.quality_anchors - 1) << QUALITY_ANCHOR_BITS
    first = config.rate.quality if quality is None else quality
    asked = asked_resolution(config, toolbox, lossless=lossless, mapped=steps is not None)

    def at(resolution_idc: int, quality_index: int) -> Attempts:
        quality = 100 * quality_index / top
        return attempts_at(image, config, model, quality, device, colours, steps, toolbox, resolution_idc)

    attempts = at(asked or FULL, quality_to_index(first, model.config.quality_anchors))
    loaded = time.perf_counter()
    if asked is None:
        met = Contest(image, config, model, target, attempts.header.components[0].quality_index).best(attempts, at)
        attempts, index, analysed, written = met.attempts, met.quality_index, met.analysed, met.written
    else:
        index, analysed, written = attempts.meet(target, top)
    coded = time.perf_counter()
    final, point = written.codestream.picture_header, config.operating_points[0]
    exact = "auto" if config.coding.plane_digests or lossless else None
    decided = attempts.decided(analysed)

    def show() -> Image:
        return replace(
            shown(model, final, analysed, decided, point, device, exact), alpha=image.alpha, metadata=image.metadata
        )

    reconstruction = show() if reconstruct or exact else None
    rebuilt = time.perf_counter()
    if lossless and reconstruction is not None:
        written = with_lossless_layer(written, image, reconstruction)
        reconstruction = image
    if exact and reconstruction is not None:
        written = with_plane_digests(written, reconstruction)
    end = time.perf_counter()
    payload = sum(len(s.substream_data) for s in (
        *written.codestream.z, *written.codestream.primary_residual, *written.codestream.secondary_residual
    ))  # fmt: skip
    payload += sum(len(s.lossless_parameters) + len(s.lossless_data) for s in written.codestream.lossless)
    header_bytes = len(written.data) - payload
    report = EncodeReport(
        bytes=len(written.data),
        bits_per_pixel=8 * len(written.data) / (image.width * image.height),
        estimated_bits=analysed.estimated_bits + 8 * header_bytes,
        ideal_bits=written.ideal_bits,
        header_bytes=header_bytes,
        quality_index=(index,) * len(final.components),
        level_idc=final.level_idc,
        operating_point=point,
        stages=(
            ("load model", loaded - begin),
            ("analysis and coding", coded - loaded),
            ("reconstruction", rebuilt - coded),
            ("lossless layer", end - rebuilt),
        ),
        refine_iterations=analysed.refined.iterations if analysed.refined else 0,
        refine_gain=analysed.refined.gain if analysed.refined else 0.0,
        tools=decided.report,
    )
    made = reconstruction
    return Encoded(written.data, made, report, show if made is None else lambda: made)
