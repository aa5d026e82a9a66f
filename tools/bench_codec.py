#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Seconds and memory of encoder and decoder, stage by stage, beside a mean-scale hyperprior in the same run.

    tools/bench_codec.py --threads 2 [--picture FILE] [--quality 50] [--repeats 9] [--out bench.json]

One warm process: weights are loaded, and one run of everything is not counted. refsw and the peers take turns, so that
whatever else the machine does meets all of them. On a busy machine trust one thread and processor time; several threads
then wait for each other, and the figures say little.

The peers are the two sizes of the mean-scale hyperprior (tools/peer_hyperprior.py) with random weights. Only their
networks run: hyper-synthesis and synthesis when decoding, all four when encoding. Entropy coding, range checks and
conversion of the picture are not counted for them, while refsw's figures hold everything: the comparison favours
the peers. "planar" is torch's default layout, in which such codecs are run; "channels last" is what refsw uses.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np

from refsw.config import Config, load_config
from refsw.errors import RefswError
from refsw.io import read_image, write_image
from refsw.numerics import numerics
from refsw.types import Image

if TYPE_CHECKING:
    from refsw.decode.model import Model
    from refsw.decode.picture import Decoded

REPOSITORY = Path(__file__).resolve().parents[1]
Stages = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Timing:
    """Seconds of one thing over all repeats."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    @property
    def fastest(self) -> float:
        """Seconds."""
        return min(self.seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="default: a sample photograph, mirrored to 768x512")
    parser.add_argument("--config", default="cfg/base.yaml")
    parser.add_argument("--quality", type=float, default=50.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)  # the child process of `peak_memory`
    options = parser.parse_args(arguments)
    try:
        return _memory_child(options) if options.memory_of else run(options)
    except RefswError as error:
        print(f"bench_codec: {error}", file=sys.stderr)
        return error.exit_code


def run(options: argparse.Namespace) -> int:
    """Everything between the arguments and the exit code."""
    from refsw import api
    from refsw.encode.picture import load_model

    image = read_image(options.picture) if options.picture else default_picture()
    config = load_config(options.config)
    model = load_model(config)
    megapixels = image.width * image.height / 1e6
    with numerics(options.threads) as record, tempfile.TemporaryDirectory(prefix="refsw-bench-") as folder:
        data = api.encode_picture(image, config, quality=options.quality, model=model).data
        stream = Path(folder) / "picture.jai"
        stream.write_bytes(data)
        jobs: dict[str, Callable[[], Stages]] = {
            "refsw decode": lambda: decode_stages(stream, model, Path(folder) / "decoded.png"),
            "refsw encode": lambda: encode_stages(image, config, model, options.quality),
        }
        if not options.no_peers:
            jobs.update(peer_jobs(image.width, image.height))
        timings = measure(jobs, options.repeats)
        memory = peak_memory(stream, options)
    print(f"{image.width}x{image.height}, quality {options.quality:g}: {len(data)} bytes, "
          f"{8 * len(data) / (image.width * image.height):.3f} bpp; {record.threads} threads, {record.device_name}, "
          f"{record.cpu_capability}, torch {record.torch}; {options.repeats} repeats\n")  # fmt: skip
    print_timings(timings, megapixels)
    print_ratios(timings)
    print("\npeak resident memory, MiB: " + ", ".join(f"{name} {value:.0f}" for name, value in memory))
    if options.out:
        result = {
            "picture": [image.width, image.height],
            "bytes": len(data),
            "numerics": asdict(record),
            "seconds": {name: {t.name: t.seconds for t in parts} for name, parts in timings.items()},
            "memory_mib": dict(memory),
        }
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def decode_stages(stream: Path, model: Model, out: Path) -> Stages:
    """From file to file; "decode" is bytes to samples, "CPU" its processor time."""
    from refsw import api

    clock, cpu = [perf_counter()], process_time()
    data = stream.read_bytes()
    clock.append(perf_counter())
    decoded = api.decode_picture(data, model=model)
    clock.append(perf_counter())
    cpu = process_time() - cpu
    write_image(out, decoded.image)
    clock.append(perf_counter())
    stages = dict(decoded.report.stages)
    scale_path, entropy = symbol_stages(decoded, model)
    inner = {
        "parse headers": stages.pop("headers"),
        "symbols": stages.pop("symbols"),
        "  entropy decoding alone": entropy,
        "  scale path alone": scale_path,
        **{name: seconds for name, seconds in stages.items() if name != "load model"},
    }
    read, whole, write = (after - before for before, after in pairwise(clock))
    return (("read file", read), *inner.items(), ("write PNG", write), ("CPU", cpu), ("decode", whole))


def symbol_stages(decoded: Decoded, model: Model) -> tuple[float, float]:
    """Seconds of the scale path and of entropy decoding, each run once more by itself."""
    from refsw.decode.parse import scale_row, z_rows
    from refsw.decode.steps import NO_STEPS
    from refsw.decode.windows import Box
    from refsw.entropy import rans
    from refsw.entropy.tables import gaussian_tables

    scale_path = entropy = 0.0
    stream = decoded.codestream
    for index, (own, symbols) in enumerate(zip(stream.picture_header.components, decoded.symbols, strict=True)):
        scale, size = model.scales[index], symbols.symbols.shape[1:]
        start = perf_counter()
        NO_STEPS.scales(scale, index, symbols.z, own.quality_index, Box(0, 0, size[0], size[1]))
        scale_path += perf_counter() - start
        rows = scale_row(symbols.scale_index[~symbols.skip_mask])
        rows_of_z = z_rows(len(symbols.z), (symbols.z.shape[1], symbols.z.shape[2]))
        tables = scale.z_tables(own.quality_index)
        start = perf_counter()
        rans.decode(stream.z_data(index), rows_of_z, tables, 1 << own.log2_lanes_z)
        rans.decode(stream.residual_data(index), rows, gaussian_tables(), 1 << own.log2_lanes_residual)
        entropy += perf_counter() - start
    return scale_path, entropy


def encode_stages(image: Image, config: Config, model: Model, quality: float) -> Stages:
    """The encoder's steps, one by one as `encode_picture` runs them; "encode" is their sum."""
    from refsw.decode.picture import reconstruct_image
    from refsw.encode.analyse import analyse, planes_of
    from refsw.encode.picture import picture_header, quality_to_index
    from refsw.encode.write import write_picture

    clock, cpu = [perf_counter()], process_time()
    index = quality_to_index(quality, model.config.quality_anchors)
    header = picture_header(image, config, model, index)
    analysed = analyse(model, header, planes_of(image, header.colour_transform_idc))
    clock.append(perf_counter())
    written = write_picture(model, header, analysed.part, config.coding.lanes, config.coding.digest)
    clock.append(perf_counter())
    reconstruct_image(model, written.codestream.picture_header, analysed.tensors, "bop")
    clock.append(perf_counter())
    names = ("analysis", "entropy coding", "reconstruction")
    cpu = process_time() - cpu
    stages = tuple((name, after - before) for name, (before, after) in zip(names, pairwise(clock), strict=True))
    return (*stages, ("CPU", cpu), ("encode", clock[-1] - clock[0]))


