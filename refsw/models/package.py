# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(E.1) A model package on disk: written whole, read only if every byte is as described."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ModelError, OutputError
from refsw.models.description import FileDescription, ModelDescription, from_yaml, to_yaml, with_files
from refsw.models.schema import MAX_TEXT
from refsw.models.storage import FLOAT_TYPES, pack, store, unpack
from refsw.types import digest

DESCRIPTION_FILE = "model.yaml"

Tensors = Mapping[str, Mapping[str, NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class ModelPackage:
    """(E.1) A verified model package.

    tensors: file name without suffix -> tensor name -> read-only array, integers as stored, floats as float32;
    digest: SHA-256 over the canonical serialisation (E.4), 64 hexadecimal digits; folder: where it was read.
    """

    description: ModelDescription
    tensors: Tensors
    digest: str
    folder: Path

    def section(self, file: str, prefix: str) -> dict[str, NDArray[Any]]:
        """Tensors of a file whose names start with `prefix`, without it; raises ModelError where there are none."""
        found = {
            name.removeprefix(prefix): array
            for name, array in self.tensors.get(file, {}).items()
            if name.startswith(prefix)
        }
        if not found:
            raise ModelError(f"{self.label}: no tensors {prefix}* in {file}.safetensors")
        return found

    def tensor(self, file: str, name: str) -> NDArray[Any]:
        """One tensor; raises ModelError that names it."""
        try:
            return self.tensors[file][name]
        except KeyError:
            raise ModelError(f"{self.label}: tensor {name} is missing in {file}.safetensors") from None

    @property
    def label(self) -> str:
        """What messages call it: "model 1 (base)"."""
        return f"model {self.description.model_id} ({self.description.name})"


def package_digest(description: ModelDescription, tensors: Tensors) -> str:
    """(E.4) Identity of a model: what decides decoding, not how it is stored. 64 hexadecimal digits."""
    lines = [b"refsw model package 1", description.canonical()]
    for file in sorted(tensors):
        for name in sorted(tensors[file]):
            lines.append(f"{file}/{name} {digest(tensors[file][name])}".encode())
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def save_package(
    folder: Path,
    description: ModelDescription,
    tensors: Tensors,
    float_types: Mapping[str, str] | None = None,
) -> ModelPackage:
    """Write a package and read it back; the result holds the weights as stored, so use it, not what was given.

    tensors: file name without suffix -> tensor name -> float32 or integer array.
    float_types: file name without suffix -> "float32" (where absent), "float16" or "bfloat16".
    Raises ModelError for what cannot be stored, OutputError where the folder cannot be written.
    """
    chosen = dict(float_types or {})
    for file, float_type in chosen.items():
        if file not in tensors or float_type not in FLOAT_TYPES:
            raise ModelError(f"float type {float_type!r} of file {file!r}: no such type or file")
    contents: dict[str, bytes] = {}
    files: list[FileDescription] = []
    values: dict[str, dict[str, NDArray[Any]]] = {}
    for file, arrays in sorted(tensors.items()):
        stored = {}
        for name, array in arrays.items():
            try:
                stored[name] = store(np.asarray(array), chosen.get(file, "float32"))
            except ModelError as error:
                raise ModelError(f"{description.name}: {file}/{name}: {error}") from None
        data = pack(stored)
        described = {name: tensor for name, (tensor, _) in stored.items()}
        values[file] = unpack(data, described)
        file_name = f"{file}.safetensors"
        files.append(FileDescription(file_name, len(data), hashlib.sha256(data).hexdigest(), described))
        contents[file_name] = data
    complete = with_files(description, tuple(files), package_digest(description, values))
    contents[DESCRIPTION_FILE] = to_yaml(complete).encode()  # last: a package without it does not exist
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file_name, data in contents.items():
            partial = folder / f".{file_name}.{os.getpid()}"
            partial.write_bytes(data)
            partial.replace(folder / file_name)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from None
    return read_package(folder)


def read_description(folder: Path) -> ModelDescription:
    """(E.2) Parse `model.yaml` alone; the weights are not looked at."""
    path = folder / DESCRIPTION_FILE
    return from_yaml(_read(path, MAX_TEXT).decode("utf-8", "replace"), str(path))


def read_package(folder: Path) -> ModelPackage:
    """(E.1) Read and verify a package; raises ModelError that names file and tensor."""
    description = read_description(folder)
    tensors: dict[str, Mapping[str, NDArray[Any]]] = {}
    for file in description.files:
        path = folder / file.name
        data = _read(path, file.size)
        if len(data) != file.size:
            raise ModelError(f"{path}: {len(data)} bytes: model.yaml says {file.size}")
        found = hashlib.sha256(data).hexdigest()
        if found != file.sha256:
            raise ModelError(f"{path}: altered: SHA-256 is {found[:16]}..., model.yaml says {file.sha256[:16]}...")
        try:
            tensors[path.stem] = MappingProxyType(unpack(data, file.tensors))
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None
    computed = package_digest(description, tensors)
    if computed != description.digest:
        raise ModelError(
            f"{folder}: package digest is {computed[:16]}..., model.yaml says {description.digest[:16]}...: altered"
        )
    return ModelPackage(description, MappingProxyType(tensors), computed, folder)


def _read(path: Path, limit: int) -> bytes:
    """At most limit + 1 bytes of a plain file: more would not be as described in any case."""
    try:
        if not path.is_file():  # a device or pipe would never end
            raise ModelError(f"{path}: no such file")
        with path.open("rb") as stream:
            return stream.read(limit + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
