# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(6.17) Proposals in extension segments: what a decoder needs to know to name one that it does not have."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from refsw.constants import PROPOSAL_EXTENSION_ID
from refsw.errors import CodestreamError, DamageError, UnsupportedError
from refsw.syntax.headers import Codestream, Extension, PictureHeader
from refsw.syntax.payload import PayloadSyntax, header_names, load_syntax, read_payload, write_payload


@dataclass(frozen=True, kw_only=True)
class ProposalBlock:
    """(6.17) proposal_digest: CRC-32 of what follows it."""

    proposal_digest: int
    proposal_name: bytes
    proposal_payload: bytes


@dataclass(frozen=True)
class Proposal:
    """A proposal that a codestream needs."""

    name: str
    payload: bytes


@cache
def proposal_syntax() -> PayloadSyntax:
    """The tables of proposal.yaml."""
    return load_syntax(Path(__file__).parent / "proposal.yaml", "proposal", {"proposal": ProposalBlock})


def read_proposals(codestream: Codestream) -> Iterator[Proposal]:
    """(6.13, 6.17) Essential proposals, in the order of their segments.

    Raises UnsupportedError for an essential extension of another kind, CodestreamError, DamageError.
    """
    names = header_names(codestream.picture_header)
    for own in codestream.extensions:
        if not own.extension_essential_flag:
            continue
        if own.extension_id != PROPOSAL_EXTENSION_ID:
            raise UnsupportedError(
                f"essential extension {own.extension_id}: not supported by this decoder [clause 6.13.1]"
            )
        block: ProposalBlock = read_payload(own.extension_data, proposal_syntax(), names, "proposal")
        if zlib.crc32(own.extension_data[4:]) != block.proposal_digest:
            raise DamageError("proposal: its digest differs [clause 6.17.1]")
        try:
            name = block.proposal_name.decode("ascii")
        except UnicodeDecodeError:
            name = ""
        if not name.replace("_", "a").isalnum() or name != name.lower():
            raise CodestreamError("proposal_name: is not a name", clause="6.17.2")
        yield Proposal(name, block.proposal_payload)


def write_proposal(proposal: Proposal, header: PictureHeader) -> Extension:
    """The extension that carries a proposal. Raises LevelError where the level does not hold it."""
    names, name = header_names(header), proposal.name.encode("ascii")
    block = ProposalBlock(proposal_digest=0, proposal_name=name, proposal_payload=proposal.payload)
    rest = write_payload(block, proposal_syntax(), names, "proposal")[4:]
    data = zlib.crc32(rest).to_bytes(4, "big") + rest
    return Extension(extension_essential_flag=True, extension_id=PROPOSAL_EXTENSION_ID, extension_data=data)
