#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A training run in chunks on a machine that is lent for minutes and reached through small transfers.

    tools/train_chunk.py pack RECIPE --run RUN -o runs/chunk       here: RUN's state and the crops, in parts
    tools/train_chunk.py train runs/chunk/0 --minutes 9 --of 27 --work runs/device --out $OUT      there, once per part
    tools/train_chunk.py unpack PARTS --run RUN                    here: what came back becomes RUN's checkpoint

The first call there measures the pace and fits the recipe's schedule into the minutes of all chunks together; later
ones go on with the checkpoint and the crops that lie in --work. Needs torch, numpy, Pillow, PyYAML and safetensors.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from refsw.errors import RefswError, UsageError
from refsw.io import write_bytes
from refsw.train.recipe import Recipe, load_recipe

MIB = 1 << 20
RETURNED_MIB = 60
PACE_STEPS = 40  # after WARM_STEPS, in which libraries choose their kernels
WARM_STEPS = 20
RESERVE = 0.03  # share of a chunk that is kept for validation and for packing the result


def write_recipe(path: Path, recipe: Recipe) -> None:
    """A recipe file that `load_recipe` reads back as it is."""
    write_bytes(path, yaml.safe_dump(asdict(recipe) | {"trained": list(recipe.trained)}, sort_keys=False).encode())


def pack(recipe_path: Path, run: Path, out: Path, part_mib: float) -> list[Path]:
    """Write out/0, out/1, ...: part 0 has recipe, state (where the run has a checkpoint) and crops, others crops."""
    from refsw.train import data
    from refsw.train.state import initial_state
    from refsw.train.transport import pack_state, split_pictures

    came_back = run / "recipe.yaml"  # of a run that was fitted to a pace before
    recipe = load_recipe(came_back if came_back.exists() else recipe_path)
    room, state, fitted = int(part_mib * MIB), b"", False
    if (run / "checkpoint.pt").exists() or recipe.begin:
        data.pack(Path(recipe.data), run / "data")
        there = initial_state(recipe, data.load(run / "data"), "cpu")
        if (run / "checkpoint.pt").exists():
            there.load(run / "checkpoint.pt")
        state, fitted = pack_state(there, room), there.step > 0
    parts = split_pictures(Path(recipe.data), max(room - len(state), MIB), room)
    if out.exists():
        shutil.rmtree(out)
    for number, part in enumerate(parts):
        folder = out / str(number)
        folder.mkdir(parents=True)
        write_bytes(folder / f"crops_{number}.zip", part)
        if number == 0:
            write_recipe(folder / "recipe.yaml", replace(recipe, begin=""))
            if state:
                write_bytes(folder / "state.safetensors", state)
            if fitted:
                write_bytes(folder / "fitted", b"")
    return [out / str(number) for number in range(len(parts))]


def _arrive(part: Path, work: Path) -> None:
    """Move a part into the working folder; new crops make the run pack them again."""
    (work / "crops").mkdir(parents=True, exist_ok=True)
    for path in sorted(part.iterdir()):
        if path.suffix == ".zip":
            shutil.copy(path, work / "crops")
            shutil.rmtree(work / "run" / "data", ignore_errors=True)
        elif not (work / path.name).exists():
            shutil.copy(path, work)


def _fit(recipe: Recipe, work: Path, device: str, seconds: float) -> Recipe:
    """The recipe with as many steps as the pace of its first ones lets into `seconds`; hold keeps its share."""
    from refsw.train.loop import train
    from refsw.train.processes import BATCH_THREADS
    from refsw.train.worker import Worker

    worker = Worker(device=device, threads=BATCH_THREADS if device == "cuda" else 0)
    first = train(recipe, work / "run", worker, until=WARM_STEPS).step
    begin = time.monotonic()
    last = train(recipe, work / "run", worker, until=WARM_STEPS + PACE_STEPS).step
    pace = (time.monotonic() - begin) / max(1, last - first)
    steps = max(last + 1, int(seconds / pace))
    return replace(recipe, steps=steps, hold=min(steps - 1, int(recipe.hold / recipe.steps * steps)))


