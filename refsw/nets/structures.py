# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Named model structures."""

from __future__ import annotations

from refsw.errors import UsageError
from refsw.nets.codec import CodecConfig, base_config


def structure(name: str) -> CodecConfig:
    """Structure by its registry name. Raises UsageError."""
    structures = {"base": base_config}
    if name not in structures:
        raise UsageError(f"model structure {name!r}: expected one of {', '.join(structures)}")
    return structures[name]()
