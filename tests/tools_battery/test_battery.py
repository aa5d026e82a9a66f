# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every coding tool of the software, and a proposal of each kind as `refsw-new-tool` writes it."""

from __future__ import annotations

import pytest

from refsw.battery import Bench, Check, checks
from refsw.tools.toolbox import OWN
from tests.support.tiny import Started


@pytest.mark.parametrize(
    "check", [pytest.param(check, id=f"{tool.name}: {check.name}") for tool in OWN for check in checks(tool)]
)
def test_tools(started: Started, check: Check) -> None:
    check.run(Bench(started.model, started.config))
