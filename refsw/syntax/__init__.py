# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Syntax as data: one description in spec/syntax, one engine, many readers. Never imports torch."""

from refsw.syntax.headers import (
    Codestream,
    ComponentHeader,
    DigestSegment,
    Extension,
    MetadataBlock,
    PictureHeader,
    QualityMap,
    RenderingInformation,
    SkippedSegment,
    Substream,
    Tool,
    ToolHeader,
    UserData,
)

__all__ = [
    "Codestream",
    "ComponentHeader",
    "DigestSegment",
    "Extension",
    "MetadataBlock",
    "PictureHeader",
    "QualityMap",
    "RenderingInformation",
    "SkippedSegment",
    "Substream",
    "Tool",
    "ToolHeader",
    "UserData",
]
