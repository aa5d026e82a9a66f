# SPDX-License-Identifier: BSD-3-Clause-Clear
"""refsw: reference software for learned image compression.

    picture -> planes -> latents -> symbols -> bytes, and back
"""

from refsw.errors import RefswError
from refsw.types import Image

__version__ = "0.1.0"
__all__ = ["Image", "RefswError", "__version__", "decode", "encode"]


def __getattr__(name: str) -> object:
    """`encode` and `decode` load torch, so they are imported on first use."""
    if name in ("encode", "decode"):
        from refsw import api

        return getattr(api, name)
    raise AttributeError(f"module 'refsw' has no attribute {name!r}")
