# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex F) The file format .jaif: a codestream as an item among boxes. Never imports torch.

    opened     bytes of .jai or .jaif -> codestream and what the file carries    whole    .jai or .jaif -> .jai
    wrapped    .jai -> .jaif                                                      trace    for refsw-probe
"""

from refsw.container.files import Opened, is_file, opened, trace, validate, whole, wrapped

__all__ = ["Opened", "is_file", "opened", "trace", "validate", "whole", "wrapped"]
