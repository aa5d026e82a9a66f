# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Recipes to the files of a suite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from conformance.runner.planes import sha256
from conformance.runner.suite import MANIFEST, write_sums
from refsw import __version__, spec, syntax
from refsw.errors import RefswError
from refsw.syntax.headers import CHROMA_FORMATS, PictureHeader
from suitegen import simple, valid
from suitegen.bench import Bench
from suitegen.broken import recipes as broken_recipes
from suitegen.coverage import Coverage, page
from suitegen.golden import Decoded, decode, golden_bytes, planes_bytes
from suitegen.recipe import Recipe
from suitegen.units import unit_files

EDITION, VERSION = "2026.1", "0.15.0"
LICENCE = "CC0-1.0"
PANEL = "panel.json"
COVERAGE = "coverage.json"
UNKNOWN = {"strict": None, "relaxed": None}
EXACT = {"peak": 0, "mse": 0, "differing": 0, "block_mse": 0}
"""Tolerance of what a lossless layer gives."""


@dataclass(frozen=True)
class Built:
    """A vector with its bytes."""

    recipe: Recipe
    data: bytes
    decoded: Decoded | None
    base: Decoded | None = None
    """What a decoder shows that leaves optional tools aside."""


def needs(header: PictureHeader, recipe: Recipe, alpha: bool) -> dict[str, Any]:
    """What of a claim a vector takes."""
    return {
        "profile": spec.profile(header.decoder_profile_idc).name,
        "level": spec.level(header.level_idc).name,
        "operating_point": recipe.operating_point,
        "bit_depth": header.bit_depth,
        "chroma_format": CHROMA_FORMATS[header.source_chroma_format_idc],
        "alpha": alpha,
        "tools": list(recipe.tools),
    }


def build(bench: Bench, say: Callable[[str], None], only: Iterable[str] = ()) -> tuple[Built, ...]:
    """All vectors, or those whose id contains one of these words; each is held against what it says of itself."""
    words = tuple(only)

    def wanted(recipe: Recipe) -> bool:
        return not words or any(word in recipe.id for word in words)

    basic = tuple(valid.recipes())
    negative_ids = not words or not all(any(word in recipe.id for recipe in basic) for word in words)
    streams = {recipe.id: recipe.build(bench) for recipe in basic if negative_ids or wanted(recipe)}
    say(f"{len(streams)} valid streams")
    broken = (*broken_recipes(streams), *simple.hostile(streams)) if negative_ids else ()
    points = {recipe.id: recipe.operating_point for recipe in basic}
    built = []
    for recipe in (*basic, *broken):
        if wanted(recipe):
            data = streams[recipe.id] if recipe.id in streams else recipe.build(bench)
            point = points[recipe.parent] if recipe.parent else recipe.operating_point
            base = decode(bench, data, point, lossy=True) if recipe.without else None
            built.append(Built(recipe, data, checked(bench, recipe, data, point), base))
            say(f"{recipe.id}: {len(data)} bytes")
    return tuple(built)


def checked(bench: Bench, recipe: Recipe, data: bytes, point: str) -> Decoded | None:
    """Golden values where the stream decodes, which it does or does not as the recipe says."""
    try:
        decoded = decode(bench, data, point)
    except RefswError as error:
        code = error.exit_code
        assert code == {"invalid": 3, "unsupported": 6}.get(recipe.result), f"{recipe.id}: {recipe.result}, and {error}"
        return None
    assert recipe.result in ("valid", "acceptable"), f"{recipe.id}: is {recipe.result}, and decodes"
    return decoded


def base_name(recipe: Recipe) -> str:
    """Golden values of the base; vectors that are made from another one share its base."""
    return f"{recipe.parent or recipe.id}-base"


def shown(one: Built) -> list[tuple[str, Decoded]]:
    """Golden values of a vector, and their names."""
    found = [] if one.decoded is None else [(one.recipe.id, one.decoded)]
    return found if one.base is None else [*found, (base_name(one.recipe), one.base)]


