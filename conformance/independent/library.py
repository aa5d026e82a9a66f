# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(7.4, 8.4.3, 9.9.7) What decoding takes from files, read once: model packages, networks built from them, tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from conformance.independent.networks import Networks, build
from conformance.independent.package import Package, find_package
from conformance.independent.residual import ROWS as RESIDUAL_ROWS
from conformance.independent.symbols import ROWS, FrequencyTable, load_table

NETWORKS = 8
"""Networks that are kept: a component at a quality and an operating point each."""


@dataclass
class Library:
    """models: folder of model packages; spec: folder of the specification's data."""

    models: Path
    spec: Path
    _packages: dict[tuple[int, bytes], Package] = field(default_factory=dict)
    _networks: dict[tuple[str, int, int, str], Networks] = field(default_factory=dict)
    _tables: dict[str, FrequencyTable] = field(default_factory=dict)

    def package(self, model_id: int, digest: bytes) -> Package:
        """(E.5) The package with this id and this beginning of its digest; raises as find_package does."""
        key = model_id, digest
        if key not in self._packages:
            self._packages[key] = find_package(self.models, model_id, digest)
        return self._packages[key]

    def networks(self, package: Package, component: int, quality_index: int, point: str) -> Networks:
        """Networks of a component; raises as build does."""
        key = package.digest, component, quality_index, point
        if key not in self._networks:
            if len(self._networks) >= NETWORKS:
                self._networks.clear()
            self._networks[key] = build(package, component, quality_index, point)
        return self._networks[key]

    def gaussian(self) -> FrequencyTable:
        """(8.4.3) The Gaussian rows."""
        return self._table("gaussian", ROWS)

    def residual(self) -> FrequencyTable:
        """(9.9.7) The residual rows of the lossless layer."""
        return self._table("residual", RESIDUAL_ROWS)

    def _table(self, name: str, rows: int) -> FrequencyTable:
        if name not in self._tables:
            self._tables[name] = load_table(self.spec, name, rows)
        return self._tables[name]
