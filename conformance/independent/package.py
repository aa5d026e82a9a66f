# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex E) Model packages: found by id and digest, and used only where all of E.2, E.3 and E.4 hold."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.independent import plain_yaml
from conformance.independent.errors import RejectedError, UnsupportedError
from conformance.independent.safetensors import StoredTensor, read_safetensors

CHARACTERS = 1 << 20  # E.2
MEMBERS = {
    "format", "model_id", "name", "summary", "digest", "quality_range", "quality_anchors", "config", "components",
    "provenance", "files",
}  # fmt: skip
COMPONENT_MEMBERS = {
    "name", "planes", "latent_channels", "hyper_channels", "conditioned_on", "architecture", "config",
}  # fmt: skip
DIGESTED = ("components", "config", "model_id", "quality_anchors", "quality_range")
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\.safetensors")
COMPONENT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Component:
    """What model.yaml says of a component."""

    name: str
    planes: int
    latent_channels: int
    hyper_channels: int
    conditioned_on: tuple[int, ...]
    """Numbers of earlier components."""
    architecture: str


@dataclass(frozen=True)
class Package:
    """A package that E.2 to E.4 allow."""

    name: str
    digest: str
    quality_anchors: int
    components: tuple[Component, ...]
    tensors: dict[str, NDArray[Any]]
    """By file and name: "fixed/primary.gain.log_gain"."""

    def has(self, name: str) -> bool:
        """Whether there is a tensor of this name."""
        return name in self.tensors

    def tensor(self, name: str) -> NDArray[np.int64]:
        """An integer tensor, as int64."""
        if name not in self.tensors or self.tensors[name].dtype.kind not in "iu":
            raise RejectedError("9.8.5", f"model package {self.name} has no integer tensor {name}")
        return self.tensors[name].astype(np.int64)


def find_package(folder: Path, model_id: int, digest: bytes) -> Package:
    """(E.5) The package in `folder`, or in a folder of it, with this id and this beginning of its digest.

    Raises UnsupportedError where there is none, RejectedError where it is not one that may be used.
    """
    seen = []
    for path in sorted([folder / "model.yaml", *folder.glob("*/model.yaml")]):
        if path.is_file():
            model = read_description(path)
            if model["model_id"] == model_id and model["digest"].startswith(digest.hex()):
                return load_package(path, model)
            seen.append(f"{model['name']} ({model['model_id']}, {model['digest'][:8]})")
    there = ", ".join(seen) or "none"
    raise UnsupportedError("E.5", f"model {model_id} with digest {digest.hex()} is needed; there is {there}")


def read_description(path: Path) -> Any:
    """(E.2) model.yaml as plain data whose members are there and of the right kind."""
    try:
        text = path.read_text(encoding="utf-8")
        if len(text) > CHARACTERS:
            raise ValueError(f"more than {CHARACTERS} characters")
        model: Any = plain_yaml.load(text)
        check_description(model)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RejectedError("E.2", f"{path}: {error}") from error
    return model


def check_description(model: Any) -> None:
    """(E.2) Raises ValueError, KeyError or TypeError where a member is missing, left over, or of another form."""
    demand(set(model) == MEMBERS, f"members are {', '.join(sorted(model))}")
    demand(model["format"] == 1, "format is not 1")
    low, high = model["quality_range"]
    demand(0 <= low <= high <= 65535, "quality_range")
    demand(1 <= model["model_id"] <= 65535 and 1 <= model["quality_anchors"] <= 257, "model_id or quality_anchors")
    demand(re.fullmatch("[0-9a-f]{64}", model["digest"]) is not None, "digest")
    demand(COMPONENT_NAME.fullmatch(model["name"]) is not None and isinstance(model["config"], dict), "name or config")
    names: list[str] = []
    for component in model["components"]:
        demand(set(component) == COMPONENT_MEMBERS, f"members of a component are {', '.join(sorted(component))}")
        demand(COMPONENT_NAME.fullmatch(component["name"]) is not None, "name of a component")
        demand(1 <= component["latent_channels"] <= 4096 and 1 <= component["hyper_channels"] <= 4096, "channels")
        demand(set(component["conditioned_on"]) <= set(names) and component["name"] not in names, "order of components")
        demand(1 <= len(component["planes"]) == len(set(component["planes"])) <= 16, "planes")
        names.append(component["name"])
    demand(1 <= len(names) <= 16 and 1 <= len(model["files"]) <= 16, "number of components or files")
    for file in model["files"]:
        demand(FILE_NAME.fullmatch(file["name"]) is not None, f"file name {file['name']}")
        demand(set(file) == {"name", "size", "sha256", "tensors"}, f"members of {file['name']}")


def demand(holds: bool, text: str) -> None:
    """Raises ValueError with a text where something does not hold."""
    if not holds:
        raise ValueError(text)


def load_package(path: Path, model: Any) -> Package:
    """(E.3, E.4) The package of a description."""
    try:
        files = {file["name"].removesuffix(".safetensors"): load_file(path.parent, file) for file in model["files"]}
        demand(package_digest(model, files) == model["digest"], "the package digest differs (E.4)")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RejectedError("E.3", f"{path.parent}: {error}") from error
    names = [component["name"] for component in model["components"]]
    components = tuple(
        Component(
            entry["name"], len(entry["planes"]), entry["latent_channels"], entry["hyper_channels"],
            tuple(names.index(name) for name in entry["conditioned_on"]), entry["architecture"],
        )
        for entry in model["components"]
    )  # fmt: skip
    tensors = {f"{file}/{name}": tensor.value for file, stored in files.items() for name, tensor in stored.items()}
    return Package(model["name"], model["digest"], model["quality_anchors"], components, tensors)


def load_file(folder: Path, file: Any) -> dict[str, StoredTensor]:
    """(E.3) Tensors of a listed file, which are exactly the listed ones."""
    with (folder / file["name"]).open("rb") as opened:
        data = opened.read(file["size"] + 1)
    demand(len(data) == file["size"], f"{file['name']} has another size")
    demand(hashlib.sha256(data).hexdigest() == file["sha256"], f"{file['name']} has another SHA-256")
    tensors = read_safetensors(data)
    found = {name: stored.description for name, stored in tensors.items()}
    demand(found == file["tensors"], f"{file['name']} has other tensors")
    return tensors


def package_digest(model: Any, files: dict[str, dict[str, StoredTensor]]) -> str:
    """(E.4) SHA-256 over what decides decoding."""
    return hashlib.sha256("".join(line + "\n" for line in digest_lines(model, files)).encode()).hexdigest()


def digest_lines(model: Any, files: dict[str, dict[str, StoredTensor]]) -> Iterator[str]:
    """(E.4) Lines of the package digest."""
    yield "refsw model package 1"
    yield json.dumps({name: model[name] for name in DIGESTED}, sort_keys=True, separators=(",", ":"))
    for file in sorted(files):
        for name in sorted(files[file]):
            yield f"{file}/{name} {hashlib.sha256(canonical(files[file][name].value)).hexdigest()}"


def canonical(tensor: NDArray[Any]) -> bytes:
    """(Annex C) Canonical layout of a tensor."""
    kind = f"{tensor.dtype.kind}{tensor.dtype.itemsize} {'x'.join(map(str, tensor.shape))}\n"
    return kind.encode() + tensor.astype(tensor.dtype.newbyteorder("<")).tobytes()
