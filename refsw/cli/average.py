# SPDX-License-Identifier: BSD-3-Clause-Clear
"""One quality for many pictures, at which all together have a given number of bits per pixel.

First pass: all pictures are analysed at two or three qualities, and their sizes estimated; what coding tools take is
found at the first of them and changes little from there. Second pass: the batch.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from refsw.cli.formats import geometry, transform, with_wanted_metadata
from refsw.cli.workers import Done, Outcome, Session, Task, run
from refsw.config import Config
from refsw.errors import InputError
from refsw.io import read_image

STEPS = 2048
"""Steps in which quality 0..100 is searched."""


class Options(Protocol):
    """What of a command line the estimates need."""

    @property
    def arguments(self) -> argparse.Namespace:
        """As parsed."""

    @property
    def config(self) -> Config:
        """Resolved."""


@dataclass(frozen=True)
class _Estimate:
    """Sizes of all pictures at one quality; tools: whether coding tools are decided."""

    arguments: argparse.Namespace
    config: Config
    quality: float
    tools: bool

    def open(self) -> Session:
        """One model for all pictures of a process."""
        return _Estimating(self)


class _Estimating:
    def __init__(self, work: _Estimate) -> None:
        self.work = work
        self.model: Any = None

    def __call__(self, task: Task) -> Done:
        arguments, config, quality = self.work.arguments, self.work.config, self.work.quality
        image = with_wanted_metadata(arguments, read_image(task.source, geometry(arguments)), task.source)
        from refsw.encode.picture import attempts_at, load_model
        from refsw.numerics import numerics

        with numerics(arguments.threads, arguments.device):
            self.model = self.model or load_model(config)
            colours = transform(arguments, image)
            attempts = attempts_at(image, config, self.model, quality, arguments.device, colours)
            index = attempts.header.components[0].quality_index
            size, tools = attempts.bytes(index), attempts.tool_bytes(index) if self.work.tools else 0
        return Done("", {"bytes": size, "tools": tools, "pixels": image.width * image.height})


def average_quality(tasks: Sequence[Task], options: Options, bpp: float, jobs: int) -> float:
    """Quality 0..100 for all tasks. Files that fail are left out: the batch will name them. Raises InputError."""
    from refsw.encode.rate import EXPECTED_EXCESS, SHARE, search, size_curve

    arguments, config = options.arguments, options.config

    tools: int | None = None

    def measure(index: int) -> float:
        nonlocal tools
        work = _Estimate(arguments, config, 100 * index / STEPS, tools is None)
        found: list[Outcome] = [o for o in run(tasks, work, jobs) if o.code == 0]
        if not found:
            raise InputError("none of the inputs can be encoded")
        size, own, pixels = (sum(o.report[key] for o in found) for key in ("bytes", "tools", "pixels"))
        tools = own if tools is None else tools
        return math.log(8 * (size + tools) / pixels) + math.log1p(EXPECTED_EXCESS)

    curve = size_curve(bpp, 8, STEPS)
    index = search(curve, measure, math.log(bpp), SHARE * config.rate.tolerance, config.rate.attempts)
    return 100 * index / STEPS
