# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Networks of the codec: plain nn.Modules, one definition for training and coding."""
