# SPDX-License-Identifier: BSD-3-Clause-Clear
"""From a name in common test conditions to a codec."""

from __future__ import annotations

from dataclasses import replace

from refsw.config import load_config
from refsw.ctc.anchors import anchor
from refsw.ctc.codec import Codec
from refsw.ctc.conditions import Choice
from refsw.ctc.identity import anchors_code, codec_code, engine_code, key, session_code
from refsw.ctc.refsw_codec import RefswCodec
from refsw.errors import UsageError

REFSW = "refsw"


def codec_of(choice: Choice) -> Codec:
    """The codec. Raises UsageError for an unknown name or a key that means nothing here."""
    if choice.codec != REFSW:
        for name in ("config", "operating_point"):
            if getattr(choice, name) is not None:
                raise UsageError(f"codec {choice.name}: {name} is for {REFSW} alone")
        return anchor(choice.codec)
    config = load_config(choice.config or "cfg/base.yaml")
    if choice.operating_point is not None:
        config = replace(config, operating_points=(choice.operating_point,))
    return RefswCodec(choice.name, config)


def identity(codec: Codec) -> str:
    """Digest of all that the bytes and the decoded picture of a codec depend on, besides picture and setting."""
    record = codec.record()
    code = (codec_code(), session_code()) if record.kind == REFSW else (anchors_code(),)
    return key(record.name, record.version, record.settings, *code, engine_code())
