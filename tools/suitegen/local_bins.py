# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Coverage of local steps (8.10): their signs, roundings and ends, and what they meet.

    local steps process: component 1 = coarser      a place with such a step, and a symbol there
    local steps process: output = half              the last output of the scale network is one that is just rounded up
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refsw.constants import QUALITY_MAP_LIMIT
from refsw.decode.model import Model, local_steps
from refsw.decode.parse import parse_regions
from refsw.decode.quality_map import picture_steps
from refsw.decode.windows import latent_box
from refsw.syntax.headers import Codestream
from refsw.syntax.scaling import scaling_of

NAME = "local steps process"
COMPONENTS = 2
SIGNS = ("coarser", "as it is", "finer")
ENDS = ("clamped below", "at -16", "inside", "at 16", "clamped above")
OUTPUTS = ("half", "one below half")


def every() -> tuple[str, ...]:
    """All bins."""
    return (
        *(f"{NAME}: component {c} = {sign}" for c in range(COMPONENTS) for sign in SIGNS),
        *(f"{NAME}: output = {what}" for what in OUTPUTS),
        *(f"{NAME}: {kind} = {end}" for kind in ("step", "sum with a map") for end in ENDS),
        *(f"{NAME}: {what} = {value}" for what, values in (
            ("components", (1, 2)), ("quality map", (0, 1)), ("variance scaling", (0, 1)),
            ("regions", ("one", "dependent", "independent")),
        ) for value in values),
    )  # fmt: skip


def hits(model: Model, stream: Codestream) -> Iterator[str]:
    """Bins of one stream. Raises what parsing raises."""
    if not any(scale.local for scale in model.scales):
        return
    header, mapped = stream.picture_header, picture_steps(stream)
    kind = ("dependent", "independent")[int(header.independent_regions_flag)] if header.num_regions > 1 else "one"
    yield f"{NAME}: components = {len(header.components)}"
    yield f"{NAME}: quality map = {int(mapped is not None)}"
    yield f"{NAME}: variance scaling = {int(scaling_of(stream) is not None)}"
    yield f"{NAME}: regions = {kind}"
    for component, own in enumerate(parse_regions(stream, model).tensors):
        for region in range(header.num_regions):
            box = latent_box(header.region(region))
            z = np.ascontiguousarray(own.z[:, *box.hyper.slices])
            output = model.scales[component].network.run(z)[-1, : box.height, : box.width]
            step = local_steps(output)
            coded = own.symbols[:, *box.slices].any(0)
            for sign, there in zip(SIGNS, (step < 0, step == 0, step > 0), strict=True):
                if (there & coded).any():
                    yield f"{NAME}: component {component} = {sign}"
            for what, rest in zip(OUTPUTS, (64, 63), strict=True):
                if ((output & 127) == rest).any():
                    yield f"{NAME}: output = {what}"
            sums = {"step": (output.astype(np.int64) + 64) >> 7}
            if mapped is not None:
                sums["sum with a map"] = step.astype(np.int64) + mapped[box.slices]
            most = QUALITY_MAP_LIMIT
            for title, value in sums.items():
                inside = (value > -most) & (value < most)
                for end, there in zip(
                    ENDS, (value < -most, value == -most, inside, value == most, value > most), strict=True
                ):
                    if there.any():
                        yield f"{NAME}: {title} = {end}"
