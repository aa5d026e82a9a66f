# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A training run as one complete file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from refsw.errors import UsageError


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, given the code and the pictures."""

    structure: str
    """Name of the model structure: see `refsw.nets.config`."""
    data: str
    """Zip or folder of training pictures."""
    seed: int
    crop: int
    """Side of a training crop, a multiple of 64."""
    batch: int
    """Crops per step over all processes."""
    steps: int
    warm_up: int
    transform_warm_up: int
    """Steps over which the transforms' learning rate rises from 5 % to all of it."""
    hold: int
    """Step at which the cosine decay to zero begins."""
    learning_rate: float
    ema: float
    clip: float
    """Gradients are clipped at this multiple of their running norm."""
    validate_every: int
    checkpoint_every: int
    bf16: bool
    """bf16 autocast: several times faster where the processor has AMX or the device is a GPU, slower elsewhere."""

    def __post_init__(self) -> None:
        if self.crop % 64 or self.crop < 64:
            raise UsageError(f"recipe: crop {self.crop}: expected a multiple of 64")
        if not 0 <= self.hold < self.steps:
            raise UsageError(f"recipe: hold {self.hold}: expected 0..{self.steps - 1}")


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; every field is required and no other is allowed. Raises UsageError."""
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: cannot read the recipe: {error}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path}: expected a mapping of recipe fields")
    try:
        recipe = Recipe(**values)
    except TypeError as error:
        raise UsageError(f"{path}: {str(error).removeprefix('Recipe.__init__() ')}") from error
    for name, value in asdict(recipe).items():
        expected = type(getattr(recipe, name)) if isinstance(value, str) else Recipe.__annotations__[name]
        kinds = {"str": str, "int": int, "float": (int, float), "bool": bool}
        if not isinstance(value, kinds[expected] if isinstance(expected, str) else expected):
            raise UsageError(f"{path}: {name} {value!r}: expected {expected}")
    return recipe
