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
    write_report(tmp_path / "report.json", reports)
    assert json.loads((tmp_path / "report.json").read_text())[3]["layer"] == reports[3].layer


def test_a_wrong_weight_is_seen_where_it_is(network: CodecNetwork, calibrated: list[Calibrated]) -> None:
    tensors = dict(calibrated[0].tensors)
    tensors["synthesis.bop.last.weight"] = -tensors["synthesis.bop.last.weight"]
    wrong = [replace(calibrated[0], tensors=tensors), *calibrated[1:]]
    found = {r.layer: r.error for r in layer_reports(network, wrong, training_pictures(1, 128)) if r.component == 0}
    assert found["synthesis.bop.last"] > 1 and found["synthesis.bop.split"] < 0.01
