# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`python -m conformance.runner`."""

import sys

from conformance.runner.cli import main

sys.exit(main())
