# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a training run carries from step to step: networks, their average, optimiser."""

from __future__ import annotations

import copy
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from refsw.errors import UsageError
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import structure
from refsw.train import data
from refsw.train.allocation import start_local_steps
from refsw.train.loss import distortion_of
from refsw.train.recipe import Recipe
from refsw.train.rounding import NEAREST, Rounding, rounding
from refsw.train.soap import Soap
from refsw.train.start import start
from refsw.train.synthesis_start import start_synthesis
from refsw.train.widen import open_channels

TRANSFORMS = (".analysis.", ".synthesis.")


def parameter_factor(name: str, parameter: nn.Parameter) -> float:
    """Learning-rate factor: Adam's sign-like updates add up over the fan-in; log parameters move lr per step."""
    if parameter.dim() == 4:
        power = 0.75 if any(t in name for t in TRANSFORMS) else 0.5
        return float(min(1.0, (256 / parameter[0].numel()) ** power))
    return 8.0 if name.endswith(".values") or ".hyper_prior." in name else 1.0


def choose_trained(network: CodecNetwork, modules: tuple[str, ...]) -> None:
    """Let gradients reach the named modules of each component alone, or all of them. Raises UsageError."""
    prefixes = tuple(f"{module}." for module in modules)
    names = [name.split(".", 2)[2] for name, _ in network.named_parameters()]
    for module, prefix in zip(modules, prefixes, strict=True):
        if not any(name.startswith(prefix) for name in names):
            raise UsageError(f"trained: no module {module} in the structure")
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not modules or name.split(".", 2)[2].startswith(prefixes))


def optimiser(network: CodecNetwork, kind: str) -> torch.optim.Optimizer:
    """Adam or SOAP over what is trained, one group per learning-rate factor."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = defaultdict(list)
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            transform = any(t in name for t in TRANSFORMS)
            groups[parameter_factor(name, parameter), transform].append(parameter)
    listed = [{"params": p, "factor": factor, "transform": transform} for (factor, transform), p in groups.items()]
    if kind == "soap":
        return Soap(listed, lr=1e-3)
    return torch.optim.AdamW(listed, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0, fused=True)


@dataclass
class State:
    """What a checkpoint holds; and, from the recipe, how residuals are rounded.

    began: digest of the package the run began with; empty without one, or in a checkpoint of before it was kept.
    """

    network: CodecNetwork
    average: CodecNetwork
    optimiser: torch.optim.Optimizer
    rounding: Rounding = NEAREST
    began: str = ""
    step: int = 0
    norm: float = 0.0

    def save(self, path: Path, optimiser: dict[str, Any] | None = None) -> None:
        """Write whole or not at all; optimiser: its state where processes share it (`Worker.optimiser_state`)."""
        content = {
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimiser": optimiser or self.optimiser.state_dict(), "step": self.step, "norm": self.norm,
            "began": self.began,
        }  # fmt: skip
        torch.save(content, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        content = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(content["network"])
        self.average.load_state_dict(content["average"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.step, self.norm, self.began = content["step"], content["norm"], content.get("began", "")

    @torch.no_grad()
    def update_average(self, keep: float) -> None:
        """Exponential moving average of the weights."""
        torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - keep)


def fixed_pictures(crops: data.Crops, seed: int, count: int, side: int) -> Tensor:
    """A choice of training pictures, the same for a seed: float32 [count, 3, side, side], 0..1."""
    chosen = np.sort(np.random.default_rng(seed).choice(crops.training_index, count))
    return torch.from_numpy(crops.training[chosen, :side, :side]).permute(0, 3, 1, 2).float() / 255


def held_out_pictures(crops: data.Crops, count: int, side: int) -> Tensor:
    """Held-out pictures, spread over all of them: float32 [count or fewer, 3, side, side], 0..1."""
    chosen = crops.validation[:: max(1, len(crops.validation) // count)][:count]
    return torch.from_numpy(chosen[:, :side, :side]).permute(0, 3, 1, 2).float() / 255


def initial_state(recipe: Recipe, crops: data.Crops, device: str) -> State:
    """Networks at their start, the same in every process. Raises UsageError, ModelError."""
    torch.manual_seed(recipe.seed)
    network = CodecNetwork(structure(recipe.structure))
    start(network, fixed_pictures(crops, recipe.seed, 48, 256))
    began = ""
    if recipe.begin:
        from refsw.train.adopt import adopt  # needs more packages than a lent machine has

        adopted = adopt(network, Path(recipe.begin))
        began = adopted.digest
        open_channels(network, adopted.config, recipe.point, fixed_pictures(crops, recipe.seed + 3, 64, 256))
        told = [own.local_steps for own in adopted.config.components]
        if any(own.local_steps for own in network.config.components) and not any(told):
            pictures = fixed_pictures(crops, recipe.seed + 4, 32, 256)
            start_local_steps(network, pictures, recipe.point, partial(distortion_of, recipe.ms_ssim), recipe.seed)
        if any(name.endswith(f".synthesis.{recipe.point}.first.weight") for name in adopted.fresh):
            start_synthesis(network, recipe.point, fixed_pictures(crops, recipe.seed + 2, 64, 256))
    network.to(device)
    choose_trained(network, recipe.trained)
    average = copy.deepcopy(network).requires_grad_(False)
    rule = rounding(recipe.variance_scaling, recipe.zeroing, len(network.config.components))
    return State(network, average, optimiser(network, recipe.optimiser), rule, began)
