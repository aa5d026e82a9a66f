# SPDX-License-Identifier: BSD-3-Clause-Clear
"""adapter.yaml: how the decoder under test is called. The runner hashes and compares; an adapter never does.

    name: my decoder
    command: [mydec, --in, "{stream}", --out, "{output}", --json, "{result}"]
    session: [mydec, --serve]          optional: stays alive, one JSON line per vector on its standard input
    stages: [--dump, "{stages}"]       optional: appended to find the first stage that diverges
    probe: [mydec, --version]          optional: the first line of its output goes into the report
    environment: {THREADS: "1"}        optional; {here} is the folder of adapter.yaml

{{ and }} stand for braces. Exit codes of the command: 0 decoded, 3 rejected, 6 unsupported, anything else is a crash.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.runner.errors import UsageError
from conformance.runner.planes import sha256
from conformance.runner.settings import read_settings

PLACEHOLDERS = ("stream", "output", "result", "models", "operating_point", "stages", "python", "suite", "work", "here")
_KEYS = ("name", "command", "session", "stages", "probe", "environment")


@dataclass(frozen=True)
class Adapter:
    """A decoder under test; digest: SHA-256 of the file that describes it."""

    name: str
    command: tuple[str, ...]
    session: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    probe: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    folder: Path = Path()
    python: str = sys.executable


@dataclass(frozen=True)
class Places:
    """Files and values of one vector that placeholders stand for."""

    stream: Path
    output: Path
    result: Path
    work: Path
    suite: Path
    operating_point: str
    models: str = ""
    stages: Path | None = None


def load_adapter(path: Path, python: str = sys.executable) -> Adapter:
    """python: what {python} stands for. Raises UsageError, one line."""
    found = read_settings(path)
    unknown = found.keys() - set(_KEYS)
    if unknown:
        raise UsageError(f"{path}: {min(unknown)}: no such key; keys: {', '.join(_KEYS)}")
    words = {key: _words(found.get(key) or [], f"{path}: {key}") for key in ("command", "session", "stages", "probe")}
    if not words["command"]:
        raise UsageError(f"{path}: command: is missing")
    if not any("{stream}" in word for word in words["command"]):
        raise UsageError(f"{path}: command: has no {{stream}}")
    environment = found.get("environment") or {}
    if not isinstance(environment, dict):
        raise UsageError(f"{path}: environment: expected a mapping")
    here = path.resolve().parent
    return Adapter(
        name=str(found.get("name") or path.stem), **words, digest=sha256(path.read_bytes()), folder=here, python=python,
        environment={key: str(value).replace("{here}", str(here)) for key, value in environment.items()},
    )  # fmt: skip


def _words(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UsageError(f"{name}: expected a list of words; a shell is not used")
    words = tuple(str(word) for word in value)
    for word in words:
        try:
            word.format_map(dict.fromkeys(PLACEHOLDERS, ""))
        except (KeyError, ValueError, IndexError) as error:
            raise UsageError(f"{name}: {word!r}: {error}; placeholders: {', '.join(PLACEHOLDERS)}") from None
    return words


def fill(words: tuple[str, ...], adapter: Adapter, places: Places | None) -> list[str]:
    """Words with values for placeholders; places: None where no vector is decoded."""
    values = dict.fromkeys(PLACEHOLDERS, "") | {"python": adapter.python, "here": str(adapter.folder)}
    if places is not None:
        values |= {name: str(getattr(places, name)) for name in PLACEHOLDERS if hasattr(places, name)}
    return [word.format_map(values) for word in words]


def version_of(adapter: Adapter, seconds: float = 60) -> str:
    """First line of what the probe prints; "" without one."""
    if not adapter.probe:
        return ""
    try:
        done = subprocess.run(
            fill(adapter.probe, adapter, None), capture_output=True, text=True, timeout=seconds, check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, **adapter.environment},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"adapter {adapter.name}: probe: {error}") from None
    return (done.stdout or done.stderr).strip().partition("\n")[0][:200]
