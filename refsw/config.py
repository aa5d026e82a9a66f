# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Configuration of the encoder: a complete named file, checked against spec/schema/config.schema.json.

    load_config("cfg/base.yaml", ["rate.quality=40"]) -> Config        config.to_dict() goes into the report

An existing file wins; otherwise the shipped configuration of that name is taken, so that `-c cfg/base.yaml` works
from any directory. Overrides are recorded: a result made with one is not a result of the named configuration.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

from refsw.configfile import KeyPath, key_text, parse, problem, reason, suggestion
from refsw.errors import UsageError
from refsw.resources import cfg_dir

SCHEMA = "config.schema.json"


@dataclass(frozen=True)
class RateConfig:
    """What the encoder aims at."""

    quality: float
    """0..100 over the range of the model; not used where a target is given."""
    bpp: float | None
    """Target in bits per pixel of the whole file, or None."""
    bytes: int | None
    """Target in bytes of the whole file, or None."""
    psnr: float | None
    """Target in dB over all samples, or None."""
    msssim: float | None
    """Target of MS-SSIM of luma, 0..1, or None."""
    tolerance: float
    """Relative distance from a target in bits or bytes at which the search stops, 0..1."""
    decibel_tolerance: float
    """Distance from a target of fidelity, dB."""
    attempts: int
    """Qualities that the search may try, 1..64."""

    @property
    def targets(self) -> tuple[tuple[Literal["bpp", "bytes", "psnr", "msssim"], float | None], ...]:
        """All targets; the first that is given is the one that counts."""
        return ("bpp", self.bpp), ("bytes", self.bytes), ("psnr", self.psnr), ("msssim", self.msssim)


@dataclass(frozen=True)
class CodingConfig:
    """Choices that end in the codestream's headers."""

    skip_threshold: tuple[int, ...]
    """Per component, Q7 log scale, 0..8191: positions of smaller scale index carry no symbol."""
    distortion: Literal["mse", "ms_ssim"]
    """What decisions about post-filters compare pictures by."""
    zeroing: float
    """Bits that one squared quantiser step is worth when a symbol of magnitude 1 may become 0; 0: none does."""
    lanes: int | Literal["auto"]
    """Lanes of the entropy coder, a power of two."""
    digest: bool
    """Whether a digest segment is written."""
    plane_digests: bool
    """Whether it holds checksums of the picture, which is then reconstructed picture-exactly."""

    def skip_threshold_of(self, component: int) -> int:
        """Threshold of a component; the last value given holds for all further components."""
        return self.skip_threshold[min(component, len(self.skip_threshold) - 1)]


@dataclass(frozen=True)
class RefineConfig:
    """A search over symbols; docs/user/refinement.md."""

    iterations: int
    """Steps for each block of the picture, 0: none."""
    seconds: float | None
    """Of all blocks; ends earlier than `iterations` and then makes results depend on the machine; None: no limit."""
    fidelity: float
    """Weight of the distortion, relative to the one that the model was trained with at this quality."""


@dataclass(frozen=True)
class RegionsConfig:
    """How a picture is partitioned into regions, each with its own substreams."""

    rows: int | Literal["auto"]
    """Rows of regions, 1..128; auto: as few as keep a region at most `side` high."""
    columns: int | Literal["auto"]
    """Columns of regions, likewise."""
    side: int
    """Luma samples, a multiple of 64; 0: auto is one region."""
    independent: bool
    """Whether regions decode without their neighbours."""


@dataclass(frozen=True)
class TilesConfig:
    """Synthesis tiles that every decoder shall use."""

    side: int
    """Luma samples, a multiple of 16, 64..4080; 0: decoders choose."""
    overlap: int
    """Luma samples, a multiple of 16, 0..496, at most half of `side`."""


@dataclass(frozen=True)
class Config:
    """A complete configuration of the encoder."""

    name: str
    model: str
    """Name of a model set."""
    profile: str
    operating_points: tuple[str, ...]
    """Synthesis transforms that may decode the codestream, of "sop", "bop", "hop"; the first reconstructs."""
    rate: RateConfig
    coding: CodingConfig
    refine: RefineConfig
    tools: tuple[tuple[str, str], ...]
    """Name and mode of each coding tool that is named here: on, off, or a branch of its own that is forced."""
    regions: RegionsConfig
    tiles: TilesConfig
    overrides: tuple[str, ...] = ()
    """What --set changed, as it was written; empty for a run of the named configuration."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a report; `config_from_dict` takes them back."""
        return cast("dict[str, Any]", json.loads(json.dumps({**asdict(self), "tools": dict(self.tools)})))


