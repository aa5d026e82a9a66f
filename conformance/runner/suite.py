# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A suite on disk: manifest.json, the streams, their golden values, SHA256SUMS.

suites/2026.1/manifest.json           conformance/schema/manifest.schema.json says what stands in it
              streams/ID.jai          the codestreams
              golden/ID.json          digests of planes and stages, and of their tiles
              golden/ID.planes        the planes, a zlib stream, for decoders that have a tolerance
              golden/ID-base.*        the same for decoders that leave an optional tool aside
              units.json, units/      unit vectors (conformance/runner/units.py)
              coverage.json           bins of the syntax, and the smallest stream that hits each
              SHA256SUMS              of every file; `sha256sum -c` reads it too
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.runner.errors import SuiteError, UsageError
from conformance.runner.planes import Geometry, Plane, sha256, split

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
SUITES = Path(__file__).resolve().parents[1] / "suites"
RESULTS = ("valid", "invalid", "unsupported", "acceptable")
TIERS = ("smoke", "core", "full")
_SCHEMA_VERSION = 1
_MAXIMUM_PLANES = 1 << 30


@dataclass(frozen=True)
class Tolerance:
    """How far planes may be from the golden ones, in steps of 8 bits.

    peak: greatest difference; mse: mean square; differing: share of samples that differ by a step or more; block_mse:
    mean square of the worst tile of 16x16, because what goes wrong in a learned codec is local.
    """

    peak: float
    mse: float
    differing: float
    block_mse: float


@dataclass(frozen=True)
class Without:
    """What holds for decoders that leave optional tools aside: the stream is valid, and this is its picture."""

    tools: tuple[str, ...]
    golden: str
    tolerance: Mapping[str, Tolerance | None]


_ALWAYS = Without((), "", {})


@dataclass(frozen=True)
class Vector:
    """One stream and what a decoder shall do with it.

    result: valid: decode it; invalid: reject it; unsupported: valid, but needs what is outside every claim;
    acceptable: decode or reject it. profile to alpha: what of a claim it needs. tolerance: of strict and relaxed
    claims; None where float samples are not compared. without: what holds where a claim leaves a tool aside.
    """

    id: str
    revision: int
    title: str
    purpose: str
    kind: str
    tier: str
    clauses: tuple[str, ...]
    tools: tuple[str, ...]
    profile: str
    level: str
    operating_point: str
    bit_depth: int
    chroma_format: str
    alpha: bool
    stream: str
    bytes: int
    sha256: str
    result: str
    error_class: str
    clause: str
    geometry: Geometry | None
    golden: str | None
    tolerance: Mapping[str, Tolerance | None]
    seconds: float
    memory_mib: int
    source: Mapping[str, Any]
    without: Without | None = None


@dataclass(frozen=True)
class Golden:
    """Digests of a decoded stream. planes: (sha256, tiles) of each; stages: name -> shape, sha256, tile size, tiles."""

    planes: tuple[tuple[str, str], ...]
    stages: Mapping[str, Stage]


@dataclass(frozen=True)
class Stage:
    """One tensor on the way. tile: rows and columns; tiles: digests over all axes before the last two."""

    kind: str
    shape: tuple[int, ...]
    sha256: str
    tile: int
    tiles: str


@dataclass(frozen=True)
class Suite:
    """A suite and where it lies."""

    folder: Path
    edition: str
    version: str
    digest: str
    spec: str
    weights: Mapping[str, str]
    profiles: tuple[str, ...]
    levels: tuple[str, ...]
    vectors: tuple[Vector, ...]

    @property
    def tools(self) -> tuple[str, ...]:
        """What a claim may name."""
        named = {tool for vector in self.vectors for tool in (*vector.tools, *(vector.without or _ALWAYS).tools)}
        return tuple(sorted(named))

    def vector(self, name: str) -> Vector:
        """The vector with this id. Raises UsageError."""
        for vector in self.vectors:
            if vector.id == name:
                return vector
        near = [vector.id for vector in self.vectors if name in vector.id][:5]
        raise UsageError(f"{name}: suite {self.edition} has no such vector" + (f"; {', '.join(near)}" if near else ""))

    def stream(self, vector: Vector) -> bytes:
        """The codestream. Raises SuiteError where it is not the one of the manifest."""
        data = read(self.folder / vector.stream)
        if sha256(data) != vector.sha256:
            raise SuiteError(f"{self.folder / vector.stream}: is not the stream of the manifest")
        return data

    def golden(self, vector: Vector) -> Golden:
        """Digests of a valid vector. Raises SuiteError."""
        found = _json(self.folder / f"golden/{vector.golden}.json")
        try:
            return Golden(
                tuple((plane["sha256"], plane["tiles"]) for plane in found["planes"]),
                {
                    name: Stage(own["kind"], tuple(own["shape"]), own["sha256"], own["tile"], own["tiles"])
                    for name, own in found["stages"].items()
                },
            )
        except (KeyError, TypeError) as error:
            raise SuiteError(f"{self.folder}/golden/{vector.golden}.json: {error} is missing or wrong") from None

    def planes(self, vector: Vector) -> tuple[Plane, ...]:
        """Golden planes. Raises SuiteError where they are damaged."""
        path, geometry = self.folder / f"golden/{vector.golden}.planes", vector.geometry
        assert geometry is not None
        try:
            data = zlib.decompressobj().decompress(read(path), min(geometry.bytes + 1, _MAXIMUM_PLANES))
        except zlib.error as error:
            raise SuiteError(f"{path}: {error}") from None
        if len(data) != geometry.bytes:
            raise SuiteError(f"{path}: {len(data)} bytes of samples, expected {geometry.bytes}")
        planes = split(data, geometry)
        if [sha256(plane.tobytes()) for plane in planes] != [digest for digest, _ in self.golden(vector).planes]:
            raise SuiteError(f"{path}: planes are not those of their digests")
        return planes


