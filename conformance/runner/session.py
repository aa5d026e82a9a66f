# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A decoder that stays alive between vectors, for decoders that take seconds to start.

It reads one JSON object per line from its standard input, with the keys stream, output, result, operating_point and
stages (a folder or null), and answers each with one line {"exit": CODE} on its standard output. One that ends, hangs
or answers anything else is ended, its vector gets the verdict, and the next vector gets a new process.
"""

from __future__ import annotations

import json
import selectors
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from conformance.runner.adapter import Adapter, Places, fill
from conformance.runner.process import Limits, Outcome, bound, end_group, group_mib, tail

_STEP = 0.02
_ANSWER_BYTES = 4096


class Session:
    """One living decoder; not shared between threads."""

    def __init__(self, adapter: Adapter, environment: dict[str, str], work: Path) -> None:
        self._adapter, self._environment, self._work = adapter, environment, work
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def run(self, places: Places, limits: Limits) -> Outcome:
        """Decodes one vector. Raises OSError where the decoder cannot be started."""
        begin = time.monotonic()
        process = self._started(places, limits)
        question = {
            "stream": str(places.stream), "output": str(places.output), "result": str(places.result),
            "operating_point": places.operating_point, "stages": places.stages and str(places.stages),
        }  # fmt: skip
        assert process.stdin is not None and self._errors is not None
        self._errors.seek(0)
        self._errors.truncate()
        answer, ended, peak = b"", "", 0.0
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            answer, ended, peak = _answer(process, limits, begin)
        except OSError:
            pass  # it has ended; its exit code says how
        message = tail(self._errors)
        code: int | None
        try:
            found = json.loads(answer)["exit"] if not ended else None
            code = found if type(found) is int else None
        except (ValueError, KeyError, TypeError):
            code = None
        if code is None:
            self.close()
            code = None if ended else (process.returncode or -1)
        return Outcome(code, ended, message, time.monotonic() - begin, peak)

    def _started(self, places: Places, limits: Limits) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._errors = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                fill(self._adapter.session, self._adapter, places), cwd=self._work, env=self._environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True,
            )  # fmt: skip
            bound(self._process.pid, limits)
        return self._process

    def close(self) -> None:
        """Ends the decoder."""
        if self._process is not None:
            end_group(self._process.pid)
            self._process.communicate()
        if self._errors is not None:
            self._errors.close()
        self._process = self._errors = None


def _answer(process: subprocess.Popen[bytes], limits: Limits, begin: float) -> tuple[bytes, str, float]:
    assert process.stdout is not None
    peak, answer = 0.0, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not answer.endswith(b"\n") and len(answer) < _ANSWER_BYTES:
            if selector.select(_STEP):
                part = process.stdout.read1(_ANSWER_BYTES)  # type: ignore[attr-defined]
                if not part:
                    process.wait()
                    break
                answer += part
                continue
            held = group_mib(process.pid)
            peak = max(peak, held)
            if held > limits.memory_mib:
                return b"", "memory", peak
            if time.monotonic() - begin > limits.seconds:
                return b"", "timeout", peak
    return answer, "", peak
