# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(E.3) Safetensors files: an 8-byte length, a header in JSON, then the elements of all tensors without gaps."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Table E-1: name in safetensors, storage type, little-endian type of the stored elements
TYPES = {
    "I8": ("int8", "<i1"), "I16": ("int16", "<i2"), "I32": ("int32", "<i4"), "I64": ("int64", "<i8"),
    "U8": ("uint8", "<u1"), "U16": ("uint16", "<u2"), "U32": ("uint32", "<u4"),
    "F32": ("float32", "<f4"), "F16": ("float16", "<f2"), "BF16": ("bfloat16", "<u2"),
}  # fmt: skip


@dataclass(frozen=True)
class StoredTensor:
    """Storage type and shape as model.yaml writes them, and the value of Table E-1."""

    description: str
    value: NDArray[Any]


def read_safetensors(data: bytes) -> dict[str, StoredTensor]:
    """All tensors of a file. Raises ValueError where it is not well-formed or a float is not finite."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise ValueError("the header is longer than the file")
    header = json.loads(data[8 : 8 + length].decode("utf-8"), object_pairs_hook=without_duplicates)
    header.pop("__metadata__", None)
    body = memoryview(data)[8 + length :]
    tensors: dict[str, StoredTensor] = {}
    expected = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        storage, element = TYPES[entry["dtype"]]
        shape = tuple(int(side) for side in entry["shape"])
        if begin != expected or end - begin != math.prod(shape) * np.dtype(element).itemsize or end > len(body):
            raise ValueError(f"tensor {name} does not lie where the one before ends")
        expected = end
        stored = np.frombuffer(body[begin:end], element).reshape(shape)
        tensors[name] = StoredTensor(f"{storage} [{', '.join(map(str, shape))}]", value_of(name, storage, stored))
    if expected != len(body):
        raise ValueError(f"{len(body) - expected} bytes after the last tensor")
    return tensors


def value_of(name: str, storage: str, stored: NDArray[Any]) -> NDArray[Any]:
    """(Table E-1) Value of a tensor: floats become binary32, which is exact."""
    if storage == "bfloat16":
        stored = (stored.astype("<u4") << 16).view("<f4")
    elif storage == "float16":
        stored = stored.astype("<f4")
    if stored.dtype.kind == "f" and not np.isfinite(stored).all():
        raise ValueError(f"tensor {name} has a value that is not finite")
    return stored


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose members have different names."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice in the header")
    return members
