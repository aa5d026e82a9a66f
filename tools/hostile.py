# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Damaged and malicious codestreams, made from sound ones; the same seed makes the same streams.

cut        truncated at the boundary of an element, or one byte beside it
element    one element's bits replaced: all zeros, all ones, random
header     a legal header that lies: size, quality, lanes, channels, skip, transforms
weights    another model id, or other weights
substream  entropy-coded data replaced, swapped, emptied, with and without digests
clause     exactly one clause of the specification broken (refsw.syntax.mutate)
bomb       little data for much: opacity that inflates, segments and regions by the thousand, empty substreams
bits       1 to 8 bits flipped
bytes      bytes inserted, removed, repeated, zeroed, or another stream's
noise      random bytes, with and without the first bytes of a codestream
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from refsw import spec, syntax
from refsw.errors import RefswError
from refsw.spec import levels, lowest_level
from refsw.syntax.headers import AlphaPlane, Codestream, ComponentHeader, PictureHeader, Substream, UserData


@dataclass(frozen=True)
class Mutant:
    """A stream, and how it was made."""

    kind: str
    data: bytes


def mutants(sound: Sequence[bytes], count: int, seed: int = 1) -> Iterator[Mutant]:
    """`count` mutants of sound streams; the kinds take turns. Streams equal to a sound one are not given."""
    index = made = 0
    while made < count:
        mutant = mutant_at(sound, index, seed)
        index += 1
        if mutant is not None:
            made += 1
            yield mutant


def mutant_at(sound: Sequence[bytes], index: int, seed: int = 1) -> Mutant | None:
    """The mutant with this number; None where it would be a sound stream, or one that no writer writes."""
    name, make = list(_KINDS.items())[index % len(_KINDS)]
    chance = random.Random(f"{seed}/{index}")
    try:
        data = make(sound[chance.randrange(len(sound))], sound, chance)
    except RefswError:  # the writer refused an illegal header; the next one may be legal
        return None
    return None if data in sound else Mutant(name, data)


