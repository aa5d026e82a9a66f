# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(5.1) Bits of a codestream, most significant first."""

from __future__ import annotations


class ExhaustedError(Exception):
    """Fewer bits are left than asked for."""


class BadCodeError(Exception):
    """An Exp-Golomb code has too many leading zero bits."""


MAX_LEADING_ZEROS = 31


class BitReader:
    """Reads from a window of a byte string; positions are in bits from the start of the whole."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.position = 0
        self.end = 8 * len(data)

    @property
    def left(self) -> int:
        """Bits up to the end of the window."""
        return self.end - self.position

    def unsigned(self, bits: int) -> int:
        """(5.1.2) u(n)."""
        if bits > self.left:
            raise ExhaustedError
        last = (self.position + bits + 7) >> 3
        value = int.from_bytes(self._data[self.position >> 3 : last], "big") >> (8 * last - self.position - bits)
        self.position += bits
        return value & ((1 << bits) - 1)

    def signed(self, bits: int) -> int:
        """(5.1.3) s(n), two's complement."""
        value = self.unsigned(bits)
        return value - (1 << bits) if bits and value >> (bits - 1) else value

    def exp_golomb(self) -> int:
        """(5.1.6) ue(v)."""
        zeros = 0
        while self.unsigned(1) == 0:
            zeros += 1
            if zeros > MAX_LEADING_ZEROS:
                raise BadCodeError
        return (1 << zeros) - 1 + self.unsigned(zeros)

    def signed_exp_golomb(self) -> int:
        """(5.1.7) se(v): code numbers 0, 1, 2, 3, 4 stand for 0, 1, -1, 2, -2."""
        code = self.exp_golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def octets(self, count: int) -> bytes:
        """(5.1.4) b(n)."""
        if 8 * count > self.left:
            raise ExhaustedError
        if self.position % 8:
            return self.unsigned(8 * count).to_bytes(count, "big")
        first = self.position >> 3
        self.position += 8 * count
        return bytes(self._data[first : first + count])

    def peek(self, bits: int) -> int | None:
        """The next bits without reading them; None where fewer are left."""
        if bits > self.left:
            return None
        value = self.unsigned(bits)
        self.position -= bits
        return value


class BitWriter:
    """Collects bits; `position` counts them."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._pending = 0
        self._count = 0

    @property
    def position(self) -> int:
        """Bits written so far."""
        return 8 * len(self._bytes) + self._count

    def unsigned(self, value: int, bits: int) -> None:
        """(5.1.2) u(n); the value is cut to its n low bits."""
        self._pending = (self._pending << bits) | (value & ((1 << bits) - 1))
        self._count += bits
        whole = self._count >> 3
        if whole:
            self._count &= 7
            self._bytes += (self._pending >> self._count).to_bytes(whole, "big")
            self._pending &= (1 << self._count) - 1

    def exp_golomb(self, value: int) -> None:
        """(5.1.6) ue(v), value >= 0."""
        size = (value + 1).bit_length()
        self.unsigned(value + 1, 2 * size - 1)

    def signed_exp_golomb(self, value: int) -> None:
        """(5.1.7) se(v)."""
        self.exp_golomb(2 * value - 1 if value > 0 else -2 * value)

    def octets(self, value: bytes) -> None:
        """(5.1.4) b(n)."""
        if self._count:
            self.unsigned(int.from_bytes(value, "big"), 8 * len(value))
        else:
            self._bytes += value

    def align(self) -> None:
        """(5.1.9) Zero bits up to a byte boundary."""
        self.unsigned(0, -self._count % 8)

    def getvalue(self) -> bytes:
        """The bytes; the position is at a byte boundary."""
        return bytes(self._bytes)
