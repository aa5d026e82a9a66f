# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Payloads of coding tools as the codestream carries them, and what they take of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from refsw.decode.tools import Told
from refsw.encode.write import ToolBlocks
from refsw.syntax.headers import Extension, PictureHeader, Tool, ToolHeader
from refsw.syntax.payload import header_names, write_payload
from refsw.tools import tool as interface
from refsw.tools.proposal import Proposal, write_proposal
from refsw.tools.toolbox import syntax_of

BLOCK_BYTES, PROPOSAL_BYTES = 2, 12
"""What stands around a payload of a few bytes."""


def payload_bytes(tool: interface.Tool, payload: Any, header: PictureHeader) -> bytes:
    """The payload alone."""
    return write_payload(payload, syntax_of(tool), header_names(header), tool.name)


def payload_bits(tool: interface.Tool, payload: Any, header: PictureHeader) -> int:
    """What a payload takes in the codestream, about."""
    around = BLOCK_BYTES if tool.tool_id else PROPOSAL_BYTES + len(tool.name)
    return 8 * (len(payload_bytes(tool, payload, header)) + around)


def tool_blocks(told: Sequence[Told], header: PictureHeader) -> ToolBlocks:
    """(6.5, 6.17) What the codestream says to tools. Raises LevelError."""
    blocks, extensions = list[Tool](), list[Extension]()
    for one in sorted(told, key=lambda one: one.tool.tool_id):
        data = payload_bytes(one.tool, one.payload, header)
        if one.tool.tool_id:
            blocks.append(Tool(tool_id=one.tool.tool_id, tool_payload=data))
        else:
            extensions.append(write_proposal(Proposal(one.tool.name, data), header))
    return ToolBlocks(ToolHeader(tools=tuple(blocks)) if blocks else None, tuple(extensions))
