# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What holds of every kind of quantiser steps (8.8 to 8.10): encoder and decoders agree on them, beside all else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.api import decode_picture, encode_picture
from refsw.config import Config
from refsw.decode.picture import Decoded
from refsw.decode.select import Selection
from refsw.encode.rate import Target
from refsw.syntax.geometry import Region
from refsw.tools.tool import OFF
from refsw.tools.toolbox import OWN
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING
from refsw.types import Image
from tests.support.tiny import Started


def scaling_alone(own: Started, mode: str, **parts: Any) -> Config:
    """Variance scaling in a mode, no other tool."""
    modes = {tool.name: OFF for tool in OWN} | {VARIANCE_SCALING.name: mode}
    return replace(own.config, tools=tuple(modes.items()), **parts)


def round_trip(own: Started, config: Config, image: Image, steps: NDArray[np.int8] | None) -> Decoded:
    """A picture of 130 x 200 comes back as the encoder says; steps: a quality map."""
    encoded = encode_picture(image, config, quality=45, model=own.model, steps=steps)
    assert abs(encoded.report.estimated_bits / 8 - encoded.report.bytes) <= 0.005 * encoded.report.bytes + 64 * 6
    decoded = decode_picture(encoded.data, model=own.model)
    assert encoded.reconstruction is not None
    np.testing.assert_array_equal(decoded.image.samples, encoded.reconstruction.samples)
    exact = decode_picture(encoded.data, model=own.model, exact="auto").image.samples
    oracle = decode_picture(encoded.data, model=own.model, exact="oracle").image.samples
    np.testing.assert_array_equal(exact, oracle)
    assert np.abs(exact.astype(int) - decoded.image.samples).mean() < 0.5
    part = decode_picture(encoded.data, model=own.model, selection=Selection(area=Region(20, 70, 90, 150)))
    assert np.abs(part.image.samples.astype(int) - decoded.image.samples[20:90, 70:150]).max() <= 1
    return decoded


def targets_refinement_and_layers(own: Started, image: Image, steps: NDArray[np.int8]) -> None:
    """Sizes are met, refinement gains, layers give every sample; steps: a quality map."""
    sized = encode_picture(image, scaling_alone(own, "on"), target=Target("bytes", 1500.0), model=own.model)
    assert abs(len(sized.data) / 1500 - 1) < 0.05
    refined = replace(scaling_alone(own, "usual"), refine=replace(own.config.refine, iterations=6, seconds=None))
    better = encode_picture(image, refined, quality=50, model=own.model, steps=steps)
    assert better.report.refine_gain > 0 and better.reconstruction is not None
    shown = decode_picture(better.data, model=own.model).image.samples
    np.testing.assert_array_equal(shown, better.reconstruction.samples)
    kept = encode_picture(image, scaling_alone(own, "usual"), quality=40, model=own.model, lossless=True)
    np.testing.assert_array_equal(decode_picture(kept.data, model=own.model).image.samples, image.samples)