def find_suite(name: str) -> tuple[Path, str | None]:
    """Folder of a suite, and the tier that the name asks for.

    name: a folder; an edition; a tier of the newest edition; EDITION/TIER. Raises UsageError.
    """
    if (Path(name) / MANIFEST).is_file():
        return Path(name), None
    edition, _, tier = name.rpartition("/")
    if not edition and name not in TIERS:
        edition, tier = name, ""
    editions = sorted(path.parent.name for path in SUITES.glob(f"*/{MANIFEST}"))
    if not edition and editions:
        edition = editions[-1]
    if edition not in editions or (tier and tier not in TIERS):
        raise UsageError(f"{name}: no such suite; editions {', '.join(editions) or 'none'}, tiers {', '.join(TIERS)}")
    return SUITES / edition, tier or None


def load_suite(folder: Path) -> Suite:
    """Reads the manifest. Raises SuiteError."""
    path = folder / MANIFEST
    data = read(path)
    found = _json(path)
    if not isinstance(found, dict) or found.get("schema_version") != _SCHEMA_VERSION:
        raise SuiteError(f"{path}: schema_version is not {_SCHEMA_VERSION}")
    try:
        return Suite(
            folder=folder, edition=found["edition"], version=found["version"], digest=sha256(data), spec=found["spec"],
            weights=found["weights"], profiles=tuple(found["profiles"]), levels=tuple(found["levels"]),
            vectors=tuple(_vector(entry) for entry in found["vectors"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise SuiteError(f"{path}: {type(error).__name__}: {error}") from None


def _vector(entry: Mapping[str, Any]) -> Vector:
    stream, needs, expected, without = entry["stream"], entry["needs"], entry["expected"], entry.get("without")
    geometry = entry["geometry"] and Geometry(
        **(entry["geometry"] | {"components": tuple(entry["geometry"]["components"])})
    )
    if expected["result"] not in RESULTS or entry["tier"] not in TIERS or not _inside(stream["file"]):
        raise ValueError(f"{entry['id']}: result, tier or file")
    return Vector(
        id=entry["id"], revision=entry["revision"], title=entry["title"], purpose=entry["purpose"], kind=entry["kind"],
        tier=entry["tier"], clauses=tuple(entry["clauses"]), tools=tuple(needs["tools"]), profile=needs["profile"],
        level=needs["level"], operating_point=needs["operating_point"], bit_depth=needs["bit_depth"],
        chroma_format=needs["chroma_format"], alpha=needs["alpha"], stream=stream["file"], bytes=stream["bytes"],
        sha256=stream["sha256"], result=expected["result"], error_class=expected["error_class"],
        clause=expected["clause"], geometry=geometry or None, golden=entry["golden"],
        tolerance=_tolerances(entry["tolerance"]), seconds=float(expected["seconds"]),
        memory_mib=expected["memory_mib"], source=entry["source"],
        without=without and Without(tuple(without["tools"]), without["golden"], _tolerances(without["tolerance"])),
    )  # fmt: skip


def _tolerances(found: Mapping[str, Any]) -> dict[str, Tolerance | None]:
    return {name: own and Tolerance(**own) for name, own in found.items()}


def left_aside(vector: Vector) -> Vector:
    """The vector as it is for a decoder that leaves its optional tools aside."""
    own = vector.without
    if own is None:
        return vector
    return replace(vector, result="valid", error_class="", clause="", golden=own.golden, tolerance=own.tolerance)


def _inside(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts


def verify(suite: Suite) -> list[str]:
    """What is wrong with the files of a suite, one line each: SHA256SUMS, the manifest's own digests, golden planes."""
    wrong: list[str] = []
    sums = _sums(suite.folder)
    present = {
        path.relative_to(suite.folder).as_posix()
        for path in suite.folder.rglob("*")
        if path.is_file() and path.name != SUMS
    }
    wrong += [f"{name}: is not in {SUMS}" for name in sorted(present - sums.keys())]
    wrong += [f"{name}: is missing" for name in sorted(sums.keys() - present)]
    wrong += [
        f"{name}: another file than {SUMS} states"
        for name in sorted(present & sums.keys())
        if sha256(read(suite.folder / name)) != sums[name]
    ]
    for vector in suite.vectors:
        try:
            suite.stream(vector)
            for own in (vector, left_aside(vector)) if vector.without else (vector,):
                if own.golden is not None and own.geometry is not None:
                    suite.planes(own)
        except SuiteError as error:
            wrong.append(str(error))
    names = [vector.id for vector in suite.vectors]
    wrong += [f"{name}: stands twice in the manifest" for name in sorted({n for n in names if names.count(n) > 1})]
    return wrong


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """SHA256SUMS of these files."""
    lines = [f"{sha256(read(folder / name))}  {name}\n" for name in sorted(names)]
    (folder / SUMS).write_text("".join(lines), encoding="ascii")


def _sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    pairs = [line.split("  ", 1) for line in read(path).decode("ascii", "replace").splitlines()]
    if any(len(pair) != 2 for pair in pairs):
        raise SuiteError(f"{path}: a line is not DIGEST, two blanks, NAME")
    return {name: digest for digest, name in pairs}


def read(path: Path) -> bytes:
    """A file of a suite. Raises SuiteError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror}") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(read(path))
    except (ValueError, RecursionError) as error:
        raise SuiteError(f"{path}: no JSON: {error}") from None
