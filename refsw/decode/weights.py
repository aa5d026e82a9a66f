# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.1) The float tensors of a component: as stored, and layers that a package holds as integers and units.

Both decoders run the same layers, so a package holds the weights of one once: as the 16-bit integers of the
picture-exact networks. Those of the encoder's inner layers, which no decoder runs, have 8 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ModelError
from refsw.models import ModelPackage

INPUT, OUTPUT = ".input_unit", ".output_unit"
INNER_LIMIT = 127


def float_tensors(package: ModelPackage, component: str) -> dict[str, NDArray[Any]]:
    """Tensors of the float networks of a component by name, float32. Raises ModelError where one cannot be had."""
    tensors = dict(package.section("networks", f"{component}."))
    units = package.section("units", f"{component}.") if "units" in package.tensors else {}
    fixed = package.section("fixed", f"{component}.") if "fixed" in package.tensors else {}
    integers = {name.removesuffix(".weight") for name, array in tensors.items() if array.dtype == np.int8}
    for layer in sorted(integers | {name.rpartition(".")[0] for name in units}):
        try:
            if layer in integers:
                tensors[f"{layer}.weight"] = _inner(tensors[f"{layer}.weight"], units[layer + OUTPUT])
            elif f"{layer}.weight" not in tensors:
                tensors |= _layer(layer, units, fixed)
        except (KeyError, ValueError) as error:
            raise ModelError(f"{package.label}: {component}.{layer}: units do not fit: {error}") from None
    return tensors


def inner(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Stored form of the weight of an inner layer of the encoder, [out, in, rows, columns]; unit [out]."""
    unit = (np.abs(weight).max((1, 2, 3)) / INNER_LIMIT).astype(np.float32)
    steps = weight / np.where(unit, unit, 1)[:, None, None, None]
    return np.rint(steps).astype(np.int8), unit


def _inner(weight: NDArray[np.int8], unit: NDArray[Any]) -> NDArray[np.float32]:
    if weight.ndim != 4 or unit.shape != (len(weight),) or unit.dtype != np.float32:
        raise ValueError(f"{unit.dtype} {unit.shape} for a weight of shape {weight.shape}")
    return weight * unit[:, None, None, None]


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
