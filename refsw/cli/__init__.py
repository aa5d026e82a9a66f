# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Command lines; thin. Nothing is imported here, so that a usage error costs no start-up time."""
