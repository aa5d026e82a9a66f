# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants of how a decoder behaves: what it accepts, how it exits, what it takes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from conformance.runner.suite import Vector


@dataclass(frozen=True)
class Behaviour:
    """One wrong behaviour. exits: another exit code than the right one, given vector and right code; before: what it
    does first; picture: whether a stream that is not decoded gives a picture all the same."""

    text: str
    exits: Callable[[Vector, int], int] = lambda vector, code: code
    before: Callable[[Vector], None] = lambda vector: None
    result: bool = True
    output: bool = True


def _accepts(*words: str) -> Callable[[Vector, int], int]:
    def exits(vector: Vector, code: int) -> int:
        return 0 if code == 3 and any(vector.id.startswith(word) for word in words) else code

    return exits


def _hang(vector: Vector) -> None:
    if vector.kind == "negative":
        time.sleep(3600)


def _hold(vector: Vector) -> None:
    if vector.kind == "negative":
        held = [bytearray(os.urandom(1 << 20)) * 64 for _ in range(256)]  # 16 GiB, touched as it grows
        time.sleep(len(held))


def _abort(vector: Vector) -> NoReturn:
    os.abort()


def _segfault(vector: Vector) -> None:
    if vector.kind == "negative":
        os.kill(os.getpid(), 11)


def _crash(vector: Vector) -> None:
    if vector.kind == "negative":
        raise RuntimeError("list index out of range")


def _fork_and_hang(vector: Vector) -> None:
    if vector.kind == "negative" and os.fork() == 0:
        time.sleep(3600)
    elif vector.kind == "negative":
        os.wait()


def _flood(vector: Vector) -> None:
    with open("flood.raw", "wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))


BEHAVIOURS: Mapping[str, Behaviour] = {
    "accepts-everything": Behaviour("a grey picture for what it should reject", lambda v, c: 0),
    "accepts-bad-length": Behaviour("segments that end early or late are accepted", _accepts("cut", "clause-5")),
    "accepts-bad-digest": Behaviour("digests are not compared", _accepts("digest")),
    "accepts-damage": Behaviour("final states of the coder are not checked", _accepts("damage")),
    "accepts-bad-alpha": Behaviour("alpha's size is not checked", _accepts("alpha")),
    "accepts-over-level": Behaviour("limits of levels are not checked", _accepts("clause-A-2")),
    "accepts-over-profile": Behaviour("limits of profiles are not checked", _accepts("clause-A-1")),
    "accepts-reserved": Behaviour("reserved values are accepted", _accepts("clause-6")),
    "accepts-other-weights": Behaviour(
        "any weights are taken for those of the stream", lambda v, c: 0 if c == 6 else c
    ),
    "accepts-garbage": Behaviour("bytes around a codestream are skipped", _accepts("bytes", "clause-5-2")),
    "rejects-unknown": Behaviour(
        "unknown segments are rejected", lambda v, c: 3 if v.id.startswith(("skippable", "extension")) else c
    ),
    "rejects-small": Behaviour("pictures of one sample are rejected", lambda v, c: 3 if v.id == "size-1x1" else c),
    "unsupported-deep": Behaviour(
        "more than 8 bits are not supported, though claimed", lambda v, c: 6 if v.bit_depth > 8 else c
    ),
    "unsupported-for-invalid": Behaviour("what is malformed is called unsupported", lambda v, c: 6 if c == 3 else c),
    "invalid-for-unsupported": Behaviour("what is unsupported is called malformed", lambda v, c: 3 if c == 6 else c),
    "exit-1": Behaviour("rejects with exit code 1", lambda v, c: 1 if c == 3 else c),
    "exit-1-after-all": Behaviour("decodes everything and exits with 1", lambda v, c: c or 1),
    "crashes": Behaviour("a traceback where it should reject", before=_crash),
    "segfaults": Behaviour("a signal where it should reject", before=_segfault),
    "aborts": Behaviour("a signal for every stream", before=_abort),
    "hangs": Behaviour("never ends where it should reject", before=_hang),
    "child-hangs": Behaviour("a child process never ends", before=_fork_and_hang),
    "eats-memory": Behaviour("takes 16 GiB where it should reject", before=_hold),
    "floods-the-disk": Behaviour("writes 64 MiB beside its output", before=_flood),
    "no-output": Behaviour("exit 0 and no planes", output=False),
    "no-result": Behaviour("exit 0 and no result.json", result=False),
}


def warn(text: str) -> None:
    """One line on standard error."""
    print(f"replay: {text}", file=sys.stderr)
