# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Structure of a model as plain data; loads without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from refsw.errors import ModelError, UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class TransformConfig:
    """Widths and depths of a transform pair at 1/8 (fine) and 1/16 (coarse)."""

    fine: int
    coarse: int
    fine_blocks: int
    coarse_blocks: int
    skip: bool = field(default=False, kw_only=True)
    """Whether a linear path runs beside the others, between the stem and the latent; the others then correct it."""


@dataclass(frozen=True)
class SynthesisConfig(TransformConfig):
    """One synthesis transform of a component; all of them decode the same codestream."""

    point: str
    """Operating point: "sop", "bop" or "hop"."""


@dataclass(frozen=True)
class HyperConfig:
    """Widths: z channels, hyper-analysis, scale path, mean path, features handed to context and synthesis."""

    z: int
    analysis: int
    scale: int
    mean: int
    features: int


@dataclass(frozen=True)
class ComponentConfig:
    """Structure of one component."""

    planes: tuple[int, ...]
    """Indices of the planes that the component codes: (0,) is Y, (1, 2) are Cb and Cr."""
    condition: tuple[int, ...]
    """Indices of earlier components that analysis, context and synthesis may see."""
    channels: int
    """Channels of the latent y, a multiple of 4."""
    analysis: TransformConfig
    synthesis: tuple[SynthesisConfig, ...]
    hyper: HyperConfig
    context: int
    """Width of the context model."""
    context_blocks: int = 1
    local_steps: bool = False
    """Whether the scale network also says by what step of the quantiser each place is coded (8.10)."""

    def synthesis_at(self, point: str) -> SynthesisConfig:
        """Synthesis transform of an operating point. Raises ModelError where there is none."""
        for own in self.synthesis:
            if own.point == point:
                return own
        there = ", ".join(own.point for own in self.synthesis)
        raise ModelError(f"no synthesis transform {point}: the structure has {there}")


@dataclass(frozen=True)
class CodecConfig:
    """Structure of a model and its range of operation."""

    components: tuple[ComponentConfig, ...]
    quality_anchors: int = 9
    lambda_minimum: float = 0.00033
    lambda_maximum: float = 0.19
    colour_transform_idc: int = 1
    """Colour transform (9.5.2) of the planes that the networks were trained on."""

    @property
    def points(self) -> tuple[str, ...]:
        """Operating points at which every component has a synthesis transform, in the order of the first component."""
        return tuple(
            own.point
            for own in self.components[0].synthesis
            if all(own.point in (s.point for s in c.synthesis) for c in self.components)
        )

    def with_points(self, points: tuple[str, ...]) -> CodecConfig:
        """The same structure with these synthesis transforms alone, in this order. Raises ModelError."""
        components = tuple(replace(c, synthesis=tuple(c.synthesis_at(p) for p in points)) for c in self.components)
        return replace(self, components=components)

    def lagrangian(self, quality: T) -> T:
        """Weight of the distortion (MSE of 8-bit samples) against bits per pixel at quality 0..1, float or tensor."""
        return self.lambda_minimum * (self.lambda_maximum / self.lambda_minimum) ** quality


ARCHITECTURE = "patch8_context4"
"""Registry name of the component architecture of `refsw.nets.codec`."""


def component_from_plain(values: Mapping[str, Any]) -> ComponentConfig:
    """Inverse of `dataclasses.asdict` for a component. Raises ModelError where a field is missing or unknown."""
    try:
        return ComponentConfig(
            planes=tuple(values["planes"]),
            condition=tuple(values["condition"]),
            channels=values["channels"],
            analysis=TransformConfig(**values["analysis"]),
            synthesis=tuple(SynthesisConfig(**own) for own in values["synthesis"]),
            hyper=HyperConfig(**values["hyper"]),
            context=values["context"],
            context_blocks=values["context_blocks"],
            local_steps=values.get("local_steps", False),
        )
    except (KeyError, TypeError) as error:
        raise ModelError(f"architecture {ARCHITECTURE}: config does not fit: {error}") from None


def structure(name: str) -> CodecConfig:
    """Structure by its registry name. Raises UsageError."""
    structures = {"base": base_config, "visual": visual_config, "tiny": tiny_config}
    if name not in structures:
        raise UsageError(f"model structure {name!r}: expected one of {', '.join(structures)}")
    return structures[name]()


def base_config() -> CodecConfig:
    """The shipped structure: luma and chroma split; BOP and SOP synthesis."""
    luma = ComponentConfig(
        planes=(0,), condition=(), channels=256,
        analysis=TransformConfig(fine=96, coarse=192, fine_blocks=5, coarse_blocks=6, skip=True),
        synthesis=(
            SynthesisConfig(point="bop", fine=96, coarse=192, fine_blocks=4, coarse_blocks=3, skip=True),
            SynthesisConfig(point="sop", fine=64, coarse=128, fine_blocks=3, coarse_blocks=0, skip=True),
        ),
        hyper=HyperConfig(z=64, analysis=128, scale=64, mean=96, features=128), context=144,
    )  # fmt: skip
    chroma = ComponentConfig(
        planes=(1, 2), condition=(0,), channels=192,
        analysis=TransformConfig(fine=96, coarse=128, fine_blocks=3, coarse_blocks=4, skip=True),
        synthesis=(
            SynthesisConfig(point="bop", fine=96, coarse=128, fine_blocks=2, coarse_blocks=2, skip=True),
            SynthesisConfig(point="sop", fine=48, coarse=64, fine_blocks=1, coarse_blocks=2, skip=True),
        ),
        hyper=HyperConfig(z=32, analysis=96, scale=32, mean=64, features=96), context=96,
    )  # fmt: skip
    return CodecConfig(components=(luma, chroma), colour_transform_idc=3)


def visual_config() -> CodecConfig:
    """The shipped structure with steps of places, which MS-SSIM needs and squared error does not."""
    return with_local_steps(base_config())


def with_local_steps(config: CodecConfig) -> CodecConfig:
    """The same structure with steps of places (8.10) in every component."""
    return replace(config, components=tuple(replace(own, local_steps=True) for own in config.components))


def tiny_config() -> CodecConfig:
    """For tests and for trying out a recipe: the components of the shipped structure at small widths.

    Luma has skips, chroma has none: packages of both kinds exist.
    """
    luma = ComponentConfig(
        planes=(0,), condition=(), channels=32,
        analysis=TransformConfig(fine=24, coarse=32, fine_blocks=1, coarse_blocks=1, skip=True),
        synthesis=(
            SynthesisConfig(point="bop", fine=24, coarse=32, fine_blocks=1, coarse_blocks=1, skip=True),
            SynthesisConfig(point="sop", fine=16, coarse=16, fine_blocks=1, coarse_blocks=1, skip=True),
        ),
        hyper=HyperConfig(z=8, analysis=16, scale=16, mean=16, features=16), context=16,
    )  # fmt: skip
    chroma = ComponentConfig(
        planes=(1, 2), condition=(0,), channels=16,
        analysis=TransformConfig(fine=16, coarse=16, fine_blocks=1, coarse_blocks=1),
        synthesis=(
            SynthesisConfig(point="bop", fine=16, coarse=16, fine_blocks=1, coarse_blocks=1),
            SynthesisConfig(point="sop", fine=16, coarse=8, fine_blocks=1, coarse_blocks=1),
        ),
        hyper=HyperConfig(z=4, analysis=8, scale=8, mean=8, features=8), context=16,
    )  # fmt: skip
    return CodecConfig(components=(luma, chroma))
