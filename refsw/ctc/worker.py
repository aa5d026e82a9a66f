# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Encoder and decoder in processes of their own, started once and kept warm.

    CodecProcess("encode", ...)  --one JSON line per request, one per answer-->  python -m refsw.ctc.worker encode

Encoder and decoder share nothing but files: what the decoder makes of a codestream cannot come from memory of the
encoder. Samples travel as .npy, so that no picture format stands between the two.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from refsw.errors import InputError, RefswError
from refsw.numerics import numerics

CODEC = "refsw.api"


@dataclass(frozen=True)
class EncodeRequest:
    """What to encode (any picture file), how (quality 0..100), and where codestream and reconstruction go."""

    picture: str
    quality: float
    stream: str
    reconstruction: str


@dataclass(frozen=True)
class DecodeRequest:
    """Which codestream to decode, and where its samples go (.npy)."""

    stream: str
    samples: str


@dataclass(frozen=True)
class Answer:
    """What one request took; estimated_bits: the encoder's own estimate of the file, 0 from a decoder."""

    seconds: float
    cpu_seconds: float
    estimated_bits: float
    quality_index: tuple[int, ...]
    stages: tuple[tuple[str, float], ...]


class CodecProcess:
    """A warm process that encodes or decodes one request after the other. Use as a context manager.

    role: "encode" or "decode"; config: encoder configuration; codec: module with encode_picture and
    decode_picture; threads: of the networks. Raises RefswError with the worker's line where a request fails.
    """

    def __init__(self, role: str, config: str, *, codec: str = CODEC, threads: int = 1) -> None:
        command = [sys.executable, "-m", "refsw.ctc.worker", role, "--config", config, "--codec", codec]
        command += ["--threads", str(threads)]
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        root = str(Path(__file__).resolve().parents[2])  # the same refsw as here, wherever it was started
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        self.role = role
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def __enter__(self) -> CodecProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        if self._process.stdin:
            self._process.stdin.close()  # end of file: the worker leaves its loop
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def run(self, request: EncodeRequest | DecodeRequest) -> Answer:
        """Sends a request and waits for its answer."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(asdict(request)) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone: the missing answer below says so
        line = self._process.stdout.readline()
        if not line:
            raise RefswError(f"{self.role} process ended with code {self._process.wait()} and no answer")
        answer = json.loads(line)
        if "error" in answer:
            raise RefswError(f"{self.role}: {answer['error']}")
        return Answer(
            seconds=answer["seconds"],
            cpu_seconds=answer["cpu_seconds"],
            estimated_bits=answer["estimated_bits"],
            quality_index=tuple(answer["quality_index"]),
            stages=tuple((name, seconds) for name, seconds in answer["stages"]),
        )


def serve(handle: Callable[[dict[str, Any]], Answer], requests: TextIO, answers: TextIO) -> None:
    """Answers requests line by line until the input ends; an error of one request is its answer."""
    for line in requests:
        try:
            answer = asdict(handle(json.loads(line)))
        except RefswError as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def encoder(config_path: str, codec: Any, model: Any) -> Callable[[dict[str, Any]], Answer]:
    """The encoding side; the configuration is read once."""
    from refsw.config import load_config
    from refsw.io import read_image

    config = load_config(config_path)

    def handle(values: dict[str, Any]) -> Answer:
        request = EncodeRequest(**values)
        image = read_image(request.picture)
        clock = _Clock()
        encoded = codec.encode_picture(image, config, quality=request.quality, model=model)
        seconds, cpu_seconds = clock.read()
        Path(request.stream).write_bytes(encoded.data)
        np.save(request.reconstruction, encoded.reconstruction.samples)
        report = encoded.report
        return Answer(seconds, cpu_seconds, float(report.estimated_bits), tuple(report.quality_index), _stages(report))

    return handle


def decoder(codec: Any, model: Any) -> Callable[[dict[str, Any]], Answer]:
    """The decoding side: bytes of a file in, samples of a file out."""

    def handle(values: dict[str, Any]) -> Answer:
        request = DecodeRequest(**values)
        try:
            data = Path(request.stream).read_bytes()
        except OSError as error:
            raise InputError(f"{request.stream}: {error.strerror}") from None
        clock = _Clock()
        decoded = codec.decode_picture(data, model=model)
        seconds, cpu_seconds = clock.read()
        np.save(request.samples, decoded.image.samples)
        return Answer(seconds, cpu_seconds, 0.0, (), _stages(decoded.report))

    return handle


def warm_model(config_path: str, codec: str) -> Any:
    """The model that a configuration names, with its networks loaded; None for another codec than refsw's.

    A decoder still checks that a codestream asks for this very model, and loads another one if it does not.
    """
    if codec != CODEC:
        return None
    from refsw.config import load_config
    from refsw.encode.picture import load_model

    model = load_model(load_config(config_path))
    _ = model.network  # loaded now, so that the first picture is not charged with it
    return model


def _stages(report: Any) -> tuple[tuple[str, float], ...]:
    return tuple((str(name), float(seconds)) for name, seconds in report.stages)


class _Clock:
    """Wall and processor time since its construction, in seconds."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._start[0], time.process_time() - self._start[1]


def main() -> None:
    """Serves requests from standard input; everything that libraries print goes to standard error."""
    parser = argparse.ArgumentParser(prog="refsw.ctc.worker", description=main.__doc__)
    parser.add_argument("role", choices=("encode", "decode"))
    parser.add_argument("--config", required=True)
    parser.add_argument("--codec", default=CODEC)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        model = warm_model(arguments.config, arguments.codec)
        codec = importlib.import_module(arguments.codec)
        handle = encoder(arguments.config, codec, model) if arguments.role == "encode" else decoder(codec, model)
        with numerics(arguments.threads) if arguments.codec == CODEC else contextlib.nullcontext():
            serve(handle, sys.stdin, answers)
    except RefswError as error:
        raise SystemExit(f"refsw.ctc.worker: {error}") from None


if __name__ == "__main__":
    main()
