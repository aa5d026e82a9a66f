# SPDX-License-Identifier: BSD-3-Clause-Clear
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsw.encode.lossless import encode_region
from refsw.errors import DamageError
from refsw.lossless import lattice
from refsw.lossless.features import open_region
from refsw.lossless.parameters import neutral, read_parameters, write_parameters
from refsw.lossless.predict import predict
from refsw.lossless.region import Payload, decode_region

Planes = list[NDArray[np.int32]]


def planes(seed: int, shapes: list[tuple[int, int]], depth: int, kind: str) -> Planes:
    """Pictures of a kind: one value, noise, ramps with noise, few values in blocks."""
    random, top = np.random.default_rng(seed), (1 << depth) - 1
    found = []
    for height, width in shapes:
        rows, columns = np.mgrid[0:height, 0:width]
        if kind == "flat":
            own = np.full((height, width), top)
        elif kind == "noise":
            own = random.integers(0, top + 1, (height, width))
        elif kind == "blocks":
            own = top * ((rows // 3 + columns // 5) % 2)
        else:
            own = (rows + 2 * columns) * top / (height + 2 * width) + random.normal(0, top / 60, (height, width))
        found.append(np.round(own).astype(np.int64).clip(0, top).astype(np.int32))
    return found


def blurred(samples: Planes) -> Planes:
    """Something that a lossy codec could have left of them."""
    return [((p + np.roll(p, 1, 0) + np.roll(p, 1, 1)) // 3).astype(np.int32) for p in samples]


def same(a: Planes | tuple[NDArray[np.int32], ...], b: Planes) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@settings(max_examples=25)
@given(
    height=st.integers(1, 40), width=st.integers(1, 40), depth=st.sampled_from([8, 10, 16]),
    form=st.sampled_from(["4:0:0", "4:2:0", "4:2:2", "4:4:4"]),
    kind=st.sampled_from(["flat", "noise", "ramp", "blocks"]),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_every_sample_returns(height: int, width: int, depth: int, form: str, kind: str, seed: int) -> None:
    small = (-(-height // 2) if form == "4:2:0" else height, -(-width // 2) if form in ("4:2:0", "4:2:2") else width)
    shapes = [(height, width)] if form == "4:0:0" else [(height, width), small, small]
    samples = planes(seed, shapes, depth, kind)
    base = blurred(samples)
    assert same(decode_region(encode_region(samples, base, depth), base, depth), samples)


@pytest.mark.parametrize(("kind", "depth", "most"), [
    ("noise", 8, 8.1), ("noise", 16, 16.1), ("flat", 8, 0.05), ("ramp", 8, 5.1), ("ramp", 16, 13.1),
    ("blocks", 8, 0.9),
])  # fmt: skip
def test_bits_per_sample(kind: str, depth: int, most: float) -> None:
    samples = planes(7, [(160, 200)] * 2, depth, kind)
    base = blurred(samples) if kind != "blocks" else samples
    payload = encode_region(samples, base, depth)
    assert same(decode_region(payload, base, depth), samples)
    assert 8 * (len(payload.samples) + len(payload.parameters)) / (2 * 160 * 200) < most


def test_the_number_of_samples_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = planes(1, [(50, 61)] * 3, 8, "ramp")
    base = blurred(samples)
    payload = encode_region(samples, base, 8)
    monkeypatch.setattr(lattice, "CHUNK", 64)
    assert same(decode_region(payload, base, 8), samples)
    assert encode_region(samples, base, 8) == payload


def test_every_sample_belongs_to_one_pass_and_only_known_samples_are_read() -> None:
    for shape in ((1, 1), (3, 50), (37, 20), (17, 1)):
        known = np.zeros(shape, np.int64)
        for own in lattice.passes():
            for place in lattice.sites(own, shape):
                for offset in lattice.NEIGHBOURS[own.kind]:
                    assert place.known(known, *offset).all(), (shape, own, offset)
            for place in lattice.sites(own, shape):
                assert not place.here(known).any()
                place.put(known, np.ones(place.count, np.int64))
        assert known.all()


@pytest.fixture(scope="module")
def coded() -> tuple[Payload, Planes, Planes]:
    samples = planes(3, [(24, 33)] * 3, 8, "ramp")
    base = blurred(samples)
    return encode_region(samples, base, 8), base, samples


@pytest.mark.parametrize("part", ["parameters", "samples"])
def test_a_changed_byte_is_damage(coded: tuple[Payload, Planes, Planes], part: str) -> None:
    payload, base, _ = coded
    data = getattr(payload, part)
    for at in range(0, len(data), max(1, len(data) // 24)):
        wrong = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
        with pytest.raises(DamageError):
            decode_region(replace(payload, **{part: wrong}), base, 8)


@pytest.mark.parametrize("part", ["parameters", "samples"])
def test_a_cut_payload_is_damage(coded: tuple[Payload, Planes, Planes], part: str) -> None:
    payload, base, _ = coded
    for size in (0, 1, 5, len(getattr(payload, part)) // 2):
        with pytest.raises(DamageError):
            decode_region(replace(payload, **{part: getattr(payload, part)[:size]}), base, 8)


def test_classes_in_the_seed_pass_are_allowed() -> None:
    """No encoder writes them; the threshold alone chooses there."""
    base = planes(2, [(20, 20)], 8, "ramp")
    groups = tuple(neutral(kind, 0, 0) for kind in lattice.GROUP_KIND)
    seed = replace(groups[0], threshold=1, weights=np.repeat(groups[0].weights, 4, 0))
    rows = (0, 0, 0, 0)
    written = write_parameters(((seed, *groups[1:]),), [(20, 20)], rows)
    assert len(read_parameters(written, [(20, 20)], rows)[0][0].weights) == 4
    region = open_region(base, 8)
    place = next(lattice.sites(lattice.passes()[0], (20, 20)))
    found = [predict(region, 0, place, g).value for g in (seed, groups[0])]
    np.testing.assert_array_equal(*found)


def test_another_base_picture_does_not_return_the_samples(coded: tuple[Payload, Planes, Planes]) -> None:
    payload, base, samples = coded
    other = [base[0] ^ 1, *base[1:]]
    try:
        assert not same(decode_region(payload, other, 8), samples)
    except DamageError:
        pass
