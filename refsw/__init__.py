# SPDX-License-Identifier: BSD-3-Clause-Clear
"""refsw: reference software for learned image compression.

    picture -> planes -> latents -> symbols -> bytes, and back
"""

import sys
from types import ModuleType

from refsw.errors import RefswError
from refsw.types import Image

__version__ = "0.1.0"
__all__ = ["Image", "RefswError", "__version__", "decode", "encode"]

_FUNCTIONS = ("encode", "decode")


class _Package(ModuleType):
    """Keeps `refsw.encode` and `refsw.decode` functions, which importing the subpackages so named would hide."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _FUNCTIONS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    """`encode` and `decode` load torch, so they are imported on first use."""
    if name in _FUNCTIONS:
        from refsw import api

        return getattr(api, name)
    raise AttributeError(f"module 'refsw' has no attribute {name!r}")
