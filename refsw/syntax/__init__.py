# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Syntax as data: one description in spec/syntax, one engine, many readers. Never imports torch.

    read       bytes -> Codestream, or the error of the first violated clause          reader.py
    write      Codestream -> bytes                                                     writer.py
    validate   bytes -> every violation, with its clause                               reader.py
    trace      bytes -> offset, bit, bits, path, value, clause of each element         reader.py
"""

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
from refsw.syntax.reader import Entry, read, trace, validate
from refsw.syntax.violation import Violation
from refsw.syntax.writer import write

__all__ = [
    "Codestream",
    "ComponentHeader",
    "DigestSegment",
    "Entry",
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
    "Violation",
    "read",
    "trace",
    "validate",
    "write",
]
