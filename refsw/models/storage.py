# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(E.3) Tensors to safetensors bytes and back; bfloat16 and float16 become float32 on the way in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray

from refsw.errors import ModelError
from refsw.models.description import TensorDescription

Array = NDArray[Any]

_TAGS = {
    "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64", "uint8": "U8", "uint16": "U16", "uint32": "U32",
    "float16": "F16", "bfloat16": "BF16", "float32": "F32",
}
FLOAT_TYPES = ("float32", "float16", "bfloat16")


def store(array: Array, float_type: str) -> tuple[TensorDescription, bytes]:
    """Stored form of a tensor: integers as they are, float32 rounded to `float_type`, to the nearest, ties to even.

    Raises ModelError for other types, and for values that are not finite after rounding.
    """
    name = array.dtype.name
    if name == "float32":
        with np.errstate(over="ignore"):
            little = _to_bfloat16(array) if float_type == "bfloat16" else array.astype(float_type)
        _check_finite(_widen(little, float_type))
        return TensorDescription(float_type, array.shape), _bytes(little)
    if name not in _TAGS or name in FLOAT_TYPES:
        raise ModelError(f"tensors of type {name} cannot be stored: expected float32 or an integer type")
    return TensorDescription(name, array.shape), _bytes(array)


def pack(tensors: Mapping[str, tuple[TensorDescription, bytes]]) -> bytes:
    """Bytes of a safetensors file, in order of name: the same tensors give the same file everywhere."""
    header: dict[str, Any] = {}
    end = 0
    for name, (description, data) in sorted(tensors.items()):
        start, end = end, end + len(data)
        tag = _TAGS[description.dtype]
        header[name] = {"dtype": tag, "shape": list(description.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(data for _, (_, data) in sorted(tensors.items()))


def unpack(data: bytes, described: Mapping[str, TensorDescription]) -> dict[str, Array]:
    """Read-only tensors of a safetensors file: integers as stored, floats as float32.

    described: what `model.yaml` says of the file. Raises ModelError where file and description differ, where the
    file is not well-formed, and where a weight is not finite.
    """
    try:
        found = dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
    except (safetensors.SafetensorError, ValueError, MemoryError) as error:
        raise ModelError(f"not a safetensors file: {error}") from None
    for name in sorted(set(found) ^ set(described)):
        raise ModelError(f"tensor {name} is {'missing' if name in described else 'not described in model.yaml'}")
    tensors = {}
    for name, wanted in described.items():
        given = found[name]
        if given["dtype"] != _TAGS[wanted.dtype] or tuple(given["shape"]) != wanted.shape:
            raise ModelError(f"tensor {name} is {given['dtype']} {given['shape']}: model.yaml says {wanted}")
        raw = np.frombuffer(given["data"], np.dtype(_numpy_name(wanted.dtype)).newbyteorder("<"))
        array = _widen(raw.reshape(wanted.shape), wanted.dtype)
        try:
            _check_finite(array)
        except ModelError as error:
            raise ModelError(f"tensor {name}: {error}") from None
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(wanted.shape)
        array.setflags(write=False)
        tensors[name] = array
    return tensors


def _numpy_name(dtype: str) -> str:
    return "uint16" if dtype == "bfloat16" else dtype


def _bytes(array: Array) -> bytes:
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


def _to_bfloat16(array: Array) -> NDArray[np.uint16]:
    """Upper halves of the float32 patterns, rounded to nearest, ties to even."""
    bits = array.view(np.uint32) if array.flags.c_contiguous else np.ascontiguousarray(array).view(np.uint32)
    _check_finite(array)  # a NaN could carry over into an infinity
    return ((bits.astype(np.uint64) + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _widen(array: Array, dtype: str) -> Array:
    """Stored floats as float32, exactly; integers unchanged."""
    if dtype == "bfloat16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32) if dtype in FLOAT_TYPES else array


def _check_finite(array: Array) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelError("a weight is not a finite number")
