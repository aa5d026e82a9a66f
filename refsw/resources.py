# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Where the specification, configurations and weights are: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent


def spec_dir() -> Path:
    """Folder of the specification's data."""
    return _ROOT / "spec"


def payload_file(tool: str) -> Path:
    """Syntax of the payload of a coding tool of this package."""
    return _PACKAGE / "tools" / tool / "syntax.yaml"


def cfg_dir() -> Path:
    """Folder of the named configurations."""
    return _ROOT / "cfg"


def models_dir() -> Path:
    """Folder of the shipped model packages, one folder per set."""
    return _PACKAGE / "models"
