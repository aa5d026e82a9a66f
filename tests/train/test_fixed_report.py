# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The report of an export finds what integers cost, and finds what is wrong with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from refsw.nets.codec import CodecNetwork
from refsw.nets.config import tiny_config
from refsw.train.fixed import Calibrated, calibrate
from refsw.train.fixed_report import layer_reports, write_report
from refsw.train.start import start
from tests.support.tiny import training_pictures


@pytest.fixture(scope="module")
def network() -> CodecNetwork:
    torch.manual_seed(1)
    network = CodecNetwork(tiny_config())
    start(network, training_pictures(4, 128))
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def calibrated(network: CodecNetwork) -> list[Calibrated]:
    return calibrate(network, training_pictures(4, 128))


def test_integers_are_near(network: CodecNetwork, calibrated: list[Calibrated], tmp_path: Path) -> None:
    reports = layer_reports(network, calibrated, training_pictures(2, 128))
    assert {(r.component, r.layer) for r in reports} == {
        (i, name) for i, own in enumerate(calibrated) for name in own.flow.layers
    }
    for report in reports:
        assert report.error < 0.01 and report.accumulator < 1 << 40, report
        assert report.largest <= report.step[1] * 32767 or report.layer.endswith(".stem"), report
        assert 0 < report.used < 1, report
    write_report(tmp_path / "report.json", reports)
    assert json.loads((tmp_path / "report.json").read_text())[3]["layer"] == reports[3].layer


def test_a_wrong_weight_is_seen_where_it_is(network: CodecNetwork, calibrated: list[Calibrated]) -> None:
    tensors = dict(calibrated[0].tensors)
    tensors["synthesis.bop.last.weight"] = -tensors["synthesis.bop.last.weight"]
    wrong = [replace(calibrated[0], tensors=tensors), *calibrated[1:]]
    found = {r.layer: r.error for r in layer_reports(network, wrong, training_pictures(1, 128)) if r.component == 0}
    assert found["synthesis.bop.last"] > 1 and found["synthesis.bop.split"] < 0.01


def test_a_picture_of_more_contrast_than_any_seen_is_not_clamped(network: CodecNetwork) -> None:
    pictures = training_pictures(4, 128)
    calibrated = calibrate(network, 0.5 + (pictures - 0.5) / 2)
    edges = (0.5 + 4 * (pictures - pictures.median())).clamp(0, 1)
    for quality in (0.1, 0.9):
        used = {(r.component, r.layer): r.used for r in layer_reports(network, calibrated, edges, quality)}
        assert max(used.values()) < 1, {k: v for k, v in used.items() if v >= 1}


def test_what_is_clamped_is_reported(network: CodecNetwork, calibrated: list[Calibrated]) -> None:
    narrow = dict(calibrated[0].units)
    narrow["synthesis.bop.first"] = narrow["synthesis.bop.first"] / 16
    found = layer_reports(network, [replace(calibrated[0], units=narrow), *calibrated[1:]], training_pictures(1, 128))
    assert {r.layer for r in found if r.used > 1 and r.component == 0} >= {"synthesis.bop.first"}
