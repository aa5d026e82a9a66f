# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What every reader of bytes owes to any bytes at all: `check` runs them all in this process, up to exact tensors.

    file ─ opened ─ read, validate, trace, budget ─ write ─ salvage ─ entropy decoder, strict and concealing
           every refusal is one line with exit code 3 or 6; the readers agree; what is read is written back to the bit
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from refsw import container, syntax
from refsw.decode.model import Model
from refsw.decode.parse import parse_regions
from refsw.errors import RefswError
from refsw.syntax.budget import budget, memory_bytes
from refsw.syntax.headers import Codestream

REFUSALS = (3, 6)
TENSOR_BYTES = 1 << 30
"""Of a picture that says of itself that it takes more, tensors are not decoded here."""
MODEL = "fuzz"


@dataclass(frozen=True)
class Check:
    """code: exit code that a program would end with; complaint: what was owed and not done, "" where all was."""

    code: int
    complaint: str = ""


def check(data: bytes, model: Model) -> Check:
    """Everything that can be asked of `data` without networks."""
    try:
        return Check(_check(data, model))
    except RefswError as error:
        return Check(error.exit_code, _line(error))
    except Exception as error:
        return Check(5, f"{type(error).__name__} in {place(error.__traceback__)}: {str(error)[:200]}")


def place(trace: TracebackType | None) -> str:
    """Innermost frame of this project: what finds are told apart by."""
    own = [f"{Path(f.filename).name}:{f.name}" for f in traceback.extract_tb(trace) if "refsw" in f.filename]
    return own[-1] if own else "?"


def _check(data: bytes, model: Model) -> int:
    _owed(container.validate, data) if container.is_file(data) else None
    _owed(container.trace, data)
    file = container.opened(data)
    stream = file.codestream
    violations, (entries, ended) = syntax.validate(stream), syntax.trace(stream)
    assert sum(entry.bits for entry in entries) <= 8 * len(stream), "elements beyond the end"
    try:
        codestream = syntax.read(stream)
    except RefswError as error:
        assert violations and ended is not None, "read refuses what validate and trace accept"
        saved = syntax.salvage(stream)  # raises what cannot be concealed
        _tensors(saved.codestream, model, conceal=True)
        _line(error)
        raise
    assert not violations and ended is None, "read accepts what validate or trace refuse"
    assert syntax.write(codestream) == stream, "written back, the codestream is another"
    assert syntax.salvage(stream) == syntax.Salvaged(codestream, None), "salvage of a sound codestream is another"
    budget(codestream)
    _owed(lambda _: _tensors(codestream, model, conceal=True), stream)
    _tensors(codestream, model, conceal=False)
    return 0


def _owed(run: Callable[[bytes], object], data: bytes) -> None:
    """A refusal is as good as a result."""
    try:
        run(data)
    except RefswError as error:
        _line(error)


def _tensors(codestream: Codestream, model: Model, conceal: bool) -> None:
    """(8) Exact tensors have the sizes of the header."""
    header = codestream.picture_header
    if memory_bytes(header) > TENSOR_BYTES:
        return
    parsed = parse_regions(codestream, model, conceal=conceal)
    for own, component in zip(parsed.tensors, model.config.components, strict=False):
        assert own.symbols.shape == (component.channels, *header.latent_size), "symbols of a wrong size"
        assert own.z.shape == (component.hyper.z, *header.hyper_size), "z of a wrong size"


def _line(error: RefswError) -> str:
    """"" where the refusal is as it should be."""
    text = str(error)
    if error.exit_code not in REFUSALS:
        raise AssertionError(f"exit code {error.exit_code}: {text[:200]}")
    if not text or "\n" in text or len(text) > 2000:
        raise AssertionError(f"not one clear line: {text[:200]!r}")
    return ""


def reduced(data: bytes, fails: Callable[[bytes], bool], attempts: int = 400) -> bytes:
    """A shorter input that still fails: parts are cut out, large ones first, then bytes set to zero."""
    step = max(1, len(data) // 2)
    while attempts > 0:
        for start in _starts(len(data), step):
            shorter = data[:start] + data[start + step :]
            attempts -= 1
            if attempts > 0 and fails(shorter):
                data = shorter
        if step == 1:
            break
        step = max(1, step // 2)
    return data


def _starts(size: int, step: int) -> Iterator[int]:
    """From the end, so that a cut leaves the places before it as they were."""
    yield from range((size - 1) // step * step, -1, -step)


def with_digest(data: bytes, model: Model) -> bytes:
    """The same bytes with the model digest of this machine, so that a corpus does not depend on it."""
    own = bytes.fromhex(model.package.digest[:8])
    start = data.find(b"\xff\x80\xff\x82")
    stream = data[start:] if start >= 0 else data
    place = next((e for e in syntax.trace(stream)[0] if e.path == "picture_header.model_digest"), None)
    if place is None or start < 0:
        return data
    whole = int.from_bytes(data)
    shift = 8 * (len(data) - start - place.offset) - place.bit - place.bits
    mask = (1 << place.bits) - 1
    return (whole & ~(mask << shift) | int.from_bytes(own) << shift).to_bytes(len(data))


def install_model(folder: Path) -> None:
    """A small untrained model, found as `fuzz` by this process and those that it starts."""
    import torch

    from refsw.nets.codec import CodecNetwork
    from refsw.nets.config import tiny_config
    from refsw.train.export import describe, export

    config = tiny_config()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = CodecNetwork(replace(config))
        export(network, torch.rand(4, 3, 64, 64), folder / MODEL, describe(network, MODEL, 60003, "For fuzzing.", {}))
    os.environ["REFSW_MODELS"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("REFSW_MODELS", "")]))
