# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

import refsw
import refsw.api
from refsw.config import Config
from refsw.errors import CodestreamError, RefswError, UnsupportedError, UsageError
from refsw.types import Image
from tests.support.tiny import Started, picture


def test_the_package_offers_encode_and_decode(started: Started) -> None:
    image = picture(9, 33, 47)
    data = refsw.encode(image, started.config, quality=70)
    assert isinstance(data, bytes)
    decoded = refsw.decode(data)
    assert isinstance(decoded, Image)
    assert decoded.samples.shape == image.samples.shape
    encoded = refsw.api.encode_picture(image, started.config, quality=70)
    assert encoded.data == data
    np.testing.assert_array_equal(decoded.samples, encoded.reconstruction.samples)
    np.testing.assert_array_equal(refsw.decode(data, operating_point="bop").samples, decoded.samples)


def test_grey(started: Started) -> None:
    image = picture(9, 33, 47, 1)
    assert refsw.decode(refsw.encode(image, started.config, quality=70)).samples.shape == (33, 47, 1)


def test_bpp_counts_the_whole_file(started: Started) -> None:
    data = refsw.encode(picture(9, 96, 96), started.config, bpp=0.5)
    assert abs(8 * len(data) / 96**2 / 0.5 - 1) < 0.03


def test_configuration_by_name(started: Started) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml"):
        refsw.encode(picture(9, 8, 8), "nowhere.yaml")


def test_errors_are_of_one_family(started: Started) -> None:
    for broken in (b"", b"\xff\x80", b"JPEG", bytes(100)):
        with pytest.raises(CodestreamError) as caught:
            refsw.decode(broken)
        assert isinstance(caught.value, RefswError) and caught.value.exit_code == 3
    wrong: Config = replace(started.config, operating_points=("hop",))
    with pytest.raises(UnsupportedError):
        refsw.encode(picture(9, 8, 8), wrong)


def test_functions_are_not_hidden_by_the_packages_of_their_names(started: Started) -> None:
    """The subpackages are imported already; each use imports more."""
    for _ in range(2):
        assert callable(refsw.encode) and callable(refsw.decode)
        assert refsw.encode is refsw.api.encode and refsw.decode is refsw.api.decode
    assert importlib.import_module("refsw.encode.rate").search
    assert importlib.import_module("refsw.decode").__name__ == "refsw.decode"
    importlib.reload(importlib.import_module("refsw.decode"))
    assert callable(refsw.decode)
