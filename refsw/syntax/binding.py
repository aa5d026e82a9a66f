# SPDX-License-Identifier: BSD-3-Clause-Clear
"""From the names that a walk leaves to the frozen dataclasses of headers.py; fields are matched by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from refsw.syntax import headers
from refsw.syntax.engine import Scope

CLASSES: Mapping[str, type[Any]] = MappingProxyType(
    {
        "codestream": headers.Codestream,
        "picture_header": headers.PictureHeader,
        "component_header": headers.ComponentHeader,
        "tool_header": headers.ToolHeader,
        "tool": headers.Tool,
        "rendering_information": headers.RenderingInformation,
        "metadata_block": headers.MetadataBlock,
        "quality_map": headers.QualityMap,
        "substream": headers.Substream,
        "alpha_plane": headers.AlphaPlane,
        "lossless_layer": headers.LosslessLayer,
        "user_data": headers.UserData,
        "digest_segment": headers.DigestSegment,
        "extension": headers.Extension,
        "skipped_segment": headers.SkippedSegment,
    }
)


def build(scope: Scope, classes: Mapping[str, type[Any]] = CLASSES) -> Any:
    """The dataclass of a walked structure."""
    kind = classes[scope.structure]
    return kind(**{field.name: _convert(field.name, str(field.type), scope, classes) for field in fields(kind)})


def _convert(name: str, annotation: str, scope: Scope, classes: Mapping[str, type[Any]]) -> Any:
    value = scope.names[name]
    if isinstance(value, Scope):
        return build(value, classes)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        items = tuple(build(item, classes) if isinstance(item, Scope) else item for item in value)
        if annotation.startswith("tuple"):
            return items
        return items[0] if items else None  # a segment that occurs at most once
    return bool(value) if annotation == "bool" else value
