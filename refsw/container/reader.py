# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(F.2, F.3) The boxes of a file, by Table F-1. Boxes that it does not have are skipped, never entered.

A box is held against what contains it before a byte of it is read, and only structures of the table are read, so that
depth, time and memory do not depend on what a file claims.
"""

from __future__ import annotations

from collections import Counter
from typing import NoReturn

from refsw.container.boxes import CLASSES, Box, shown
from refsw.container.refusal import ViolatedError
from refsw.syntax.binding import build
from refsw.syntax.boxes import FILE, BoxKind, file_format
from refsw.syntax.engine import Scope
from refsw.syntax.reader import Entry, Reader
from refsw.syntax.violation import Violation

_TYPE_BITS = 32


class BoxReader(Reader):
    """Takes boxes from the bytes of a file.

    entries: filled where a trace is wanted; cut: whether the last box of the file may be incomplete.
    """

    def __init__(self, data: bytes, entries: list[Entry] | None = None, cut: bool = False) -> None:
        super().__init__(data, entries, None, file_format().syntax)
        self.cut = cut

    def file(self) -> Box:
        """(F.3) The whole file, as a box that contains it. Raises ViolatedError."""
        end = self.bits.end // 8
        return Box(FILE, FILE, 0, 0, end, boxes=self._boxes(FILE, end))

    def _boxes(self, within: str, end: int) -> tuple[Box, ...]:
        found: list[Box] = []
        counts: Counter[str] = Counter()
        while self.bits.position < 8 * end:
            found.append(self._box(within, end, counts))
        for kind in file_format().inside(within):
            if counts[kind.name] < kind.minimum:
                self._refuse(kind, f"{kind.name} is missing in {within}")
        return tuple(found)

    def _box(self, within: str, end: int, counts: Counter[str]) -> Box:
        tables, offset = file_format(), self.bits.position // 8
        kind = self._kind(within, counts)
        header = self.engine.structure("box_header", Scope("box_header", self.engine.root)).names
        box_type, payload = shown(_whole(header["type"])), self.bits.position // 8
        box_end = self._end(offset, _whole(header["size"]), _whole(header.get("largesize", 0)), within, end)
        if kind is None:
            counts[""] += 1
            if counts[""] > tables.max_skipped_boxes:
                self.stop("skipped_boxes", f"box {counts['']} that is none of {within}")
            self.bits.position = 8 * box_end
            self.engine.path.pop()
            return Box(box_type, "", offset, payload, box_end)
        counts[kind.name] += 1
        if counts[kind.name] > kind.maximum:
            self._refuse(kind, f"{kind.name} number {counts[kind.name]}, at most {kind.maximum} allowed in {within}")
        box = self._payload(kind, offset, payload, box_end)
        self.engine.path.pop()
        return box

    def _kind(self, within: str, counts: Counter[str]) -> BoxKind | None:
        """The kind of the box that begins here, None for one that is skipped; its name ends the path."""
        ahead = self.bits.peek(2 * _TYPE_BITS)
        box_type = "box" if ahead is None else shown(ahead & ((1 << _TYPE_BITS) - 1))
        kinds = file_format().inside(within)
        kind = next((kind for kind in kinds if kind.name == box_type), None)
        several = kind is not None and kind.maximum > 1
        self.engine.path.append(f"{box_type}[{counts[box_type]}]" if several else box_type)
        if within == FILE and not counts and kinds[0] is not kind:
            self._refuse(kinds[0], f"found {box_type}, expected {kinds[0].name}")
        return kind

    def _end(self, offset: int, size: int, largesize: int, within: str, end: int) -> int:
        """(F.2.1, F.2.3) Byte after the box."""
        if size == 0 and within != FILE:
            self.stop("size_zero", f"size 0 in {within}")
        whole = largesize if size == 1 else size
        last = offset + whole if size else end
        if last > end:
            if not (self.cut and within == FILE):
                self.stop("box_end", f"box of {whole} bytes from byte {offset} on, {end - offset} are left in {within}")
            last = end
        return last

    def _payload(self, kind: BoxKind, offset: int, payload: int, end: int) -> Box:
        outer, self.bits.end = self.bits.end, 8 * end
        content = None
        boxes: tuple[Box, ...] = ()
        if kind.structure:
            content = build(self.engine.structure(kind.structure, Scope(kind.structure, self.engine.root)), CLASSES)
        if kind.holds == "boxes":
            boxes = self._boxes(kind.name, end)
        elif kind.holds == "data":
            self.bits.position = self.bits.end
        elif self.bits.left:
            self.stop("payload_end", f"{self.bits.left // 8} bytes follow the last element of {kind.name}")
        self.bits.end = outer
        return Box(kind.name, kind.name, offset, payload, end, content, boxes)

    def report(self, violation: Violation) -> NoReturn:
        """Nothing is read on after a violation."""
        raise ViolatedError(violation)

    def _violated(self, clause: str, category: str, message: str) -> Exception:
        offset, bit = divmod(self.bits.position, 8)
        return ViolatedError(Violation(clause, message, category, ".".join(self.engine.path), offset, bit))

    def _refuse(self, kind: BoxKind, message: str) -> NoReturn:
        raise self._violated(kind.clause, "malformed", message)


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value
