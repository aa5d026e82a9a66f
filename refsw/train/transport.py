# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A training run on its way to another machine and back: state in half precision, in parts, and crops in parts.

Weights and their average travel as float16, what the optimiser keeps as bfloat16, which keeps its range, but bases of
SOAP, which would not stay orthogonal: a run goes on from them within rounding, not bit by bit.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from refsw.errors import UsageError
from refsw.train.data import is_held_out, origins
from refsw.train.state import State

STEP = "step"
"""What optimisers count, and no packed tensor."""


def _trained(state: State) -> Iterator[tuple[str, Tensor]]:
    """What the optimiser moves, by name."""
    for name, parameter in state.network.named_parameters():
        if parameter.requires_grad:
            yield name, parameter


def pack_state(state: State, maximum: int) -> bytes:
    """Safetensors bytes of at most `maximum`: the average; where they fit, weights of what is trained and moments.

    Raises UsageError where not even the average fits.
    """
    groups = [
        {f"average.{n}": t.half() for n, t in state.average.state_dict().items()},
        {f"network.{n}": t.detach().half() for n, t in _trained(state)},
        {
            f"optimiser.{n}.{key}": kept if key.startswith("basis") else kept.bfloat16()
            for n, t in _trained(state)
            for key, kept in state.optimiser.state.get(t, {}).items()
            if key != STEP
        },
    ]
    about = {"step": str(state.step), "norm": repr(state.norm)}
    data, tensors = b"", dict[str, Tensor]()
    for group in groups if state.step else groups[:1]:  # before the first step the average is all there is
        tensors |= {name: tensor.cpu().contiguous() for name, tensor in group.items()}
        grown = safetensors.torch.save(tensors, about)
        if len(grown) > maximum:
            break
        data = grown
    if not data:
        raise UsageError(f"the average weights alone take more than {maximum} bytes")
    return data


@torch.no_grad()
def unpack_state(state: State, data: bytes) -> None:
    """Continue `state`, of the same structure and recipe, from `pack_state`'s bytes. Raises UsageError."""
    try:
        tensors = safetensors.torch.load(data)
        about = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        average = {n.removeprefix("average."): t.float() for n, t in tensors.items() if n.startswith("average.")}
        state.average.load_state_dict(average)
        state.network.load_state_dict(average)
        state.step, state.norm = int(about["step"]), float(about["norm"])
    except (safetensors.SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise UsageError(f"not the state of such a run: {' '.join(str(error).split())[:200]}") from None
    for name, parameter in _trained(state):
        if f"network.{name}" in tensors:
            parameter.copy_(tensors[f"network.{name}"])
        prefix = f"optimiser.{name}."
        own = {n.removeprefix(prefix): t.float() for n, t in tensors.items() if n.startswith(prefix)}
        if own:
            own = {key: t.to(parameter.device) for key, t in own.items()}
            state.optimiser.state[parameter] = {STEP: torch.tensor(float(state.step), device=parameter.device), **own}


def split_pictures(source: Path, first_bytes: int, part_bytes: int) -> list[bytes]:
    """A zip archive of training pictures as several of about these sizes at most, no source picture in two.

    The first one has all held-out pictures, so that validation is the same from the first chunk on.
    """
    with zipfile.ZipFile(source) as archive:
        index = origins(archive)
        names = sorted(index, key=lambda name: (not is_held_out(index[name]), index[name], name))
        parts: list[list[str]] = [[]]
        size = 0
        for name in names:
            length = archive.getinfo(name).file_size
            new_origin = not parts[-1] or index[name] != index[parts[-1][-1]]
            room = part_bytes if len(parts) > 1 else first_bytes
            if size + length > room and new_origin and not is_held_out(index[name]):
                parts.append([])
                size = 0
            parts[-1].append(name)
            size += length
        out = []
        for part in parts:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as written:
                rows = [f"{Path(name).name}\t\t{index[name]}" for name in part]
                written.writestr("index.tsv", "\n".join(["crop\tset\tfile", *rows]) + "\n")
                for name in part:
                    written.writestr(name, archive.read(name))
            out.append(buffer.getvalue())
        return out
