# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Entry of `python -m conformance.independent`."""

import sys

from conformance.independent.main import main

sys.exit(main())
