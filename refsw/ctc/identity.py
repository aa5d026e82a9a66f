# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a measured number depends on, as digests: code, specification, text. Keys of the cache are made of them."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import refsw
from refsw.resources import spec_dir

PACKAGE = Path(refsw.__file__).parent
# What neither encoder nor decoder runs: common test conditions, command lines, training. Weights have their own digest.
NOT_OF_THE_CODEC = ("ctc", "cli", "train", "_data", "__pycache__")
NOT_OF_THE_SPECIFICATION = ("schema", "text")


def key(*parts: object) -> str:
    """64 hexadecimal digits that differ wherever a part differs."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


@cache
def codec_code() -> str:
    """Digest of the code and the specification on which bytes and pictures of refsw depend."""
    code = sorted(path for path in PACKAGE.iterdir() if path.name not in NOT_OF_THE_CODEC)
    spec = sorted(path for path in spec_dir().iterdir() if path.name not in NOT_OF_THE_SPECIFICATION)
    return tree_digest(*code, *spec, suffixes=(".py", ".yaml", ".json"))


@cache
def engine_code() -> str:
    """Digest of the code that searches a rate."""
    return tree_digest(PACKAGE / "ctc" / "work.py", PACKAGE / "encode" / "rate.py")


@cache
def session_code() -> str:
    """Digest of the code that calls refsw."""
    return tree_digest(PACKAGE / "ctc" / "refsw_codec.py", PACKAGE / "ctc" / "decoder.py")


@cache
def metrics_code() -> str:
    """Digest of the code of all metrics."""
    return tree_digest(PACKAGE / "ctc" / "metrics", suffixes=(".py",))


@cache
def anchors_code() -> str:
    """Digest of the code that calls the anchors."""
    return tree_digest(PACKAGE / "ctc" / "anchors", PACKAGE / "ctc" / "ffmpeg.py", suffixes=(".py",))


def tree_digest(*paths: Path, suffixes: tuple[str, ...] = ()) -> str:
    """SHA-256 over names and contents of files and folders; suffixes: which files count, all where there are none."""
    state = hashlib.sha256()
    for root in paths:
        files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
        for file in files:
            name = f"{root.name}/{file.relative_to(root).as_posix()}" if root.is_dir() else file.name
            hidden = "__pycache__" in name or any(part.startswith(".") for part in name.split("/"))
            if hidden or not file.is_file() or (suffixes and file.suffix not in suffixes):
                continue
            data = file.read_bytes()
            state.update(f"{name} {len(data)}\n".encode())
            state.update(data)
    return state.hexdigest()