def train_part(
    part: Path, work: Path, minutes: float, of: float, device: str, out: Path, part_mib: float
) -> dict[str, float]:
    """Train for `minutes` of the `of` minutes that all chunks have; leave the state in parts under `out`."""
    import torch

    from refsw.train import data
    from refsw.train.loop import train
    from refsw.train.processes import BATCH_THREADS
    from refsw.train.state import initial_state
    from refsw.train.transport import pack_state, unpack_state
    from refsw.train.worker import Worker

    begin = time.monotonic()
    _arrive(part, work)
    recipe = load_recipe(work / "recipe.yaml")
    run = work / "run"
    data.pack(work / "crops", run / "data")
    if not (run / "checkpoint.pt").exists() and (work / "state.safetensors").exists():
        state = initial_state(recipe, data.load(run / "data"), device)
        unpack_state(state, (work / "state.safetensors").read_bytes())
        state.save(run / "checkpoint.pt")
    if not (work / "fitted").exists():
        recipe = _fit(recipe, work, device, 60 * of * (1 - RESERVE))
        write_recipe(work / "recipe.yaml", recipe)
        write_bytes(work / "fitted", b"")
    worker = Worker(device=device, threads=BATCH_THREADS if device == "cuda" else 0)
    left = 60 * minutes * (1 - RESERVE) - (time.monotonic() - begin)
    state = train(recipe, run, worker, seconds=max(left, 0))
    packed = pack_state(state, RETURNED_MIB * MIB)
    size = int(part_mib * MIB)
    out.mkdir(parents=True, exist_ok=True)
    for number, offset in enumerate(range(0, len(packed), size)):
        write_bytes(out / f"state_{number}.bin", packed[offset : offset + size])
    shutil.copy(work / "recipe.yaml", out)
    shutil.copy(run / "log.jsonl", out)
    peak = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else 0.0
    spent = round(time.monotonic() - begin, 1)
    return {"step": state.step, "steps": recipe.steps, "seconds": spent, "peak_gib": round(peak, 1)}


def unpack(folder: Path, run: Path) -> int:
    """State parts, recipe and log of a chunk -> run/checkpoint.pt; returns the step. Raises UsageError."""
    from refsw.train import data
    from refsw.train.state import initial_state
    from refsw.train.transport import unpack_state

    recipe = load_recipe(folder / "recipe.yaml")
    parts = sorted(folder.glob("state_*.bin"), key=lambda p: int(p.stem.removeprefix("state_")))
    if not parts:
        raise UsageError(f"{folder}: no state_*.bin of a chunk there")
    state = initial_state(recipe, data.load(run / "data"), "cpu")
    unpack_state(state, b"".join(p.read_bytes() for p in parts))
    state.save(run / "checkpoint.pt")
    write_recipe(run / "recipe.yaml", recipe)
    shutil.copy(folder / "log.jsonl", run)
    return state.step


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack", help="here: state and crops in parts")
    packing.add_argument("recipe", type=Path)
    packing.add_argument("--run", type=Path, required=True)
    packing.add_argument("-o", "--out", type=Path, required=True)
    packing.add_argument("--part-mib", type=float, default=40, help="size of a part that travels (default 40)")
    training = commands.add_parser("train", help="there: train for some minutes")
    training.add_argument("part", type=Path)
    training.add_argument("--work", type=Path, required=True, help="folder that stays on that machine between calls")
    training.add_argument("--minutes", type=float, required=True, help="of this call")
    training.add_argument("--of", type=float, required=True, help="minutes of all calls together")
    training.add_argument("--device", default="cuda")
    training.add_argument("--out", type=Path, required=True, help="state in parts, recipe and log")
    training.add_argument("--part-mib", type=float, default=15, help="size of a part that comes back (default 15)")
    unpacking = commands.add_parser("unpack", help="here: result to checkpoint")
    unpacking.add_argument("folder", type=Path)
    unpacking.add_argument("--run", type=Path, required=True)
    own = parser.parse_args(argv)
    try:
        if own.command == "pack":
            for part in pack(own.recipe, own.run, own.out, own.part_mib):
                size = sum(p.stat().st_size for p in part.iterdir())
                print(f"{part}: {size / MIB:.1f} MiB")
        elif own.command == "train":
            told = train_part(own.part, own.work, own.minutes, own.of, own.device, own.out, own.part_mib)
            print(json.dumps(told))
        else:
            print(f"{own.run / 'checkpoint.pt'}: step {unpack(own.folder, own.run)}")
    except RefswError as error:
        print(f"train_chunk: error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
