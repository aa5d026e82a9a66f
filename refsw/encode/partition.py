# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Into which regions and tiles a picture is partitioned."""

from __future__ import annotations

from dataclasses import dataclass

from refsw.config import Config, RegionsConfig
from refsw.constants import LATENT_BLOCK
from refsw.errors import UsageError
from refsw.syntax.geometry import REGION_UNIT, ceil_div


@dataclass(frozen=True)
class Partition:
    """Rows and columns of regions; tile, overlap: of synthesis tiles, unit 16 luma samples, 0 where not signalled."""

    rows: int
    columns: int
    independent: bool
    tile: int
    overlap: int

    @property
    def regions(self) -> int:
        """Number of regions."""
        return self.rows * self.columns


def _count(samples: int, wanted: int | str, config: RegionsConfig, name: str) -> int:
    """Regions along one side of the picture. Raises UsageError."""
    most = ceil_div(samples, REGION_UNIT)
    if isinstance(wanted, int):
        if wanted > most:
            raise UsageError(f"regions.{name}: {wanted} in {samples} samples: expected at most {most}, 64 samples each")
        return wanted
    return 1 if config.side == 0 else min(most, ceil_div(samples, config.side))


def partition(height: int, width: int, config: Config) -> Partition:
    """The partition of a picture of height x width luma samples by a configuration. Raises UsageError."""
    regions, tiles = config.regions, config.tiles
    rows = _count(height, regions.rows, regions, "rows")
    columns = _count(width, regions.columns, regions, "columns")
    return Partition(
        rows, columns, regions.independent and rows * columns > 1,
        tiles.side // LATENT_BLOCK, tiles.overlap // LATENT_BLOCK if tiles.side else 0,
    )  # fmt: skip
