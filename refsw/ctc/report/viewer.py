# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A folder for looking: one page and its pictures, for flicker, swipe and side-by-side comparison at matched rates.

It works from file://, without a server and without a network; the pictures are PNG files of the samples themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image as Pillow

from refsw.ctc.report.numbers import Numbers, numbers
from refsw.ctc.report.page import TEMPLATES
from refsw.ctc.report.pictures import SAME_RATE, Pictures, eight_bits, matched
from refsw.ctc.results import Results
from refsw.errors import InputError, OutputError
from refsw.io import read_image
from refsw.io.files import atomic_write, reason, write_bytes

RATES = (0.12, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class View:
    """One picture file. rate: bpp, None for a source; equal: its rate is near the one wanted; values: as text."""

    image: str
    codec: str
    wanted: float | None
    rate: float | None
    equal: bool
    file: str
    width: int
    height: int
    values: tuple[str, ...]


def write_viewer(results: Results, folder: Path, pictures: Pictures, *, rates: Sequence[float] = RATES) -> Path:
    """Writes index.html and pictures/*.png; returns the path of the page.

    rates: bpp at which codecs are matched; each codec shows the point whose rate is nearest, marked where it is more
    than a quarter away. Raises InputError if no picture was kept, OutputError.
    """
    try:
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {reason(error)}") from None
    views = list(_views(numbers(results), folder, pictures, rates))
    if not any(view.rate is not None for view in views):
        raise InputError("no decoded picture was kept by this run: there is nothing to view")
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("viewer.html").render(title=results.name, data=Markup(_script_data(views, rates)))
    write_bytes(folder / "index.html", page.encode())
    return folder / "index.html"


def _views(found: Numbers, folder: Path, pictures: Pictures, rates: Sequence[float]) -> Iterator[View]:
    results = found.results
    for record in results.images:
        source = pictures.original(record)
        if source is not None:
            file, width, height = _copy(source, folder)
            yield View(record.name, "original", None, None, True, file, width, height, ())
        for codec in found.measured():
            for wanted in rates:
                point = matched(found, record.name, codec.name, wanted)
                path = pictures.decoded(point) if point else None
                if point is None or path is None:
                    continue
                file, width, height = _copy(path, folder)
                values = tuple(f"{scale.title} {scale.of(point.values[scale.index]):.4g}" for scale in found.scales[:4])
                near = 1 / SAME_RATE <= point.bits_per_sample / wanted <= SAME_RATE
                yield View(record.name, codec.name, wanted, point.bits_per_sample, near, file, width, height, values)


def _copy(path: Path, folder: Path) -> tuple[str, int, int]:
    """A picture as 8-bit PNG under a name made of its samples; what is there already is not written again."""
    samples = eight_bits(read_image(path))
    height, width, channels = samples.shape
    digest = hashlib.sha256(f"{width} {height} {channels} ".encode() + samples.tobytes()).hexdigest()[:20]
    target = folder / "pictures" / f"{digest}.png"
    if not target.exists():
        with atomic_write(target) as file:
            Pillow.fromarray(samples if channels == 3 else samples[:, :, 0]).save(file, "PNG", compress_level=6)
    return f"pictures/{digest}.png", width, height


def _script_data(views: Sequence[View], rates: Sequence[float]) -> str:
    """JSON that may stand inside a script element, whatever the names are."""
    text = json.dumps({"rates": list(rates), "views": [asdict(view) for view in views]}, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
