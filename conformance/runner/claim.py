# SPDX-License-Identifier: BSD-3-Clause-Clear
"""claim.yaml: what a vendor says that a decoder does. Vectors that apply follow from it; nobody picks them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from conformance.runner.errors import UsageError
from conformance.runner.planes import SHIFTS
from conformance.runner.settings import read_settings
from conformance.runner.suite import Suite, Vector, left_aside

STRICTNESS = ("exact", "strict", "relaxed")
"""exact: samples equal the picture-exact process (9.8); strict, relaxed: within that tolerance class."""
BIT_DEPTHS = (8, 10, 12, 14, 16)
_LISTS = ("operating_points", "bit_depths", "chroma_formats", "tools")


@dataclass(frozen=True)
class Claim:
    """An implementation compliance statement. tools: optional ones that the decoder uses, and proposals."""

    product: str
    version: str
    profile: str
    level: str
    operating_points: tuple[str, ...]
    bit_depths: tuple[int, ...]
    chroma_formats: tuple[str, ...]
    alpha: bool
    strictness: str
    tools: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a report."""
        return asdict(self)


def load_claim(path: Path, suite: Suite) -> Claim:
    """Reads a claim and holds it against the suite. Raises UsageError, one line."""
    found = read_settings(path)
    names = set(Claim.__dataclass_fields__)
    if found.keys() - names:
        raise UsageError(f"{path}: {min(found.keys() - names)}: no such key; keys: {', '.join(sorted(names))}")
    missing = names - found.keys() - {"tools"}
    if missing:
        raise UsageError(f"{path}: {min(missing)}: is missing")
    for key in _LISTS:
        value = found.setdefault(key, [])
        if not isinstance(value, list):
            raise UsageError(f"{path}: {key}: expected a list")
        found[key] = tuple(value)
    for key in ("product", "version", "level", "profile", "strictness"):
        found[key] = str(found[key])
    claim = Claim(**found)
    allowed = {
        "profile": (claim.profile, suite.profiles), "level": (claim.level, suite.levels),
        "strictness": (claim.strictness, STRICTNESS),
    }  # fmt: skip
    for key, (value, choices) in allowed.items():
        if value not in choices:
            raise UsageError(f"{path}: {key}: {value!r} is not one of {', '.join(choices)}")
    for key, values, known in (
        ("bit_depths", claim.bit_depths, BIT_DEPTHS), ("chroma_formats", claim.chroma_formats, tuple(SHIFTS)),
        ("tools", claim.tools, suite.tools),
    ):  # fmt: skip
        if set(values) - set(known):
            raise UsageError(f"{path}: {key}: {values} has a value that is not one of {known}")
    if type(claim.alpha) is not bool:
        raise UsageError(f"{path}: alpha: expected true or false")
    return claim


def outside(claim: Claim, vector: Vector, suite: Suite) -> str:
    """Why a vector does not apply to a claim; "" where it does."""
    own = suite.profiles.index(claim.profile)
    reasons = (
        (suite.profiles.index(vector.profile) > own, f"profile {vector.profile}"),
        (suite.levels.index(vector.level) > suite.levels.index(claim.level), f"level {vector.level}"),
        (vector.operating_point not in claim.operating_points, f"operating point {vector.operating_point}"),
        (vector.bit_depth not in claim.bit_depths, f"bit depth {vector.bit_depth}"),
        (vector.chroma_format not in claim.chroma_formats, f"chroma format {vector.chroma_format}"),
        (vector.alpha and not claim.alpha, "alpha"),
        (bool(set(vector.tools) - set(claim.tools)), f"tool {', '.join(sorted(set(vector.tools) - set(claim.tools)))}"),
        (vector.kind == "proposal" and not vector.tools, "a proposal"),
    )
    return next((reason for found, reason in reasons if found), "")


def as_claimed(claim: Claim, vector: Vector) -> Vector:
    """The vector as it is for this claim, which may leave an optional tool of it aside."""
    return left_aside(vector) if vector.without and set(vector.without.tools) - set(claim.tools) else vector
