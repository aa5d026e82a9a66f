# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A decoder in a process of its own, started once and kept warm.

    DecoderProcess("refsw.api")  --one JSON line per request, one per answer-->  python -m refsw.ctc.decoder

It shares nothing with the encoder but the file that it is given: what it makes of a codestream cannot come from the
encoder's memory. Samples come back as .npy, so that no picture format stands between the two.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from refsw.ctc.clock import clock
from refsw.errors import RefswError
from refsw.io.files import read_bytes
from refsw.numerics import numerics

CODEC = "refsw.api"


@dataclass(frozen=True)
class Request:
    """Which codestream to decode, and where its samples go (.npy)."""

    stream: str
    samples: str


@dataclass(frozen=True)
class Answer:
    """What a request took: wall seconds, bytes of memory at its peak."""

    seconds: float
    peak_bytes: int


class DecoderProcess:
    """A warm process that decodes one codestream after the other, on some threads; it ends with this process."""

    def __init__(self, codec: str = CODEC, threads: int = 1) -> None:
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        root = str(Path(__file__).resolve().parents[2])  # the same refsw as here, wherever it was started
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "refsw.ctc.decoder", codec, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> DecoderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        if self._process.stdin:
            self._process.stdin.close()  # end of file: it leaves its loop
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def run(self, request: Request) -> Answer:
        """Sends a request and waits for its answer. Raises RefswError, with the process's line where it failed."""
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(BrokenPipeError):  # it is gone: the missing answer below says so
            self._process.stdin.write(json.dumps(asdict(request)) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RefswError(f"the decoder's process ended with code {self._process.wait()} and no answer")
        answer = json.loads(line)
        if "error" in answer:
            raise RefswError(f"decoder: {answer['error']}")
        return Answer(answer["seconds"], answer["peak_bytes"])


def _answer(codec: Any, models: dict[str, Any], request: Request) -> Answer:
    data = read_bytes(request.stream)
    own = codec.__name__ == CODEC
    settings = {"model": _model(data, models), "keep": False} if own else {}
    with clock() as spent:
        decoded = codec.decode_picture(data, **settings)
    np.save(request.samples, decoded.image.samples)
    return Answer(spent.seconds, spent.peak_bytes)


def _model(data: bytes, models: dict[str, Any]) -> Any:
    """The model that a codestream asks for, its networks loaded, so that no picture is charged with that."""
    from refsw.decode.picture import load_model
    from refsw.syntax import read

    header = read(data).picture_header
    wanted = header.model_digest.hex()
    if wanted not in models:
        models[wanted] = load_model(header)
        _ = models[wanted].network
    return models[wanted]


def main() -> None:
    """Serves requests from standard input; everything that libraries print goes to standard error."""
    parser = argparse.ArgumentParser(prog="refsw.ctc.decoder", description=main.__doc__)
    parser.add_argument("codec")
    parser.add_argument("threads", type=int)
    arguments = parser.parse_args()
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    codec, models = importlib.import_module(arguments.codec), dict[str, Any]()
    with numerics(arguments.threads) if arguments.codec == CODEC else contextlib.nullcontext():
        for line in sys.stdin:
            try:
                answer: dict[str, object] = asdict(_answer(codec, models, Request(**json.loads(line))))
            except RefswError as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            try:
                answers.write(json.dumps(answer).encode() + b"\n")
            except BrokenPipeError:  # whoever asked is gone
                return


if __name__ == "__main__":
    main()