def peer_jobs(width: int, height: int) -> dict[str, Callable[[], Stages]]:
    """Decoders and encoders of the peers, in both memory layouts."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import peer_hyperprior  # needs torch, which argument errors need not wait for

    jobs: dict[str, Callable[[], Stages]] = {}
    for n, m in peer_hyperprior.SIZES:
        for layout in peer_hyperprior.LAYOUTS:
            peer = peer_hyperprior.Peer.of_layout(n, m, width, height, layout)
            jobs[f"peer {n}/{m} {layout} decode"] = partial(timed, peer.decode)
            jobs[f"peer {n}/{m} {layout} encode"] = partial(timed, peer.encode)
    return jobs


def timed(step: Callable[[], object]) -> Stages:
    """Processor and wall seconds of one call."""
    start, cpu = perf_counter(), process_time()
    step()
    return (("CPU", process_time() - cpu), ("networks", perf_counter() - start))


def measure(jobs: dict[str, Callable[[], Stages]], repeats: int) -> dict[str, tuple[Timing, ...]]:
    """Runs all jobs in turn, `repeats` times after one round that is not counted."""
    rounds: dict[str, list[Stages]] = {name: [] for name in jobs}
    for turn in range(repeats + 1):
        for name, job in jobs.items():
            stages = job()
            if turn:
                rounds[name].append(stages)
    return {
        name: tuple(Timing(part[0][0], tuple(seconds for _, seconds in part)) for part in zip(*stages, strict=True))
        for name, stages in rounds.items()
    }


def print_timings(timings: dict[str, tuple[Timing, ...]], megapixels: float) -> None:
    """Milliseconds of each stage; the last of each job is the whole."""
    print(f"{'':<36}{'median ms':>11}{'fastest ms':>12}{'s/megapixel':>13}")
    for name, parts in timings.items():
        *stages, whole = parts
        for part in stages:
            print(f"    {part.name:<32}{1e3 * part.median:>11.1f}{1e3 * part.fastest:>12.1f}")
        print(f"{name:<36}{1e3 * whole.median:>11.1f}{1e3 * whole.fastest:>12.1f}{whole.median / megapixels:>13.3f}")


def print_ratios(timings: dict[str, tuple[Timing, ...]]) -> None:
    """How many times longer the peers take."""
    print()
    for side in ("decode", "encode"):
        ours = timings[f"refsw {side}"]
        for name, parts in timings.items():
            if name.startswith("peer") and name.endswith(side):
                print(f"{name} takes, of refsw's time: {parts[-1].median / ours[-1].median:.2f} x (medians), "
                      f"{parts[-1].fastest / ours[-1].fastest:.2f} x (fastest), "
                      f"{parts[-2].fastest / ours[-2].fastest:.2f} x (least processor time)")  # fmt: skip


def peak_memory(stream: Path, options: argparse.Namespace) -> tuple[tuple[str, float], ...]:
    """Peak resident memory of a fresh process, MiB: after the imports, with the model loaded, after one decode."""
    command = [sys.executable, __file__, "--memory-of", str(stream), "--threads", str(options.threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefswError(f"memory could not be measured: {done.stderr.strip().splitlines()[-1]}")
    return tuple((str(name), float(value)) for name, value in json.loads(done.stdout))


def _memory_child(options: argparse.Namespace) -> int:
    import torch

    from refsw import api, syntax
    from refsw.decode.picture import load_model

    def peak() -> float:
        # ru_maxrss would begin with the peak of the parent, which survives the start of a process
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    assert torch.__version__
    found = [("after importing torch", peak())]
    data = options.memory_of.read_bytes()
    with numerics(options.threads):
        model = load_model(syntax.read(data).picture_header)
        _ = model.network
        found.append(("with the model loaded", peak()))
        api.decode_picture(data, model=model)
        found.append(("after a decode", peak()))
    print(json.dumps(found))
    return 0


def default_picture() -> Image:
    """The first sample photograph, 384x256, mirrored to 768x512: the size of a Kodak picture."""
    samples = read_image(sorted((REPOSITORY / "samples").glob("*.png"))[0]).samples
    wide = np.concatenate([samples, samples[:, ::-1]], axis=1)
    return Image(np.ascontiguousarray(np.concatenate([wide, wide[::-1]], axis=0), dtype=np.uint8))


if __name__ == "__main__":
    raise SystemExit(main())
