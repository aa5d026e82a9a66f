# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Damaged and malicious files of boxes (.jaif), made from a sound one; the same seed makes the same files.

    for mutant in container_mutants(data, random.Random(1)): ...        one file of each kind; call it again for more

size       size of one box replaced         twice      a box repeated             extent     offset or length that lies
large      64-bit size, honest or not       absent     a box left out             overlap    extents that share bytes
to_end     size 0, at the end or inside     order      boxes exchanged            cycle      items that name each other
element    bits of one element replaced     type       another box, brand, item   both       metadata stand twice
cut        ends early, also inside a box    deep       boxes in boxes             picture    ispe and pixi that lie
trailing   bytes after the last box         many       very many boxes            bits       bits flipped in boxes
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from hostile import Mutant

from refsw import container, syntax
from refsw.container.boxes import Box
from refsw.container.reader import BoxReader

_EXTREMES = (0, 1, 7, 8, 9, 15, 16, 255, 65535, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_HEADER = 8


@dataclass
class Node:
    """A box that can be changed. head: its structure or data; size: a lie about its size, None for the truth."""

    type: bytes
    head: bytes
    inside: list[Node] = field(default_factory=list)
    size: int | None = None
    large: int | None = None

    def data(self) -> bytes:
        """The box; `large` adds a 64-bit size that is off by so much."""
        payload = self.head + b"".join(node.data() for node in self.inside)
        if self.large is not None:
            size = (_HEADER + 8 + len(payload) + self.large) % (1 << 64)
            return struct.pack(">I4sQ", 1, self.type, size) + payload
        return struct.pack(">I4s", _HEADER + len(payload) if self.size is None else self.size, self.type) + payload


def container_mutants(data: bytes, chance: random.Random) -> Iterator[Mutant]:
    """One mutant of each kind, of a sound file; a few of them are sound as well."""
    for kind, make in _KINDS.items():
        yield Mutant(f"box_{kind}", make(data, chance))


def tree(data: bytes) -> list[Node]:
    """The boxes of a sound file."""

    def node(box: Box) -> Node:
        end = box.boxes[0].offset if box.boxes else box.end
        return Node(data[box.offset + 4 : box.offset + 8], data[box.payload : end], [node(b) for b in box.boxes])

    return [node(box) for box in BoxReader(data).file().boxes]


def file_of(nodes: list[Node], moved: int = 0) -> bytes:
    """The bytes of a file; moved: by how much its data stand later than offsets say, which are put right."""
    for node in every(nodes) if moved else ():
        if node.type == b"iloc":
            node.head = _moved(node.head, moved)
    return b"".join(node.data() for node in nodes)


def every(nodes: list[Node]) -> list[Node]:
    """Boxes at every depth."""
    return [one for node in nodes for one in (node, *every(node.inside))]


def _moved(head: bytes, moved: int) -> bytes:
    """Offsets of the extents of an iloc that this project's writer made: one extent an item, 16 bytes each."""
    out = bytearray(head)
    for place in range(16, len(out) - 7, 16):
        offset = int.from_bytes(out[place : place + 4]) + moved
        out[place : place + 4] = (offset % (1 << 32)).to_bytes(4)
    return bytes(out)


def _holder(nodes: list[Node], chance: random.Random) -> list[Node]:
    """Siblings somewhere in the tree, at least two."""
    return chance.choice([part for part in (nodes, *(n.inside for n in every(nodes))) if len(part) > 1])


def _settled(nodes: list[Node], before: bytes, chance: random.Random) -> bytes:
    """The file, mostly with offsets that still find its data."""
    size = sum(len(node.data()) for node in nodes[:-1]) + len(nodes[-1].data()) - len(nodes[-1].head) - _HEADER
    start = before.index(nodes[-1].head) - _HEADER
    return file_of(nodes, size - start if chance.random() < 0.8 else 0)


def _size(data: bytes, chance: random.Random) -> bytes:
    nodes = tree(data)
    node = chance.choice(every(nodes))
    true = len(node.data())
    node.size = chance.choice((*_EXTREMES, true - 1, true + 1, 2 * true, true + _HEADER))
    return file_of(nodes)


def _large(data: bytes, chance: random.Random) -> bytes:
    nodes = tree(data)
    chance.choice(every(nodes)).large = chance.choice((0, 0, 1, -1, -9, 1 << 32, (1 << 63) - 64, -(1 << 62)))
    return _settled(nodes, data, chance)


def _to_end(data: bytes, chance: random.Random) -> bytes:
    nodes = tree(data)
    chance.choice((nodes[-1], nodes[-1], chance.choice(every(nodes)))).size = 0
    return file_of(nodes)


def _element(data: bytes, chance: random.Random) -> bytes:
    entries = [entry for entry in container.trace(data)[0] if entry.clause.startswith("F.")]
    entry = chance.choice(entries)
    start, size = 8 * entry.offset + entry.bit, min(entry.bits, 64)
    ones = (1 << size) - 1
    shift = 8 * len(data) - start - size
    value = chance.choice((0, ones, ones >> 1, chance.getrandbits(size)))
    return (int.from_bytes(data) & ~(ones << shift) | value << shift).to_bytes(len(data))


def _cut(data: bytes, chance: random.Random) -> bytes:
    places = [box.offset for box in BoxReader(data).file().boxes] + [chance.randrange(len(data)) for _ in range(4)]
    return data[: max(0, chance.choice(places) + chance.choice((-1, 0, 1, 4, 8)))]


def _trailing(data: bytes, chance: random.Random) -> bytes:
    return data + chance.choice((b"\0", bytes(7), bytes(8), b"\0\0\0\x08free", chance.randbytes(20), data))


def _twice(data: bytes, chance: random.Random) -> bytes:
    nodes = tree(data)
    part = chance.choice([part for part in (nodes, *(n.inside for n in every(nodes))) if part])
    part.insert(chance.randrange(len(part)), chance.choice(part))
    return _settled(nodes, data, chance)


def _absent(data: bytes, chance: random.Random) -> bytes:
    nodes = tree(data)
    part = _holder(nodes, chance)
    del part[chance.randrange(len(part) - (part is nodes))]
    return _settled(nodes, data, chance)


def _order(data: bytes, chance: random.Random) -> bytes:
    first, meta, media = tree(data)
    chance.shuffle(_holder(meta.inside, chance))
    if chance.random() < 0.5:
        return file_of([first, meta, media])
    moved = -len(meta.data())
    return file_of(chance.choice(([first, media, meta], [media, first, meta])), moved)


def _type(data: bytes, chance: random.Random) -> bytes:
    types = [b"rfsw", b"mif1", b"pict", b"Exif", b"mime", b"nclx", b"prof", b"cdsc", b"ispe", b"pixi", b"colr", b"infe"]
    found = [name for name in types if name in data]
    name = chance.choice(found)
    other = chance.choice((*types, b"irot", b"imir", b"clap", b"hvc1", b"dimg", b"meta", b"idat", b"uuid", bytes(4)))
    places = [place for place in range(len(data)) if data.startswith(name, place)]
    place = chance.choice(places)
    return data[:place] + other + data[place + 4 :]


def _deep(data: bytes, chance: random.Random) -> bytes:
    nodes = tree(data)
    name, head = chance.choice(((b"meta", bytes(4)), (b"iprp", b""), (b"ipco", b""), (b"free", b""), (b"moov", b"")))
    inner = head
    for _ in range(chance.choice((2, 100, 5000))):
        inner = struct.pack(">I4s", _HEADER + len(inner), name) + inner
        inner = head + inner if chance.random() < 0.9 else inner
    part = chance.choice((nodes, nodes[1].inside, nodes[1].inside[-1].inside))
    part.insert(min(1, len(part)), Node(name, inner))
    return _settled(nodes, data, chance)


def _many(data: bytes, chance: random.Random) -> bytes:
    nodes = tree(data)
    node = Node(chance.choice((b"free", b"infe", b"ispe", b"mdat", b"cdsc", b"abcd")), b"")
    part = chance.choice((nodes, nodes[1].inside, *(n.inside for n in every(nodes) if n.inside)))
    part[1:1] = [node] * chance.choice((30, 64, 65, 1000, 20000))
    return _settled(nodes, data, chance)


def _extent(data: bytes, chance: random.Random) -> bytes:
    """One offset or length; the iloc of this project's writer has 16 bytes an item."""
    nodes = tree(data)
    node = next(one for one in every(nodes) if one.type == b"iloc")
    place = 16 + 16 * chance.randrange((len(node.head) - 8) // 16) + 4 * chance.randrange(2)
    old = int.from_bytes(node.head[place : place + 4])
    lie = chance.choice((*_EXTREMES, old + 1, old - 1, old + 8, len(data), len(data) - 1, len(data) + 1))
    node.head = node.head[:place] + (lie % (1 << 32)).to_bytes(4) + node.head[place + 4 :]
    return file_of(nodes)


def _overlap(data: bytes, chance: random.Random) -> bytes:
    """Extents of one item become two that share bytes, or those of another item."""
    nodes = tree(data)
    node = next(one for one in every(nodes) if one.type == b"iloc")
    count = (len(node.head) - 8) // 16
    at = 8 + 16 * chance.randrange(count)
    offset, length = struct.unpack(">II", node.head[at + 8 : at + 16])
    if count > 1 and chance.random() < 0.5:
        other = 8 + 16 * chance.randrange(count)
        node.head = node.head[: at + 8] + node.head[other + 8 : other + 16] + node.head[at + 16 :]
        return file_of(nodes)
    half = length // 2
    extents = struct.pack(">HIIII", 2, offset, half + 1, offset + half, length - half)
    node.head = node.head[: at + 6] + extents + node.head[at + 16 :]
    node_bytes = len(extents) - 10
    out = bytearray(file_of(nodes))
    start = out.index(node.head)
    for place in (start + at + 8, start + at + 16):
        value = int.from_bytes(out[place : place + 4]) + node_bytes
        out[place : place + 4] = value.to_bytes(4)
    return bytes(out)


def _cycle(data: bytes, chance: random.Random) -> bytes:
    """References from the picture, to itself, in a ring; and locations inside other items."""
    nodes = tree(data)
    if chance.random() < 0.3:
        node = next(one for one in every(nodes) if one.type == b"iloc")
        at = 8 + 16 * chance.randrange((len(node.head) - 8) // 16) + 3
        node.head = node.head[:at] + bytes([chance.choice((1, 2, 3, 15))]) + node.head[at + 1 :]
        return file_of(nodes)
    meta = nodes[1].inside
    meta[:] = [node for node in meta if node.type != b"iref"]
    pairs = chance.choice((((1, 1),), ((1, 2), (2, 1)), ((2, 3), (3, 2)), ((2, 1), (2, 1)), ((2, 2),), ((2, 9),)))
    kind = chance.choice((b"cdsc", b"cdsc", b"cdsc", b"dimg", b"iloc"))
    meta.append(Node(b"iref", bytes(4), [Node(kind, struct.pack(">HHH", a, 1, b)) for a, b in pairs]))
    return _settled(nodes, data, chance)


def _both(data: bytes, chance: random.Random) -> bytes:
    """Metadata that the file has stand in the codestream as well; or the other way round, which is sound."""
    file = container.opened(data)
    if file.metadata.icc is None and file.metadata.exif is None and file.metadata.xmp is None:
        return _bits(data, chance)
    whole = container.whole(data)
    nodes = tree(data)
    others = nodes[-1].head[: -len(file.codestream)]
    nodes[-1].head = others + whole
    node = next(one for one in every(nodes) if one.type == b"iloc")
    node.head = node.head[:20] + len(whole).to_bytes(4) + node.head[24:]
    return file_of(nodes)


def _picture(data: bytes, chance: random.Random) -> bytes:
    nodes = tree(data)
    wanted = chance.choice((b"ispe", b"pixi"))
    node = next(one for one in every(nodes) if one.type == wanted)
    place = chance.randrange(4, len(node.head))
    node.head = node.head[:place] + bytes([chance.choice((0, 1, 4, 8, 10, 16, 255))]) + node.head[place + 1 :]
    return file_of(nodes)


def _bits(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    end = data.index(b"mdat") + 4
    for _ in range(chance.choice((1, 1, 2, 8))):
        place = chance.randrange(8 * end)
        damaged[place // 8] ^= 128 >> place % 8
    return bytes(damaged)


_KINDS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "size": _size, "large": _large, "to_end": _to_end, "element": _element, "cut": _cut, "trailing": _trailing,
    "twice": _twice, "absent": _absent, "order": _order, "type": _type, "deep": _deep, "many": _many,
    "extent": _extent, "overlap": _overlap, "cycle": _cycle, "both": _both, "picture": _picture, "bits": _bits,
}  # fmt: skip


def wrapped_with_everything(data: bytes) -> bytes:
    """A file with Exif, XMP, ICC profile and code points, from a codestream: what is best to be damaged."""
    blocks = tuple(
        syntax.MetadataBlock(metadata_type=kind, metadata_payload=payload)
        for kind, payload in ((1, b"profile"), (2, b"II*\0" + bytes(8)), (3, b"<x/>"))
    )
    rendering = syntax.RenderingInformation(cicp_present_flag=True, colour_primaries=1, blocks=blocks)
    stream = syntax.read(data)
    return container.wrapped(syntax.write(replace(stream, rendering_information=rendering)))
