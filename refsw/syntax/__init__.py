# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Syntax as data: one description in spec/syntax, one engine, many readers. Never imports torch.

    read       bytes -> Codestream, or the error of the first violated clause          reader.py
    write      Codestream -> bytes                                                     writer.py
    validate   bytes -> every violation, with its clause                               reader.py
    trace      bytes -> offset, bit, bits, path, value, clause of each element         reader.py
    bits       bytes -> bits of each kind of element                                   reader.py
    coverage   bytes -> bins of the syntax that they exercise                          bins.py
    mutate     bytes -> codestreams that break one clause each, which is named         mutants.py
    codestreams, near_legal   hypothesis strategies; need hypothesis                   strategies.py
    file_format               boxes of the file format, for refsw.container              boxes.py
    structure_table, ...      the printed specification                                documents.py
"""

from refsw.syntax.bins import all_bins, coverage
from refsw.syntax.headers import (
    AlphaPlane,
    Codestream,
    ComponentHeader,
    DigestSegment,
    Extension,
    LosslessLayer,
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
from refsw.syntax.mutants import Mutant, mutate
from refsw.syntax.reader import Entry, bits, read, trace, validate
from refsw.syntax.salvage import Salvaged, salvage
from refsw.syntax.violation import Violation
from refsw.syntax.writer import write

__all__ = [
    "AlphaPlane",
    "Codestream",
    "ComponentHeader",
    "DigestSegment",
    "Entry",
    "Extension",
    "LosslessLayer",
    "MetadataBlock",
    "Mutant",
    "PictureHeader",
    "QualityMap",
    "RenderingInformation",
    "Salvaged",
    "SkippedSegment",
    "Substream",
    "Tool",
    "ToolHeader",
    "UserData",
    "Violation",
    "all_bins",
    "bits",
    "coverage",
    "mutate",
    "read",
    "salvage",
    "trace",
    "validate",
    "write",
]
