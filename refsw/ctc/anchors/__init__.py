# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Anchor codecs: what refsw is compared with, encoded in the same run on the same machine.

    anchor("avif")  --record-->  name, versions, exact arguments      --encode, decode-->  real bytes and samples

Settings, versions and what each is good for: docs/anchors.md. Every file is counted whole, headers included.
"""

from refsw.ctc.anchors.anchor import Anchor
from refsw.ctc.anchors.registry import ANCHORS, anchor, available, library_versions, names

__all__ = ["ANCHORS", "Anchor", "anchor", "available", "library_versions", "names"]
