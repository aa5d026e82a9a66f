# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants of decoder A at operating points (7.3): networks of another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance.independent import picture
from conformance.independent.library import Library
from conformance.mutants.patch import Patch


def _networks(point: Callable[[int, str], str]) -> Callable[[Any], Any]:
    """point: of a component, from that of the picture."""
    return lambda right: lambda self, package, component, quality, own: right(
        self, package, component, quality, point(component, own)
    )


POINTS: Mapping[str, Patch] = {
    "point-bop-weights": Patch("weights of BOP decode what SOP should (7.3)", Library, "networks",
        _networks(lambda component, own: "bop")),
    "point-luma-alone": Patch("chroma is decoded by BOP at every operating point (7.3)", Library, "networks",
        _networks(lambda component, own: "bop" if component else own)),
    "point-first": Patch("the first listed synthesis decodes, whichever is asked for (7.3)", picture,
        "operating_point", lambda right: lambda header, package, wanted: right(header, package, None)),
}  # fmt: skip
"""Each is caught by a vector of profile simple, or by one that lists two synthesis transforms."""
