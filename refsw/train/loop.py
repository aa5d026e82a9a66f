# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The training loop: one process, several (gradients averaged over torch.distributed), CPU or CUDA.

Every random choice of a step is seeded by (seed, step, rank), so a resumed run repeats the uninterrupted one.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from refsw.errors import RefswError
from refsw.train import data
from refsw.train.loss import rate_distortion, weighted_loss
from refsw.train.recipe import Recipe
from refsw.train.state import State, initial_state
from refsw.train.validation import validate
from refsw.train.worker import Worker

LOG_EVERY = 50


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, hold, cosine to zero."""
    rate = recipe.learning_rate * min(1.0, (step + 1) / recipe.warm_up)
    if step > recipe.hold:
        rate *= 0.5 * (1 + math.cos(math.pi * (step - recipe.hold) / (recipe.steps - recipe.hold)))
    return rate


def train_step(state: State, recipe: Recipe, rgb: Tensor, worker: Worker, run: Path) -> dict[str, float]:
    """One optimiser step on this process's share of a batch, float32 [B, 3, H, W], 0..1; returns what is logged.

    Raises RefswError when the gradient is not finite; the batch is then saved in `run`.
    """
    step, share = state.step, len(rgb)
    torch.manual_seed((recipe.seed * 1_000_003 + step) * 64 + worker.rank)
    quality = ((torch.arange(share) + torch.rand(share)) / share).to(worker.device)
    result = rate_distortion(state.network, rgb, quality, recipe.point, recipe.bf16, state.rounding)
    loss = weighted_loss(result, rgb, state.network.config.lagrangian(quality), recipe.ms_ssim).mean()
    state.network.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    reached = [p for p in state.network.parameters() if p.grad is not None]
    gradients = [p.grad for p in reached if p.grad is not None]
    worker.average(gradients)
    norm = float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))))
    if not math.isfinite(norm):
        torch.save({"rgb": rgb, "quality": quality}, run / f"bad_batch_{step}_{worker.rank}.pt")
        raise RefswError(f"training step {step}: gradient is not finite; its batch is saved in {run}")
    clip = recipe.clip * state.norm if state.norm else math.inf
    if norm > clip:
        torch._foreach_mul_(gradients, clip / norm)
    state.norm = min(norm, clip) if not state.norm else 0.98 * state.norm + 0.02 * min(norm, clip)
    rate = learning_rate(recipe, step)
    ramp = min(1.0, 0.05 + 0.95 * step / recipe.transform_warm_up)
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["factor"] * (ramp if group["transform"] else 1.0)
    worker.update(reached, state.optimiser)
    state.update_average(min(recipe.ema, (1 + step) / (10 + step)))
    state.step += 1
    return {
        "loss": float(loss.detach()),
        "bpp": float(result.bits.detach().mean()),
        "psnr": float((10 * torch.log10(255**2 / result.mse.detach())).mean()),
        "norm": norm,
        "rate": rate,
    }


def train(recipe: Recipe, run: Path, worker: Worker, until: int | None = None, seconds: float = math.inf) -> State:
    """Train to recipe.steps, resuming run/checkpoint.pt if there is one.

    Stops early at step `until`, or, for a single process, after `seconds`; a checkpoint is written in either case.
    """
    torch.set_num_threads(1 if worker.count > 1 else torch.get_num_threads())
    crops = data.load(run / "data")
    state = initial_state(recipe, crops, worker.device)
    if (run / "checkpoint.pt").exists():
        state.load(run / "checkpoint.pt")
    if worker.rank == 0:
        (run / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1))
    last = recipe.steps if until is None else min(until, recipe.steps)
    begin, first = time.monotonic(), state.step
    share = recipe.batch // worker.count
    batches = data.batches(crops, share, recipe.crop, (recipe.seed, worker.rank), recipe.reduce, recipe.tone,
                           range(first, last), worker.threads)  # fmt: skip
    seen: list[dict[str, float]] = []
    for samples in batches:
        seen.append(train_step(state, recipe, data.unit_range(samples, worker.device), worker, run))
        done = state.step == last or (worker.count == 1 and time.monotonic() - begin > seconds)
        keep = state.step % recipe.checkpoint_every == 0 or done
        optimiser = worker.optimiser_state(state.optimiser) if keep else None
        if worker.rank:
            continue
        if state.step % LOG_EVERY == 0 or done:
            pace = (time.monotonic() - begin) / (state.step - first)
            mean = {k: round(float(np.mean([s[k] for s in seen])), 6) for k in seen[0]}
            record = {"step": state.step, "seconds_per_step": round(pace, 3), **mean}
            if state.step % recipe.validate_every == 0 or done:
                record |= validate(state.average, crops, recipe, worker.device, state.rounding)
            with (run / "log.jsonl").open("a") as log:
                log.write(json.dumps(record) + "\n")
            left = pace * (recipe.steps - state.step) / 60
            print(f"step {state.step}/{recipe.steps}  loss {mean['loss']:.4f}  {left:.0f} min left", flush=True)
            seen = []
        if keep:
            state.save(run / "checkpoint.pt", optimiser)
        if done:
            break
    return state
