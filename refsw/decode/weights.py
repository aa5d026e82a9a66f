# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.1) The float tensors of a component: as stored, and layers that only the picture-exact networks hold.

Both decoders run the same layers, so a package holds the weights of one once: as 16-bit integers and units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ModelError
from refsw.models import ModelPackage

INPUT, OUTPUT = ".input_unit", ".output_unit"


def float_tensors(package: ModelPackage, component: str) -> dict[str, NDArray[Any]]:
    """Tensors of the float networks of a component by name, float32. Raises ModelError where one cannot be had."""
    tensors = dict(package.section("networks", f"{component}."))
    if "units" not in package.tensors:
        return tensors
    units = package.section("units", f"{component}.")
    fixed = package.section("fixed", f"{component}.") if "fixed" in package.tensors else {}
    for layer in (name.removesuffix(INPUT) for name in units if name.endswith(INPUT)):
        if f"{layer}.weight" in tensors:
            continue
        try:
            tensors |= _layer(layer, units, fixed)
        except (KeyError, ValueError) as error:
            raise ModelError(f"{package.label}: {component}.{layer}: units do not fit: {error}") from None
    return tensors


def _layer(layer: str, units: Mapping[str, NDArray[Any]], fixed: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Weight and bias of a layer. Raises KeyError where a tensor is missing, ValueError where one does not fit."""
    given, made = (units[layer + part].astype(np.float64) for part in (INPUT, OUTPUT))
    weight, bias, shift = (fixed[f"{layer}.{part}"] for part in ("weight", "bias", "shift"))
    if weight.ndim != 4 or (given.shape, made.shape) != ((weight.shape[1],), (len(weight),)):
        raise ValueError(f"{given.shape} and {made.shape} for a weight of shape {weight.shape}")
    with np.errstate(all="ignore"):
        scale = np.ldexp(made, -shift)
        out = {
            f"{layer}.weight": (weight * scale[:, None, None, None] / given[:, None, None]).astype(np.float32),
            f"{layer}.bias": (bias * scale).astype(np.float32),
        }
    if not all(np.isfinite(array).all() for array in out.values()):
        raise ValueError("a weight is not a finite number")
    return out