def differences(folder: Path, built: tuple[Built, ...]) -> list[str]:
    """Files of these vectors that a suite has otherwise, one line each."""
    found = []
    for one in built:
        files = {f"streams/{one.recipe.id}.jai": one.data}
        files |= {f"golden/{name}.json": golden_bytes(own.golden) for name, own in shown(one)}
        for name, data in files.items():
            path = folder / name
            if not path.exists() or path.read_bytes() != data:
                found.append(f"{name}: differs")
    return found


def write_suite(
    folder: Path, bench: Bench, built: tuple[Built, ...], coverage: Coverage, tolerances: dict[str, Any],
    panel: dict[str, Any],
) -> None:  # fmt: skip
    """All files of a suite; files of vectors that are no more are removed."""
    names = set()

    def put(name: str, data: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
        names.add(name)

    needed = _needs(built)
    for one in built:
        put(f"streams/{one.recipe.id}.jai", one.data)
        for name, own in shown(one):
            put(f"golden/{name}.json", golden_bytes(own.golden))
            put(f"golden/{name}.planes", planes_bytes(own))
    manifest = {
        "schema_version": 1,
        "edition": EDITION,
        "version": VERSION,
        "spec": f"refsw {__version__}",
        "weights": {one.description.name: one.digest for one in bench.packages},
        "generator": "tools/make_suite.py",
        "profiles": [p.name for p in spec.profiles()],
        "levels": [level.name for level in spec.levels()],
        "vectors": [_entry(one, needed[one.recipe.id], tolerance_of(one.recipe, tolerances)) for one in built],
        "errata": [],
    }
    for name, data in unit_files().items():
        put(name, data)
    put(COVERAGE, (json.dumps(asdict(coverage), indent=1) + "\n").encode())
    put("coverage.html", page(coverage, f"Coverage of suite {EDITION} {VERSION}").encode())
    put(PANEL, (json.dumps(panel, indent=1) + "\n").encode())
    put(MANIFEST, (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode())
    for path in [p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).as_posix() not in names]:
        path.unlink()
    write_sums(folder, names)


def tolerance_of(recipe: Recipe, tolerances: dict[str, Any]) -> dict[str, Any]:
    """Bounds of a vector; of one whose base is that of its parent, those of the parent."""
    found: dict[str, Any] = tolerances.get(recipe.parent if recipe.without and recipe.parent else recipe.id, UNKNOWN)
    return found


def _needs(built: tuple[Built, ...]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in built:
        if one.recipe.parent:
            found[one.recipe.id] = found[one.recipe.parent] | {"tools": list(one.recipe.tools)}
        else:
            stream = syntax.read(one.data)
            found[one.recipe.id] = needs(stream.picture_header, one.recipe, stream.alpha is not None)
    return found


def _entry(one: Built, needed: dict[str, Any], tolerance: dict[str, Any]) -> dict[str, Any]:
    recipe = one.recipe
    exact, geometry = dict.fromkeys(tolerance, EXACT), one.decoded or one.base
    entry = {
        "id": recipe.id,
        "revision": recipe.revision,
        "title": recipe.title,
        "purpose": recipe.purpose,
        "kind": recipe.kind,
        "tier": recipe.tier,
        "clauses": list(recipe.clauses),
        "needs": needed,
        "stream": {"file": f"streams/{recipe.id}.jai", "bytes": len(one.data), "sha256": sha256(one.data)},
        "source": {"made": recipe.source, "licence": LICENCE, "command": f"tools/make_suite.py --only {recipe.id}"},
        "expected": {
            "result": recipe.result, "error_class": recipe.error_class, "clause": recipe.clause,
            "seconds": recipe.seconds, "memory_mib": recipe.memory_mib,
        },
        "geometry": None if geometry is None else asdict(geometry.geometry),
        "golden": None if one.decoded is None else recipe.id,
        "tolerance": exact if recipe.without and one.decoded is not None else tolerance,
    }  # fmt: skip
    if recipe.without:
        entry["without"] = {"tools": list(recipe.without), "golden": base_name(recipe), "tolerance": tolerance}
    return entry
