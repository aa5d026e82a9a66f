# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from refsw.errors import ModelError, UsageError
from refsw.nets.config import (
    ARCHITECTURE,
    CodecConfig,
    base_config,
    component_from_plain,
    structure,
    tiny_config,
    visual_config,
)


def test_structures_are_found_by_name() -> None:
    assert structure("base") == base_config() and structure("tiny") == tiny_config()
    with pytest.raises(UsageError, match=r"'huge': expected one of base, visual, tiny"):
        structure("huge")


@pytest.mark.parametrize("config", [base_config(), visual_config(), tiny_config()])
def test_structures_are_consistent(config: CodecConfig) -> None:
    planes = [p for c in config.components for p in c.planes]
    assert planes == list(range(len(planes)))
    assert config.quality_anchors == 9
    for index, component in enumerate(config.components):
        assert component.channels % 4 == 0
        assert all(earlier < index for earlier in component.condition)


@pytest.mark.parametrize("config", [base_config(), tiny_config()])
def test_components_survive_plain_data(config: CodecConfig) -> None:
    for component in config.components:
        assert component_from_plain(json.loads(json.dumps(asdict(component)))) == component


@pytest.mark.parametrize("change", [{"context": ...}, {"hyper": {"z": 1}}, {"analysis": {"depth": 1}}, {"planes": 3}])
def test_plain_data_that_does_not_fit_is_refused(change: dict[str, object]) -> None:
    values = asdict(tiny_config().components[0]) | change
    values = {k: v for k, v in values.items() if v is not ...}
    with pytest.raises(ModelError, match=ARCHITECTURE):
        component_from_plain(values)


def test_lagrangian_runs_from_minimum_to_maximum() -> None:
    config = base_config()
    assert config.lagrangian(0.0) == config.lambda_minimum
    assert config.lagrangian(1.0) == pytest.approx(config.lambda_maximum)
    assert config.lagrangian(0.25) < config.lagrangian(0.5)
