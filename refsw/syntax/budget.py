# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(A.1, A.2) What the picture header alone says of the cost of decoding; a model package refines it."""

from __future__ import annotations

from dataclasses import dataclass

from refsw import spec
from refsw.syntax.headers import Codestream


@dataclass(frozen=True)
class ComponentBudget:
    """Sizes of one component: y and z are (rows, columns); symbols is the greatest number that can be coded."""

    component_index: int
    y: tuple[int, int]
    z: tuple[int, int]
    symbols: int
    z_bytes: int
    residual_bytes: int


@dataclass(frozen=True)
class Budget:
    """Bounds of the decoding process of one codestream.

    samples: coded luma samples; macs: profile's kMAC per sample * 1000 * samples; memory_bytes: working memory.
    """

    profile: str
    level: str
    samples: int
    level_samples: int
    regions: int
    kmac_per_sample: int
    macs: int
    parameters: int
    memory_bytes: int
    components: tuple[ComponentBudget, ...]


def budget(codestream: Codestream) -> Budget:
    """Bounds from the headers, without weights."""
    header = codestream.picture_header
    profile, level = spec.profile(header.decoder_profile_idc), spec.level(header.level_idc)
    samples = header.coded_width * header.coded_height
    rows, columns = header.latent_size
    components = []
    for index, component in enumerate(header.components):
        regions = range(header.num_regions)
        components.append(
            ComponentBudget(
                component_index=index,
                y=header.latent_size,
                z=header.hyper_size,
                symbols=component.num_coded_channels * rows * columns,
                z_bytes=sum(len(codestream.z_data(index, region)) for region in regions),
                residual_bytes=sum(len(codestream.residual_data(index, region)) for region in regions),
            )
        )
    return Budget(
        profile=profile.name,
        level=level.name,
        samples=samples,
        level_samples=level.max_samples,
        regions=header.num_regions,
        kmac_per_sample=profile.max_kmac_per_sample,
        macs=1000 * profile.max_kmac_per_sample * samples,
        parameters=profile.max_parameters,
        memory_bytes=profile.fixed_memory_bytes + profile.memory_bytes_per_sample * samples,
        components=tuple(components),
    )
