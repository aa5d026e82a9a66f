# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.8) Quality map: steps of the quantiser at each position of the latent. Integers; exact on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refsw.constants import QUALITY_MAP_LIMIT
from refsw.entropy import rans
from refsw.entropy.tables import gaussian_tables
from refsw.errors import DamageError
from refsw.syntax.headers import EXPERIMENTAL, Codestream, QualityMap

HEAD = 2
"""Bytes before those of the entropy coder: table row, base-2 logarithm of the number of lanes."""
MAX_LOG2_LANES = 10


def picture_steps(codestream: Codestream) -> NDArray[np.int8] | None:
    """(8.8) Steps of a picture, None where it has none: outside the experimental profile a map changes nothing."""
    header = codestream.picture_header
    if codestream.quality_map is None or header.stream_profile_idc != EXPERIMENTAL:
        return None
    return quality_steps(codestream.quality_map, header.latent_size)


def quality_steps(segment: QualityMap, size: tuple[int, int]) -> NDArray[np.int8]:
    """(8.8.1) Steps, int8 [h, w], -16..16. Raises DamageError."""
    head, data = segment.quality_map_data[:HEAD], segment.quality_map_data[HEAD:]
    if len(head) < HEAD or head[0] >= gaussian_tables().rows or head[1] > MAX_LOG2_LANES:
        raise DamageError("quality map: its table row or number of lanes does not exist")
    row, lanes = head
    rows = np.full(size[0] * size[1], row, np.int32)
    try:
        found = rans.decode(data, rows, gaussian_tables(), 1 << lanes)
    except DamageError as error:
        raise DamageError(f"quality map: {error}") from None
    steps = found.astype(np.int64).reshape(size).cumsum(0).cumsum(1)
    if np.abs(steps).max() > QUALITY_MAP_LIMIT:
        raise DamageError(f"quality map: a step outside -{QUALITY_MAP_LIMIT}..{QUALITY_MAP_LIMIT}")
    return steps.astype(np.int8)


def differences(steps: NDArray[np.int8]) -> NDArray[np.int32]:
    """What is coded of steps [h, w], in coding order: int32 [h w]."""
    wide = steps.astype(np.int32)
    return np.diff(np.diff(wide, axis=0, prepend=0), axis=1, prepend=0).ravel()
