# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A wrong line inside a decoder: a module or class, a name in it, and a function from what it is to what it is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock


@dataclass(frozen=True)
class Patch:
    """One wrong line; also: others that it takes."""

    text: str
    place: Any
    name: str
    wrong: Callable[[Any], Any]
    also: tuple[Patch, ...] = ()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """While it is open, the decoder is wrong."""
        with ExitStack() as stack:
            for one in (self, *self.also):
                wrong = one.wrong(getattr(one.place, one.name))
                stack.enter_context(mock.patch.object(one.place, one.name, wrong))
            yield
