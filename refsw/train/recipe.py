# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A training run as one complete file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import yaml

from refsw.errors import UsageError

SIDE = 320
"""Rows and columns of a packed training picture."""

VALIDATION_QUALITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Quality positions at which a run is validated."""

OPTIMISERS = ("adam", "soap")

_KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str, "int": int, "float": (int, float), "bool": bool, "tuple[str, ...]": tuple
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, given the code and the pictures."""

    structure: str
    """Name of the model structure: see `refsw.nets.config`."""
    data: str
    """Zip or folder of training pictures."""
    begin: str
    """Folder of the model package whose weights the run starts from; empty: transform coding (refsw.train.start)."""
    point: str
    """Operating point whose synthesis reconstructs in the loss."""
    trained: tuple[str, ...]
    """Modules of each component that are trained, such as "synthesis.sop"; empty: all. The others stay as they are."""
    ms_ssim: float
    """Share of 1 - MS-SSIM in the distortion, the rest is MSE."""
    variance_scaling: bool
    """Whether residuals are rounded with the usual steps of variance scaling, as profiles have it."""
    zeroing: float
    """As `coding.zeroing` of an encoder's configuration, 0: residuals are rounded to the nearest integers."""
    seed: int
    crop: int
    """Side of a training crop, a multiple of 64."""
    reduce: float
    """Share of the crops that are taken from a larger square of the picture, reduced by up to 320 / crop."""
    tone: float
    """Share of the crops that are made darker or lighter, and their colours shifted."""
    batch: int
    """Crops per step over all processes."""
    steps: int
    warm_up: int
    transform_warm_up: int
    """Steps over which the transforms' learning rate rises from 5 % to all of it."""
    hold: int
    """Step at which the cosine decay to zero begins."""
    optimiser: str
    """adam, or soap: `refsw.train.soap`."""
    learning_rate: float
    ema: float
    clip: float
    """Gradients are clipped at this multiple of their running norm."""
    validate_every: int
    checkpoint_every: int
    bf16: bool
    """bf16 autocast: several times faster where the processor has AMX or the device is a GPU, slower elsewhere."""

    def __post_init__(self) -> None:
        for name, kind in Recipe.__annotations__.items():
            value = getattr(self, name)
            if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "bool"):
                raise UsageError(f"{name} {value!r}: expected {kind}")
        if not all(isinstance(name, str) for name in self.trained):
            raise UsageError(f"trained {self.trained!r}: expected names of modules")
        if self.optimiser not in OPTIMISERS:
            raise UsageError(f"optimiser {self.optimiser!r}: expected {' or '.join(OPTIMISERS)}")
        if self.crop % 64 or not 64 <= self.crop <= SIDE:
            raise UsageError(f"crop {self.crop}: expected a multiple of 64, 64..{SIDE}")
        for name in ("batch", "steps", "warm_up", "transform_warm_up", "validate_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} {getattr(self, name)}: expected 1 or more")
        if not 0 <= self.hold < self.steps:
            raise UsageError(f"hold {self.hold}: expected 0..{self.steps - 1}")
        if self.seed < 0:
            raise UsageError(f"seed {self.seed}: expected 0 or more")
        if not 0 <= self.zeroing < math.inf:
            raise UsageError(f"zeroing {self.zeroing}: expected 0 or more")
        for name in ("learning_rate", "clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"{name} {getattr(self, name)}: expected a number above 0")
        for name in ("ema", "reduce", "tone", "ms_ssim"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} {getattr(self, name)}: expected 0..1")


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; every field is required and no other is allowed. Raises UsageError."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise UsageError(f"{path}: cannot read the recipe: {reason}") from None
    if not isinstance(values, dict):
        raise UsageError(f"{path}: expected a mapping of recipe fields")
    try:
        if isinstance(values.get("trained"), list):
            values["trained"] = tuple(values["trained"])
        return Recipe(**values)
    except TypeError as error:
        raise UsageError(f"{path}: {str(error).removeprefix('Recipe.__init__() ')}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
