# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The ffmpeg program, for what no package of its own brings: libvmaf, vvenc.

It comes with the package imageio-ffmpeg, or is the ffmpeg of the system. Nothing is fetched at run time.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Program:
    """An ffmpeg, and what it calls itself."""

    path: str
    version: str


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