def boundaries(data: bytes) -> list[int]:
    """Byte offsets at which an element starts or ends."""
    entries, _ = syntax.trace(data)
    return sorted({(8 * entry.offset + entry.bit + part) // 8 for entry in entries for part in (0, entry.bits)})


def _cut(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    place = chance.choice(boundaries(data)) + chance.choice((-1, 0, 0, 1))
    return data[: max(0, place)]


def _element(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    entry = chance.choice(syntax.trace(data)[0])
    start, size = 8 * entry.offset + entry.bit, min(entry.bits, 64)
    ones = (1 << size) - 1
    value = chance.choice((0, ones, chance.getrandbits(size), ones >> 1))
    shift = 8 * len(data) - start - size
    whole = int.from_bytes(data)
    return (whole & ~(ones << shift) | value << shift).to_bytes(len(data))


def _header(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    stream = syntax.read(data)
    lie = chance.choice((_size, _size, _transforms, _component, _component, _format))
    return _with_header(stream, lie(stream.picture_header, chance))


def _size(header: PictureHeader, chance: random.Random) -> PictureHeader:
    """Any size that some level holds, small and enormous ones alike."""
    top = levels()[-1]
    width = min(top.max_side, 1 + int(2 ** chance.uniform(0, 18)))
    height = max(1, min(top.max_side, top.max_samples // width, int(2 ** chance.uniform(0, 18))))
    level = lowest_level(width, height)
    return replace(
        header, coded_width_minus1=width - 1, coded_height_minus1=height - 1, level_idc=level.level_idc,
        diff_display_width=0, diff_display_height=0,
    )  # fmt: skip


def _transforms(header: PictureHeader, chance: random.Random) -> PictureHeader:
    chosen = chance.sample((0, 1, 2), chance.randint(1, 3))
    return replace(header, synthesis_transform_id=tuple(chosen), decoder_profile_idc=chance.randrange(4))


def _format(header: PictureHeader, chance: random.Random) -> PictureHeader:
    return replace(
        header,
        bit_depth_idc=chance.randrange(5),
        source_chroma_format_idc=chance.randrange(4),
        coded_chroma_format_idc=chance.randrange(4),
        colour_transform_idc=chance.randrange(4),
    )


def _component(header: PictureHeader, chance: random.Random) -> PictureHeader:
    components = list(header.components)
    place = chance.randrange(len(components))
    enabled = chance.random() < 0.5
    components[place] = ComponentHeader(
        quality_index=chance.randrange(2049),
        num_coded_channels=chance.choice((0, 1, 1023, components[place].num_coded_channels)),
        skip_enabled_flag=enabled,
        skip_threshold=chance.randrange(8192) if enabled else 0,
        log2_lanes_z=chance.randrange(11),
        log2_lanes_residual=chance.randrange(11),
    )
    return replace(header, components=tuple(components))


def _weights(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    stream = syntax.read(data)
    header = stream.picture_header
    if chance.random() < 0.5:
        return _with_header(stream, replace(header, model_digest=chance.randbytes(len(header.model_digest))))
    return _with_header(stream, replace(header, model_id=chance.randrange(1, 65536)))


def _substream(data: bytes, sound: Sequence[bytes], chance: random.Random) -> bytes:
    stream = syntax.read(data)
    other = syntax.read(chance.choice(sound))
    name = chance.choice(("z", "primary_residual", "secondary_residual"))
    parts = list(getattr(stream, name)) or list(stream.z)
    place = chance.randrange(len(parts))
    old = parts[place].substream_data
    new = chance.choice((b"", chance.randbytes(len(old)), old[: len(old) // 2], bytes(len(old)), old + b"\0\0",
                         other.z[0].substream_data, other.primary_residual[0].substream_data))  # fmt: skip
    parts[place] = replace(parts[place], substream_data=new)
    changed = {name: tuple(parts)} if getattr(stream, name) else {"z": tuple(parts)}
    if chance.random() < 0.5:
        changed["digest_segment"] = None
    return syntax.write(replace(stream, **changed))


def _bits(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place = chance.randrange(8 * len(data))
        damaged[place // 8] ^= 128 >> place % 8
    return bytes(damaged)


def _bytes(data: bytes, sound: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 2, 16, 256)))
    other = chance.choice(sound)
    return chance.choice((
        data[:start] + chance.randbytes(end - start + 1) + data[start:],
        data[:start] + data[end:],
        data[:end] + data[start:],
        data[:start] + bytes(end - start) + data[end:],
        data[:start] + other[start:],
        data + chance.choice((b"\0", data, other)),
    ))  # fmt: skip


def _noise(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: chance.choice((0, 0, 2, 4, 8, 24))] + chance.randbytes(int(2 ** chance.uniform(0, 14)))


def _clause(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return chance.choice(_clauses(data)).data


@cache
def _clauses(data: bytes) -> tuple[syntax.Mutant, ...]:
    return syntax.mutate(data)


def _bomb(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    stream = syntax.read(data)
    return chance.choice((_opacity, _segments, _regions))(stream, chance)


def _opacity(stream: Codestream, chance: random.Random) -> bytes:
    """A plane that inflates to more, or to less, than the picture has; rarely to what it has."""
    header = stream.picture_header
    size = header.width * header.height * (1 if header.bit_depth == 8 else 2)
    inflated = max(0, chance.choice((size, size - 1, size + 1, 1 << 24)))
    packed = zlib.compress(bytes(inflated), 9)
    packed = chance.choice((packed, packed[:-4], packed + b"\0", packed + packed))
    alpha = AlphaPlane(alpha_data=packed[: spec.level(header.level_idc).max_substream_bytes - 1])
    return syntax.write(replace(stream, alpha=alpha))


def _segments(stream: Codestream, chance: random.Random) -> bytes:
    level = spec.level(stream.picture_header.level_idc)
    data = bytes(chance.choice((0, 1, 1000)))
    return syntax.write(replace(stream, user_data=(UserData(user_data=data),) * level.max_optional_segments))


def _regions(stream: Codestream, chance: random.Random) -> bytes:
    """As many regions as a level allows, all of them empty."""
    level = chance.choice(levels()[:4])
    rows = chance.choice((1, 2, 4, 16))
    columns = min(128, level.max_regions // rows)
    header = replace(
        stream.picture_header, level_idc=levels()[-1].level_idc, coded_width_minus1=64 * columns - 1,
        coded_height_minus1=64 * rows - 1, diff_display_width=0, diff_display_height=0, region_partitioning_flag=True,
        num_ver_splits_minus1=rows - 1, num_hor_splits_minus1=columns - 1,
        independent_regions_flag=chance.random() < 0.5,
    )  # fmt: skip
    places = [(c, r) for c in range(len(header.components)) for r in range(rows * columns)]
    parts = tuple(Substream(component_index=c, region_index=r, substream_data=b"") for c, r in places)
    return syntax.write(replace(
        stream, picture_header=header, z=parts, primary_residual=parts[: rows * columns],
        secondary_residual=parts[rows * columns :], digest_segment=None,
    ))  # fmt: skip


def _with_header(stream: Codestream, header: PictureHeader) -> bytes:
    return syntax.write(replace(stream, picture_header=header))


_KINDS: dict[str, Callable[[bytes, Sequence[bytes], random.Random], bytes]] = {
    "cut": _cut,
    "element": _element,
    "header": _header,
    "weights": _weights,
    "substream": _substream,
    "bits": _bits,
    "bytes": _bytes,
    "noise": _noise,
    "clause": _clause,
    "bomb": _bomb,
}
