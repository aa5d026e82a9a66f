# SPDX-License-Identifier: BSD-3-Clause-Clear
"""refsw as a codec under test: encoded in the worker, decoded in a process of its own that gets nothing but the file.

Torch is loaded when a session first encodes; what a plan needs to know of the model is read without it.
"""

from __future__ import annotations

import importlib
import json
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import refsw
from refsw.complexity import decoder_complexity
from refsw.config import Config
from refsw.constants import QUALITY_ANCHOR_BITS
from refsw.ctc.clock import clock
from refsw.ctc.codec import Decoded, Encoded, Format
from refsw.ctc.decoder import CODEC, DecoderProcess, Request
from refsw.ctc.identity import tree_digest
from refsw.ctc.results import CodecRecord
from refsw.errors import ImageError
from refsw.models import load_package
from refsw.numerics import numerics
from refsw.spec import profile_named
from refsw.tools.toolbox import DEFAULT
from refsw.types import Image

if TYPE_CHECKING:
    from refsw.decode.model import Model

WHOLE_RANGE = 100.0  # of a quality


@dataclass(frozen=True)
class RefswCodec:
    """A configuration of refsw.

    module: where encode_picture and decode_picture are; another one than refsw's own has no model, no ladder but
    0, 1, ..., 100, and its name for a version; threads: of the networks, no part of the record.
    """

    name: str
    config: Config
    module: str = CODEC
    threads: int = 1

    @property
    def ladder(self) -> tuple[float, ...]:
        """Every quality that is a quality_index."""
        if self.module != CODEC:
            return tuple(float(quality) for quality in range(101))
        top = (_model(self.config.model).config.quality_anchors - 1) << QUALITY_ANCHOR_BITS
        return tuple(WHOLE_RANGE * index / top for index in range(top + 1))

    def record(self) -> CodecRecord:
        """Name, version and model, the whole configuration, complexity of decoding. Raises ModelError."""
        # What the search is given and where it stops is the run's, not the configuration's.
        values = {key: value for key, value in self.config.to_dict().items() if key not in ("rate", "overrides")}
        settings = json.dumps(values, sort_keys=True)
        if self.module != CODEC:
            return CodecRecord(self.name, "refsw", self.module, settings)
        from refsw.decode.tools import tool_cost
        from refsw.encode.modes import wanted_tools

        model = _model(self.config.model)
        tools = wanted_tools(self.config, profile_named(self.config.profile), DEFAULT)
        planes, channels = 3, sum(component.channels for component in model.config.components)
        costs = [tool_cost(one.tool, planes, channels) for one in tools]
        complexity = decoder_complexity(model.config, self.config.operating_points[0]).with_tools(costs)
        proposals = {one.tool.name: tree_digest(one.tool.folder) for one in tools if not one.tool.tool_id}
        settings += f", proposals {json.dumps(proposals, sort_keys=True)}" if proposals else ""
        return CodecRecord(
            self.name,
            "refsw",
            f"refsw {refsw.__version__}, model {self.config.model} {model.package.digest[:16]}",
            settings,
            round(complexity.kmac_per_sample, 6),
            complexity.parameters,
            sum(path.stat().st_size for path in model.package.folder.glob("*.safetensors")),
        )

    def setting_text(self, setting: float) -> str:
        """Quality as `refsw-enc --quality` takes it."""
        return f"quality {round(setting, 6):g}"

    def with_threads(self, threads: int) -> RefswCodec:
        """Encoder and decoder on several threads."""
        return replace(self, threads=threads)

    def open(self) -> RefswSession:
        """A session with the model in memory. Raises ModelError."""
        return RefswSession(self)


class RefswSession:
    """Encodes here; its decoder starts when it is first needed, and again after it died."""

    def __init__(self, codec: RefswCodec) -> None:
        self._codec = codec
        self._own = codec.module == CODEC
        self._decoder: DecoderProcess | None = None
        self._last: tuple[Image, float, Any] | None = None

    def encode(self, image: Image, setting: float) -> Encoded:
        """The codestream at a quality, 0..100; loading code and weights is not counted."""
        self._load()
        self._last = None  # its tensors would count in the peak of this one
        with clock() as spent:
            encoded = self._encode(image, setting)
        self._last = image, setting, encoded
        return Encoded(encoded.data, float(encoded.report.estimated_bits), spent.seconds, spent.peak_bytes)

    def expected(self, image: Image, setting: float) -> Image | None:
        """The encoder's reconstruction, of the last picture that was encoded where that is the one."""
        last, self._last = self._last, None
        if last is None or last[0] is not image or last[1] != setting:
            last = image, setting, self._encode(image, setting)
        encoded = last[2]
        with numerics(self._codec.threads) if self._own else nullcontext():
            shown: Image | None = encoded.reconstruct() if self._own else encoded.reconstruction
        return shown

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The picture, by the decoder's process."""
        if self._decoder is None or not self._decoder.alive:
            self._decoder = DecoderProcess(self._codec.module, self._codec.threads)
        with tempfile.TemporaryDirectory(prefix="refsw-ctc-") as folder:
            stream, samples = Path(folder) / "picture.jai", Path(folder) / "samples.npy"
            stream.write_bytes(data)
            answer = self._decoder.run(Request(str(stream), str(samples)))
            decoded = np.load(samples, allow_pickle=False)
        if decoded.shape[2] != like.channels:
            raise ImageError(f"decoded picture has {decoded.shape[2]} channels, expected {like.channels}")
        return Decoded(Image(decoded, like.bit_depth), answer.seconds, answer.peak_bytes)

    def _load(self) -> None:
        importlib.import_module(self._codec.module)  # here, since it loads torch: to decode needs it not
        if self._own:
            _ = _model(self._codec.config.model).network

    def _encode(self, image: Image, setting: float) -> Any:
        config = self._codec.config
        api: Any = importlib.import_module(self._codec.module)
        if not self._own:
            return api.encode_picture(image, config, quality=setting)
        with numerics(self._codec.threads):
            return api.encode_picture(image, config, quality=setting, model=_model(config.model), reconstruct=False)


@cache
def _model(name: str) -> Model:
    from refsw.decode.model import Model

    return Model.from_package(load_package(name))