def load_config(path: str | Path = "base", overrides: Iterable[str] = ()) -> Config:
    """Reads a configuration file and applies overrides of the form "key.key=value" (value: YAML).

    Raises UsageError, one line with file, line, key, value and what is allowed.
    """
    file = find_config(path)
    try:
        values, lines = parse(file.read_text(encoding="utf-8"), lambda line: f"{file}:{line}" if line else str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {reason(error)}") from None
    if not isinstance(values, dict):
        raise UsageError(f"{file}: a configuration is a mapping of keys to values")
    overrides = tuple(overrides)
    changed = {_apply(values, override): override for override in overrides}
    found = problem(values, SCHEMA)
    if found is not None:
        place, message = found
        raise UsageError(f"{_source(place, file, lines, changed)}: {key_text(place)}: {message}")
    return config_from_dict(values, overrides)


def config_from_dict(values: dict[str, Any], overrides: tuple[str, ...] = ()) -> Config:
    """Builds a Config from plain values, as `Config.to_dict` gives them. Raises UsageError."""
    values = dict(values)
    overrides = (*values.pop("overrides", ()), *overrides)
    found = problem(values, SCHEMA)
    if found is not None:
        raise UsageError(f"configuration: {key_text(found[0])}: {found[1]}")
    rate, coding = values["rate"], values["coding"]
    return Config(
        name=values["name"],
        model=values["model"],
        profile=values["profile"],
        operating_points=tuple(values["operating_points"]),
        rate=RateConfig(
            quality=float(rate["quality"]),
            bpp=None if rate["bpp"] is None else float(rate["bpp"]),
            bytes=rate["bytes"],
            psnr=None if rate["psnr"] is None else float(rate["psnr"]),
            msssim=None if rate["msssim"] is None else float(rate["msssim"]),
            tolerance=float(rate["tolerance"]),
            decibel_tolerance=float(rate["decibel_tolerance"]),
            attempts=int(rate["attempts"]),
        ),
        coding=CodingConfig(
            skip_threshold=tuple(map(int, coding["skip_threshold"])), distortion=coding["distortion"],
            zeroing=float(coding["zeroing"]), lanes=coding["lanes"], digest=coding["digest"],
            plane_digests=coding["plane_digests"],
        ),
        refine=RefineConfig(**values["refine"]),
        tools=tuple((name, _mode(mode)) for name, mode in values["tools"].items()),
        regions=RegionsConfig(**values["regions"]),
        tiles=TilesConfig(**values["tiles"]),
        overrides=overrides,
    )


def _mode(value: bool | str) -> str:
    """A tool's mode; YAML takes the words on and off for truth values."""
    return ("on" if value else "off") if isinstance(value, bool) else value


def find_config(path: str | Path) -> Path:
    """The file that a user means: an existing path, or the shipped "cfg/NAME.yaml", "NAME.yaml" or "NAME"."""
    given = Path(path)
    if given.exists():
        if given.is_dir():
            raise UsageError(f"{given}: is a directory; a configuration is a YAML file")
        return given
    shipped = cfg_dir().resolve()
    name = Path(*given.parts[1:]) if given.parts[:1] == ("cfg",) else given
    candidate = (shipped / name.with_suffix(".yaml")).resolve() if name.name else shipped
    if not given.is_absolute() and candidate.is_file() and candidate.is_relative_to(shipped):
        return candidate
    names = sorted(f"cfg/{file.relative_to(shipped).as_posix()}" for file in shipped.glob("*.yaml"))
    raise UsageError(f"{given}: no such configuration{suggestion(str(given), names)}")


def _apply(values: dict[str, Any], override: str) -> KeyPath:
    """Sets one key in place and returns its path; unknown keys are left to the schema."""
    key, equals, text = override.partition("=")
    keys = tuple(key.strip().split("."))
    if not equals or not all(keys):
        raise UsageError(f"--set {override}: expected key=value, such as rate.quality=40")
    value = parse(text, lambda line: f"--set {override}")[0]
    inner = values
    for part in keys[:-1]:
        child = inner.setdefault(part, {})
        if not isinstance(child, dict):
            raise UsageError(f"--set {override}: {part!r} is a value, not a group of keys")
        inner = child
    inner[keys[-1]] = value
    return keys


def _source(path: KeyPath, file: Path, lines: dict[KeyPath, int], changed: dict[KeyPath, str]) -> str:
    """Where a wrong value comes from: the override that set it, else the line of the nearest key that stands there."""
    for keys, override in changed.items():
        depth = min(len(keys), len(path))
        if keys[:depth] == path[:depth]:
            return f"--set {override}"
    return f"{file}:{next(lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines)}"
