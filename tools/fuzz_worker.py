# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The process in which tools/fuzz_decoder.py tries hostile files: it makes them, checks them, and says what it saw.

Requests and answers are lines of JSON. The file that is tried stands in `current`, in case it ends the process.
"""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
import json
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from fuzz_checks import MODEL, check, install_model
from hostile import Mutant, mutant_at
from hostile_files import container_mutants, wrapped_with_everything

from refsw.types import Chroma, Image, Metadata

ALLOWED_CODES = (0, 2, 3, 4, 6)
SECONDS = 10.0
SECONDS_PER_MEGAPIXEL = 20.0
MEMORY_BYTES = 1 << 30
FILES = 4
"""Every fourth file is a file of boxes."""
_BOX_KINDS = 18
_ADDRESS_SPACE_BYTES = 8 << 30  # a wall behind the limit that is measured: torch alone maps 2 GiB
_KIB = 1 << 10


@dataclass
class Batch:
    """What a run of files gave. seconds, memory: the greatest of one file; resident: bytes at the end of the batch."""

    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    finds: list[tuple[str, str, str]] = field(default_factory=list)  # kind, complaint, base64
    tried: int = 0
    whole: int = 0
    seconds: float = 0.0
    memory: int = 0
    resident: int = 0


class SlowError(Exception):
    """A file took more processor time than it may."""


def sound_streams(config: str, overrides: Sequence[str]) -> list[bytes]:
    """Codestreams to start from: sizes, formats, regions, tiles, lanes, opacity, metadata, with and without digests."""
    from refsw.api import encode_picture
    from refsw.config import load_config

    chance = np.random.default_rng(1)
    noise = chance.integers(0, 256, (72, 104, 3), dtype=np.uint8)
    slope = np.broadcast_to(np.arange(88, dtype=np.uint8)[None, :, None], (130, 88, 3)).copy()
    full = load_config(config, overrides)
    plain = load_config(config, [*overrides, "coding.digest=false", "coding.lanes=4"])
    parts = load_config(config, [*overrides, "regions.rows=3", "regions.columns=2", "regions.independent=true"])
    tiled = load_config(config, [*overrides, "regions.rows=2", "tiles.side=64", "tiles.overlap=16"])
    deep = np.left_shift(noise.astype(np.uint16), 2)
    carried = Metadata(icc=b"profile", exif=b"II*\0", xmp=b"<x/>", user_data=(b"one", b""))
    halves = Chroma(noise[::2, ::2, 1:].transpose(2, 0, 1).copy(), 1, 1)
    cases = (
        (Image(noise), full, 95), (Image(noise[:, :, :1].copy()), full, 40), (Image(slope), full, 10),
        (Image(slope), plain, 70), (Image(noise[:1, :1].copy()), full, 50),
        (Image(noise[:33, :17, :1].copy()), plain, 100), (Image(slope), parts, 60), (Image(slope), tiled, 60),
        (Image(deep, 10, alpha=deep[:, :, 0].copy(), metadata=carried), full, 50),
        (Image(noise[:, :, :1].copy(), ycbcr=True, chroma=halves), full, 50),
    )  # fmt: skip
    return [encode_picture(image, own, quality=quality).data for image, own, quality in cases]


def hostile_at(sound: Sequence[bytes], files: Sequence[bytes], index: int, seed: int) -> Mutant | None:
    """The hostile file with this number."""
    if index % FILES:
        return mutant_at(sound, index - index // FILES - 1, seed)
    turn, kind = divmod(index // FILES, _BOX_KINDS)
    chance = random.Random(f"{seed}/{turn}/{kind}")
    data = files[chance.randrange(len(files))]
    return next(itertools.islice(container_mutants(data, chance), kind, None))


def work(folder: Path, config: str, overrides: Sequence[str]) -> None:
    """Answers requests until there are no more."""
    import refsw.decode.reconstruct  # noqa: F401  (torch)
    from refsw.decode.model import Model
    from refsw.models import load_package

    if not overrides:
        overrides = [f"model={MODEL}"]
        install_model(folder / "models")
    sound = sound_streams(config, overrides)
    name = next(o for o in overrides if o.startswith("model=")).removeprefix("model=")
    model, files = Model.from_package(load_package(name)), [wrapped_with_everything(data) for data in sound]
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES))
    signal.signal(signal.SIGPROF, _too_slow)
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        batch = Batch()
        if "data" in request:
            given = Mutant("given", base64.b64decode(request["data"]))
            mutants: Iterator[tuple[int, Mutant | None]] = iter([(0, given)])
        else:
            numbers = range(request["first"], request["first"] + request["count"])
            mutants = ((i, hostile_at(sound, files, i, request["seed"])) for i in numbers)
        for index, mutant in mutants:
            if mutant is not None:
                (folder / "current").write_bytes(mutant.data)
                (folder / "number").write_text(f"{index} {mutant.kind}", encoding="ascii")
                share = request["share"]
                _try(batch, mutant, model, folder, whole=share > 0 and index % share == 0)
        batch.resident = _status("VmRSS:")
        print(json.dumps(asdict(batch)), flush=True)


def _too_slow(*_: object) -> None:
    raise SlowError("processor time")


def _try(batch: Batch, mutant: Mutant, model: object, folder: Path, whole: bool) -> None:
    _reset_peak()
    begin = time.process_time()
    allowed = SECONDS + SECONDS_PER_MEGAPIXEL * _megapixels(mutant.data)
    signal.setitimer(signal.ITIMER_PROF, 2 * allowed)
    try:
        found = check(mutant.data, model)
        code, complaint = found.code, found.complaint
        if whole and not complaint:
            code, complaint = _program(mutant.data, folder, conceal=len(mutant.data) % 2 == 1)
    except SlowError:
        code, complaint = 5, "interrupted"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds, memory = time.process_time() - begin, _status("VmHWM:")
    if not complaint and seconds > allowed:
        complaint = f"took {seconds:.1f} s"
    if not complaint and memory > MEMORY_BYTES:
        complaint = f"used {memory >> 20} MiB"
    own = batch.codes.setdefault(mutant.kind.partition("_")[0], {})
    own[str(code)] = own.get(str(code), 0) + 1
    batch.tried, batch.whole = batch.tried + 1, batch.whole + whole
    batch.seconds, batch.memory = max(batch.seconds, seconds), max(batch.memory, memory)
    if complaint:
        batch.finds.append((mutant.kind, complaint, base64.b64encode(mutant.data).decode("ascii")))


def _megapixels(data: bytes) -> float:
    """That a file says it has, where it can be read: what time it may take."""
    from refsw import container, syntax
    from refsw.errors import RefswError

    with contextlib.suppress(RefswError):
        header = syntax.salvage(container.opened(data, conceal=True).codestream).codestream.picture_header
        return header.coded_width * header.coded_height / 1e6
    return 0.0


def _program(data: bytes, folder: Path, conceal: bool) -> tuple[int, str]:
    """refsw-dec on the file: its exit code, and what was owed and not done."""
    from refsw.cli.dec import main

    source, target = folder / "in.jai", folder / "out.png"
    source.write_bytes(data)
    before, errors = {path.name for path in folder.iterdir()}, io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = main([str(source), "-o", str(target), "--threads", "1", *(["--conceal"] if conceal else [])])
    text, lines = errors.getvalue(), errors.getvalue().splitlines()
    complaints = {
        f"exit code {code}: {text[-300:]}": code not in ALLOWED_CODES,
        f"{len(lines)} lines on stderr: {text[:300]!r}": (len(lines) != 1) if code else (bool(lines) and not conceal),
        f"no message: {text[:100]!r}": bool(code) and not text.startswith("refsw-dec: error: "),
        "output and exit code disagree": target.exists() != (code == 0),
        "left a file behind": {path.name for path in folder.iterdir()} - before - {"out.png"} != set(),
        "picture of a wrong size": code == 0 and not _stated_size(data, target, conceal),
    }
    target.unlink(missing_ok=True)
    return code, "; ".join(text for text, failed in complaints.items() if failed)


def _stated_size(data: bytes, target: Path, conceal: bool) -> bool:
    from refsw import container, syntax
    from refsw.io import read_image

    stream = container.opened(data, conceal=conceal).codestream
    header = (syntax.salvage(stream).codestream if conceal else syntax.read(stream)).picture_header
    with contextlib.redirect_stderr(io.StringIO()):
        shown = read_image(target)
    return sorted((shown.width, shown.height)) == sorted((header.width, header.height))  # EXIF may turn a picture


def _reset_peak() -> None:
    with contextlib.suppress(OSError):  # where this is not Linux, the peak of the whole process is what is known
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status(name: str) -> int:
    """Bytes of an entry of /proc/self/status."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith(name)).split()[1]) * _KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def counted(batches: Sequence[Batch]) -> tuple[Counter[tuple[str, str]], Batch]:
    """Numbers for each (kind, exit code), and all batches together."""
    codes: Counter[tuple[str, str]] = Counter()
    total = Batch()
    for batch in batches:
        codes.update({(kind, code): n for kind, own in batch.codes.items() for code, n in own.items()})
        total = replace(
            total, tried=total.tried + batch.tried, whole=total.whole + batch.whole,
            seconds=max(total.seconds, batch.seconds), memory=max(total.memory, batch.memory),
        )  # fmt: skip
    return codes, total
