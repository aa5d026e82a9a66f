# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pictures and files: `read_image`, `write_image`, `read_bytes`, `write_bytes`, `atomic_write`, `make_folder`."""

from refsw.io.display import as_rgb
from refsw.io.files import atomic_write, check_writable, make_folder, read_bytes, write_bytes
from refsw.io.images import PictureWarning, check_picture_name, read_image, to_image, write_image

__all__ = [
    "PictureWarning",
    "as_rgb",
    "atomic_write",
    "check_picture_name",
    "check_writable",
    "make_folder",
    "read_bytes",
    "read_image",
    "to_image",
    "write_bytes",
    "write_image",
]
