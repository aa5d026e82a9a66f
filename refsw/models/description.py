# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(E.2) `model.yaml`: what a model package says of itself, as frozen types."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from refsw.errors import ModelError
from refsw.models.schema import parse, validate

FORMAT_VERSION = 1
MAX_TENSORS = 4096

_FORMS = {
    "name": re.compile(r"[a-z][a-z0-9_-]{0,63}"),
    "plane": re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}"),
    "architecture": re.compile(r"[a-z][a-z0-9_.-]{0,63}"),
    "digest": re.compile(r"[0-9a-f]{64}"),
    "file name": re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\.safetensors"),
    "tensor name": re.compile(r"[A-Za-z0-9_.-]{1,200}"),
}
_TENSOR = re.compile(r"(u?int(?:8|16|32)|int64|float16|bfloat16|float32) \[((?:\d{1,9}(?:, \d{1,9}){0,7})?)\]")

Plain = Any  # str, int, bool, and lists and string-keyed mappings of them


@dataclass(frozen=True)
class ComponentDescription:
    """(E.2.2) One component of the coded picture and the networks that code it.

    name: "primary", "secondary", ...; planes: names of its planes in order, such as ("Y",) or ("Cb", "Cr");
    latent_channels: C_y; hyper_channels: C_z; conditioned_on: names of earlier components that its networks see;
    architecture: registry name; config: plain data for it (text, whole numbers, truth values, lists, mappings).
    """

    name: str
    planes: tuple[str, ...]
    latent_channels: int
    hyper_channels: int
    architecture: str
    config: Mapping[str, Plain] = field(default_factory=dict)
    conditioned_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_form("name", self.name, *self.conditioned_on)
        check_form("plane", *self.planes)
        check_form("architecture", self.architecture)
        _check_plain(self.config, f"component {self.name}: config")


