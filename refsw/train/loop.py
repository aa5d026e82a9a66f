# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The training loop: one process, several (gradients averaged over torch.distributed), CPU or CUDA.

Every random choice of a step is seeded by (seed, step, rank), so a resumed run repeats the uninterrupted one.
"""

from __future__ import annotations

import copy
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from refsw.errors import RefswError
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import structure
from refsw.train import data
from refsw.train.adopt import adopt
from refsw.train.loss import rate_distortion
from refsw.train.recipe import Recipe
from refsw.train.start import start

TRANSFORMS = (".analysis.", ".synthesis.")
VALIDATION_QUALITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
VALIDATION_CROPS, VALIDATION_SIDE = 24, 256


@dataclass(frozen=True)
class Worker:
    """Place of this process among those that train together."""

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    def average(self, gradients: list[Tensor]) -> None:
        """Average gradients over all processes, in place."""
        if self.count == 1:
            return
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        offset = 0
        for gradient in gradients:
            gradient.copy_(flat[offset : offset + gradient.numel()].view(gradient.shape))
            offset += gradient.numel()


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, hold, cosine to zero."""
    rate = recipe.learning_rate * min(1.0, (step + 1) / recipe.warm_up)
    if step > recipe.hold:
        rate *= 0.5 * (1 + math.cos(math.pi * (step - recipe.hold) / (recipe.steps - recipe.hold)))
    return rate


def parameter_factor(name: str, parameter: nn.Parameter) -> float:
    """Learning-rate factor: Adam's sign-like updates add up over the fan-in; log parameters move lr per step."""
    if parameter.dim() == 4:
        power = 0.75 if any(t in name for t in TRANSFORMS) else 0.5
        return float(min(1.0, (256 / parameter[0].numel()) ** power))
    return 8.0 if name.endswith(".values") or ".hyper_prior." in name else 1.0


def optimiser(network: CodecNetwork) -> torch.optim.AdamW:
    """AdamW without decay, one group per tensor."""
    groups = [
        {"params": [p], "factor": parameter_factor(n, p), "transform": any(t in n for t in TRANSFORMS)}
        for n, p in network.named_parameters()
    ]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0, fused=True)


