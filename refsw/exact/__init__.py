# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Integer networks (Annex D): equal on every machine, by proof.

    IntegerLayer, IntegerNetwork   the data, with bounds proven at construction
    prove                          the bounds, for refsw-probe --model
    quantise                       (informative) float convolutions to an IntegerNetwork: refsw.exact.quantise
"""

from refsw.exact.layer import IntegerLayer, LayerBound
from refsw.exact.network import IntegerNetwork, prove

__all__ = ["IntegerLayer", "IntegerNetwork", "LayerBound", "prove"]
