# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.5) Planes to pictures and back: colour transforms and chroma resampling, on integers."""

from refsw.colour.chroma import downsample, upsample
from refsw.colour.custom import CustomTransform, custom_transform
from refsw.colour.transform import (
    BT709,
    CUSTOM,
    EVEN,
    FIXED_TRANSFORMS,
    NO_TRANSFORM,
    Colours,
    ColourTransform,
    colour_transform,
    image_from_planes,
    plane_range,
    plane_type,
    planes_from_image,
)

__all__ = [
    "BT709",
    "CUSTOM",
    "EVEN",
    "FIXED_TRANSFORMS",
    "NO_TRANSFORM",
    "ColourTransform",
    "Colours",
    "CustomTransform",
    "colour_transform",
    "custom_transform",
    "downsample",
    "image_from_planes",
    "plane_range",
    "plane_type",
    "planes_from_image",
    "upsample",
]