@dataclass
class State:
    """What a checkpoint holds."""

    network: CodecNetwork
    average: CodecNetwork
    optimiser: torch.optim.AdamW
    step: int = 0
    norm: float = 0.0

    def save(self, path: Path) -> None:
        """Write whole or not at all."""
        content = {
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(), "step": self.step, "norm": self.norm,
        }  # fmt: skip
        torch.save(content, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        content = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(content["network"])
        self.average.load_state_dict(content["average"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.step, self.norm = content["step"], content["norm"]


def initial_state(recipe: Recipe, crops: data.Crops, device: str) -> State:
    """Networks at their start, the same in every process."""
    torch.manual_seed(recipe.seed)
    network = CodecNetwork(structure(recipe.structure))
    chosen = np.random.default_rng(recipe.seed).choice(crops.training_index, 48)
    pictures = torch.from_numpy(crops.training[np.sort(chosen), :256, :256]).permute(0, 3, 1, 2).float() / 255
    start(network, pictures)
    if recipe.begin:
        adopt(network, Path(recipe.begin))
    network.to(device)
    average = copy.deepcopy(network).requires_grad_(False)
    return State(network, average, optimiser(network))


@torch.no_grad()
def validate(network: CodecNetwork, crops: data.Crops, device: str) -> dict[str, float]:
    """Held-out crops with real rounding: loss, and bits per pixel and PSNR at each quality."""
    network.eval()
    chosen = crops.validation[:: max(1, len(crops.validation) // VALIDATION_CROPS)][:VALIDATION_CROPS]
    pictures = torch.from_numpy(chosen[:, :VALIDATION_SIDE, :VALIDATION_SIDE]).permute(0, 3, 1, 2).float() / 255
    out, losses = {}, []
    for q in VALIDATION_QUALITIES:
        bits, psnr, loss = [], [], []
        for part in pictures.split(8):
            quality = torch.full((len(part),), q, device=device)
            result = rate_distortion(network, part.to(device), quality)
            lagrangian = network.config.lagrangian(quality)
            bits.append(result.bits)
            psnr.append(10 * torch.log10(255**2 / result.mse))
            loss.append((lagrangian / 0.009) ** -0.5 * (result.bits + lagrangian * result.mse))
        out[f"bpp@{q}"] = round(float(torch.cat(bits).mean()), 5)
        out[f"psnr@{q}"] = round(float(torch.cat(psnr).mean()), 4)
        losses.append(float(torch.cat(loss).mean()))
    network.train()
    return {"validation": round(float(np.mean(losses)), 5), **out}


def train_step(state: State, recipe: Recipe, crops: data.Crops, worker: Worker, run: Path) -> dict[str, float]:
    """One optimiser step; returns what is logged. Raises RefswError when the loss is not finite."""
    step, share = state.step, recipe.batch // worker.count
    torch.manual_seed((recipe.seed * 1_000_003 + step) * 64 + worker.rank)
    rgb = data.batch(crops, share, recipe.crop, (recipe.seed, step, worker.rank), recipe.reduce).to(worker.device)
    quality = ((torch.arange(share) + torch.rand(share)) / share).to(worker.device)
    lagrangian = state.network.config.lagrangian(quality)
    result = rate_distortion(state.network, rgb, quality, recipe.bf16)
    loss = ((lagrangian / 0.009) ** -0.5 * (result.bits + lagrangian * result.mse)).mean()
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in state.network.parameters() if p.grad is not None]
    worker.average(gradients)
    norm = float(torch.linalg.vector_norm(torch.stack([g.norm() for g in gradients])))
    if not math.isfinite(norm):
        torch.save({"rgb": rgb, "quality": quality}, run / f"bad_batch_{step}_{worker.rank}.pt")
        raise RefswError(f"training step {step}: gradient is not finite; its batch is saved in {run}")
    clip = recipe.clip * state.norm if state.norm else math.inf
    if norm > clip:
        for gradient in gradients:
            gradient.mul_(clip / norm)
    state.norm = min(norm, clip) if not state.norm else 0.98 * state.norm + 0.02 * min(norm, clip)
    rate = learning_rate(recipe, step)
    ramp = min(1.0, 0.05 + 0.95 * step / recipe.transform_warm_up)
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["factor"] * (ramp if group["transform"] else 1.0)
    state.optimiser.step()
    keep = min(recipe.ema, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, value in zip(state.average.parameters(), state.network.parameters(), strict=True):
            mean.lerp_(value, 1 - keep)
    state.step += 1
    psnr = float((10 * torch.log10(255**2 / result.mse.detach())).mean())
    return {
        "loss": float(loss.detach()),
        "bpp": float(result.bits.detach().mean()),
        "psnr": psnr,
        "norm": norm,
        "rate": rate,
    }


def train(recipe: Recipe, run: Path, worker: Worker, until: int | None = None) -> State:
    """Train to recipe.steps (or `until`), resuming run/checkpoint.pt if there is one."""
    torch.set_num_threads(1 if worker.count > 1 else torch.get_num_threads())
    crops = data.load(run / "data")
    state = initial_state(recipe, crops, worker.device)
    if (run / "checkpoint.pt").exists():
        state.load(run / "checkpoint.pt")
    last, begin, first = min(until or recipe.steps, recipe.steps), time.monotonic(), state.step
    seen: list[dict[str, float]] = []
    while state.step < last:
        seen.append(train_step(state, recipe, crops, worker, run))
        if worker.rank:
            continue
        done = state.step == last
        if state.step % 50 == 0 or done:
            pace = (time.monotonic() - begin) / (state.step - first)
            mean = {k: round(float(np.mean([s[k] for s in seen])), 6) for k in seen[0]}
            record = {"step": state.step, "seconds_per_step": round(pace, 3), **mean}
            if state.step % recipe.validate_every == 0 or done:
                record |= validate(state.average, crops, worker.device)
            with (run / "log.jsonl").open("a") as log:
                log.write(json.dumps(record) + "\n")
            left = pace * (last - state.step) / 60
            print(f"step {state.step}/{recipe.steps}  loss {mean['loss']:.4f}  {left:.0f} min left", flush=True)
            seen = []
        if state.step % recipe.checkpoint_every == 0 or done:
            state.save(run / "checkpoint.pt")
    (run / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1))
    return state
