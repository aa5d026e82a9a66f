# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(5.1) Bits and descriptors: one method for each descriptor, and the checks of an element's range (4.4)."""

from __future__ import annotations

from collections.abc import Container

from conformance.independent.errors import RejectedError, UnsupportedError

UE_ZEROS = 31  # 5.1.6


class BitReader:
    """Reads data from bit `position` on, up to byte `end`."""

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = 8 * start
        self.end = len(data) if end is None else end

    def __repr__(self) -> str:
        return f"byte {self.position // 8}"

    @property
    def remaining(self) -> int:
        """(4.2) Whole bytes between the position and the end."""
        return self.end - (self.position + 7) // 8

    def u(self, n: int) -> int:
        """(5.1.2) Unsigned integer of n bits."""
        last = self.position + n
        if last > 8 * self.end:
            raise RejectedError("5.1.8", f"{self}: {n} bits are needed, {8 * self.end - self.position} are left")
        chunk = int.from_bytes(self.data[self.position // 8 : (last + 7) // 8], "big")
        self.position = last
        return (chunk >> (-last % 8)) & ((1 << n) - 1)

    def s(self, n: int) -> int:
        """(5.1.3) Signed integer of n bits, two's complement."""
        value = self.u(n)
        return value - (1 << n) if value >> (n - 1) else value

    def ue(self) -> int:
        """(5.1.6) Exp-Golomb code."""
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
            if zeros > UE_ZEROS:
                raise RejectedError("5.1.6", f"{self}: Exp-Golomb code with more than {UE_ZEROS} leading zero bits")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """(5.1.7) Signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def align(self) -> None:
        """(5.1.5, 5.1.9) Zero bits up to a byte boundary."""
        if self.u(-self.position % 8):
            raise RejectedError("5.1.9", f"{self}: bits before a byte boundary are not 0")

    def b(self, n: int) -> bytes:
        """(5.1.4) n bytes, which may begin anywhere in a byte."""
        left = (8 * self.end - self.position) // 8
        if n > left:
            raise RejectedError("5.1.8", f"{self}: {n} bytes are needed, {left} are left")
        if self.position % 8 == 0:
            first = self.position // 8
            self.position += 8 * n
            return self.data[first : first + n]
        return self.u(8 * n).to_bytes(n, "big")

    def finish(self) -> None:
        """(5.3.3) Zero bits up to a byte boundary, then the end of the payload."""
        self.align()
        if self.position != 8 * self.end:
            raise RejectedError("5.3.3", f"{self}: {self.remaining} bytes after the last element of the payload")

    def within(self, name: str, clause: str, value: int, low: int, high: int) -> int:
        """The value of an element, which lies in low..high."""
        if not low <= value <= high:
            raise RejectedError(clause, f"{self}: {name} is {value}, allowed is {low}..{high}")
        return value

    def known(self, name: str, clause: str, value: int, values: Container[int]) -> int:
        """The value of an element whose other values are reserved for later versions."""
        if value not in values:
            raise UnsupportedError(clause, f"{self}: {name} is {value}, which is reserved")
        return value

    def demand(self, holds: bool, clause: str, text: str) -> None:
        """A constraint: malformed, or over a profile or level."""
        if not holds:
            raise RejectedError(clause, f"{self}: {text}")
