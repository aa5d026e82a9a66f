# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`python -m conformance.onnx_decoder STREAM --output PLANES.raw --result result.json --graphs DIR`."""

import sys

from conformance.onnx_decoder.main import main

sys.exit(main())
