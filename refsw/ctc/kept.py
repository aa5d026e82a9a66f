# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The pictures of a run, for its report: sources from the data, decoded ones from kept codestreams."""

from __future__ import annotations

from pathlib import Path

from refsw.ctc.cache import Cache
from refsw.ctc.codec import Format
from refsw.ctc.plan import Plan
from refsw.ctc.results import ImageRecord, Point
from refsw.io import write_image
from refsw.types import digest


class Kept:
    """Decodes what is asked for and keeps it in the cache. It is a `report.Pictures`."""

    def __init__(self, plan: Plan, cache: Cache) -> None:
        self._cache = cache
        self._sources = {source.record.sha256: source for source in plan.sources}
        self._by_name = {source.record.name: source for source in plan.sources}
        self._codecs = {codec.record.name: codec.codec for codec in plan.codecs}

    def original(self, image: ImageRecord) -> Path | None:
        """The file of a source picture."""
        source = self._sources.get(image.sha256)
        return source.path if source else None

    def decoded(self, point: Point) -> Path | None:
        """A PNG of what the kept codestream decodes to; None where it was not kept or is another picture now."""
        path = self._cache.picture(point.picture_sha256)
        if path.exists():
            return path
        stream, codec = self._cache.stream(point.stream_sha256), self._codecs.get(point.codec)
        source = self._by_name.get(point.image)
        if stream is None or codec is None or source is None:
            return None
        image = codec.open().decode(stream, Format(source.read().channels, source.record.bit_depth)).image
        if digest(image.samples) != point.picture_sha256:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, image)
        return path