@dataclass(frozen=True)
class TensorDescription:
    """(E.3) A stored tensor: storage type ("int8", "float16", "bfloat16", ...) and shape."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} [{', '.join(map(str, self.shape))}]"

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @classmethod
    def parse(cls, text: str) -> TensorDescription:
        """Inverse of `str`; raises ModelError."""
        match = _TENSOR.fullmatch(text)
        if match is None:
            raise ModelError(f"{text[:60]!r} is no storage type and shape, such as 'int8 [128, 64, 3, 3]'")
        return cls(match[1], tuple(int(side) for side in match[2].split(",") if side))


@dataclass(frozen=True)
class FileDescription:
    """(E.3) A safetensors file of the package: bytes, SHA-256 (64 hexadecimal digits), tensors by name."""

    name: str
    size: int
    sha256: str
    tensors: Mapping[str, TensorDescription]

    def __post_init__(self) -> None:
        check_form("file name", self.name)
        check_form("digest", self.sha256)
        check_form("tensor name", *self.tensors)
        if not 1 <= len(self.tensors) <= MAX_TENSORS:
            raise ModelError(f"{self.name}: {len(self.tensors)} tensors: expected 1 to {MAX_TENSORS}")


@dataclass(frozen=True)
class ModelDescription:
    """(E.2) A model package, without its weights.

    model_id: 1..65535, as in the picture header; name: of the set, such as "base";
    quality_range: smallest and largest quality index; quality_anchors: K, rows of the quality tables;
    config: plain data of the set as a whole; provenance: plain data, informative (training, data, commit);
    files, digest: filled by `save_package`; digest is 64 hexadecimal digits (E.4).
    """

    model_id: int
    name: str
    summary: str
    components: tuple[ComponentDescription, ...]
    quality_range: tuple[int, int] = (0, 2048)
    quality_anchors: int = 9
    config: Mapping[str, Plain] = field(default_factory=dict)
    provenance: Mapping[str, Plain] = field(default_factory=dict)
    files: tuple[FileDescription, ...] = ()
    digest: str = ""

    def __post_init__(self) -> None:
        check_form("name", self.name)
        check_form("digest", *([self.digest] if self.digest else []))
        _check_plain(self.config, f"model {self.name}: config")
        names = [component.name for component in self.components]
        for index, component in enumerate(self.components):
            if component.name in names[:index] or not set(component.conditioned_on) <= set(names[:index]):
                raise ModelError(f"component {component.name}: named twice, or conditioned on one that is not earlier")
        if len({file.name for file in self.files}) < len(self.files):
            raise ModelError(f"model {self.name}: a file is listed twice")
        if self.quality_range[0] > self.quality_range[1]:
            raise ModelError(f"model {self.name}: quality range {self.quality_range} is empty")

    def component(self, name: str) -> ComponentDescription:
        """The component of that name; raises ModelError where the model has none."""
        for component in self.components:
            if component.name == name:
                return component
        raise ModelError(f"model {self.model_id} ({self.name}) has no component {name}")

    def canonical(self) -> bytes:
        """(E.4) What decides decoding, as canonical JSON: sorted keys, no blanks, ASCII."""
        document = {
            "components": [_component_document(component) for component in self.components],
            "config": self.config,
            "model_id": self.model_id,
            "quality_anchors": self.quality_anchors,
            "quality_range": list(self.quality_range),
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def to_yaml(description: ModelDescription) -> str:
    """(E.2) Text of `model.yaml`; raises ModelError where the description breaks the schema."""
    document = {
        "format": FORMAT_VERSION,
        "model_id": description.model_id,
        "name": description.name,
        "summary": description.summary,
        "digest": description.digest,
        "quality_range": list(description.quality_range),
        "quality_anchors": description.quality_anchors,
        "config": dict(description.config),
        "components": [_component_document(component) for component in description.components],
        "provenance": dict(description.provenance),
        "files": [
            {
                "name": file.name,
                "size": file.size,
                "sha256": file.sha256,
                "tensors": {name: str(tensor) for name, tensor in sorted(file.tensors.items())},
            }
            for file in description.files
        ]
    }
    validate(document, "model", f"model {description.name}")
    header = "# SPDX-License-Identifier: BSD-3-Clause-Clear\n"
    return header + yaml.dump(document, Dumper=_PlainDumper, sort_keys=False, width=120, allow_unicode=False)


def from_yaml(text: str, where: str) -> ModelDescription:
    """(E.2) Parse and validate the text of `model.yaml`.

    where: path for the messages. Raises ModelError that names the place inside the document.
    """
    document = parse(text, "model", where)
    try:
        _check_plain({key: value for key, value in document.items() if key != "provenance"}, "document")
        return _description(document)
    except ModelError as error:
        raise ModelError(f"{where}: {error}") from None


def _description(document: Any) -> ModelDescription:
    """Frozen types from a document that fits the schema."""
    components = tuple(
        ComponentDescription(
            name=item["name"],
            planes=tuple(item["planes"]),
            latent_channels=item["latent_channels"],
            hyper_channels=item["hyper_channels"],
            architecture=item["architecture"],
            config=item["config"],
            conditioned_on=tuple(item["conditioned_on"]),
        )
        for item in document["components"]
    )
    files = tuple(
        FileDescription(
            name=item["name"],
            size=item["size"],
            sha256=item["sha256"],
            tensors={name: TensorDescription.parse(text) for name, text in item["tensors"].items()},
        )
        for item in document["files"]
    )
    low, high = document["quality_range"]
    return ModelDescription(
        model_id=document["model_id"],
        name=document["name"],
        summary=document["summary"],
        components=components,
        quality_range=(low, high),
        quality_anchors=document["quality_anchors"],
        config=document["config"],
        provenance=document["provenance"],
        files=files,
        digest=document["digest"],
    )


def with_files(description: ModelDescription, files: tuple[FileDescription, ...], digest: str) -> ModelDescription:
    """The same description with its files and digest."""
    return replace(description, files=files, digest=digest)


class _PlainDumper(yaml.SafeDumper):
    """No anchors and aliases: the reader refuses them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _component_document(component: ComponentDescription) -> dict[str, Plain]:
    return {
        "name": component.name,
        "planes": list(component.planes),
        "latent_channels": component.latent_channels,
        "hyper_channels": component.hyper_channels,
        "conditioned_on": list(component.conditioned_on),
        "architecture": component.architecture,
        "config": dict(component.config),
    }


def check_form(what: str, *values: str) -> None:
    """(E.2) Raise ModelError unless every value has the form of a name, digest, file name, ..."""
    for value in values:
        if not isinstance(value, str) or _FORMS[what].fullmatch(value) is None:
            raise ModelError(f"{str(value)[:80]!r} is no {what}: expected {_FORMS[what].pattern}")


def _check_plain(value: Plain, where: str) -> None:
    """Text, whole numbers, truth values, lists, mappings: what has one canonical text. Fractions go into tensors."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ModelError(f"{where}: key {key!r} is not text")
            _check_plain(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check_plain(item, f"{where}[{index}]")
    elif not isinstance(value, str | int):
        raise ModelError(f"{where}: {str(value)[:60]!r} is neither text, whole number, truth value, list nor mapping")
