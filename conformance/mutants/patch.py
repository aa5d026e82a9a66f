# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A wrong line inside a decoder: a module or class, a name in it, and a function from what it is to what it is now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from unittest import mock


@dataclass(frozen=True)
class Patch:
    """One wrong line."""

    text: str
    place: Any
    name: str
    wrong: Callable[[Any], Any]

    def applied(self) -> AbstractContextManager[Any]:
        """While it is open, the decoder is wrong."""
        return mock.patch.object(self.place, self.name, self.wrong(getattr(self.place, self.name)))
