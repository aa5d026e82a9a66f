# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The ffmpeg program, for what no package of its own brings: libvmaf, vvenc.

It comes with the package imageio-ffmpeg, or is the ffmpeg of the system. Nothing is fetched at run time.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from dataclasses import dataclass
from functools import lru_cache

from refsw.errors import RefswError

FIRST_POLL_SECONDS, POLL_SECONDS = 0.001, 0.02
TIMEOUT_SECONDS = 3600


@dataclass(frozen=True)
class Program:
    """An ffmpeg, and what it calls itself."""

    path: str
    version: str


@dataclass(frozen=True)
class Ended:
    """A program that ended. peak_bytes: of resident memory, seen now and then; None where the system does not tell."""

    code: int
    output: bytes
    log: str
    peak_bytes: int | None


@lru_cache(maxsize=8)
def program(kind: str, name: str) -> Program | None:
    """The first ffmpeg that has a part: program("filter", "libvmaf"), program("encoder", "libvvenc")."""
    for path in candidates():
        try:
            has = subprocess.run([path, "-hide_banner", "-h", f"{kind}={name}"], capture_output=True, text=True)
            line = subprocess.run([path, "-version"], capture_output=True, text=True).stdout.partition("\n")[0]
        except OSError:
            continue
        if f"{kind.capitalize()} {name}" in has.stdout:
            return Program(path, " ".join(line.split()[:3]))
    return None


def run(command: list[str], data: bytes) -> Ended:
    """Runs a program on data. Its memory is looked at from outside: what it says of itself (getrusage) counts ours.

    The first look is before it has its data, so that a program that needs them cannot have ended; the others are taken
    by a thread, because `communicate` that is called again after a timeout does not write the rest of the data.

    Raises RefswError after TIMEOUT_SECONDS.
    """
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    peaks, ended = [resident_peak(process.pid)], threading.Event()

    def watch() -> None:
        wait = FIRST_POLL_SECONDS
        while not ended.wait(wait):
            peaks.append(resident_peak(process.pid))
            wait = min(2 * wait, POLL_SECONDS)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        output, log = process.communicate(data, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise RefswError(f"{command[0]}: no answer after {TIMEOUT_SECONDS} s") from None
    finally:
        ended.set()
        watcher.join()
    return Ended(process.returncode, output, log.decode(errors="replace"), max(peaks) or None)


def resident_peak(pid: int) -> int:
    """Most bytes that a process ever had resident; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as lines:
            return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def candidates() -> list[str]:
    """Paths, that of the package imageio-ffmpeg first."""
    found = []
    try:
        import imageio_ffmpeg

        found.append(str(imageio_ffmpeg.get_ffmpeg_exe()))
    except (ImportError, RuntimeError):
        pass  # not installed, or a wheel without the program
    system = shutil.which("ffmpeg")
    return [*found, system] if system else found
