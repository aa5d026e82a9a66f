# SPDX-License-Identifier: BSD-3-Clause-Clear
"""refsw under test: what an encoder says a decoder will show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import refsw.api
from refsw.config import load_config
from refsw.ctc.codec import Format
from refsw.ctc.refsw_codec import RefswCodec
from tests.support.tiny import picture


def test_a_picture_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encode: Callable[..., Any] = refsw.api.encode_picture
    asked = list[float]()

    def counted(*arguments: Any, quality: float, **others: Any) -> Any:
        asked.append(quality)
        return encode(*arguments, quality=quality, **others)

    monkeypatch.setattr(refsw.api, "encode_picture", counted)
    session, image = RefswCodec("refsw", load_config("base")).open(), picture(1, 48, 64, 3)
    data = session.encode(image, 30).data
    shown = session.expected(image, 30)
    assert shown is not None
    assert (session.decode(data, Format(3, 8)).image.samples == shown.samples).all()
    assert asked == [30]
    session.encode(image, 40)
    again = session.expected(image, 30)
    assert again is not None
    assert (again.samples == shown.samples).all()
    assert asked == [30, 40, 30]
