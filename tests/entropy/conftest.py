# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Lets the tests of this folder import `entropy_cases`, their common strategies."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
