# SPDX-License-Identifier: BSD-3-Clause-Clear
"""VVC intra: vvenc inside an ffmpeg program, decoded by ffmpeg's own decoder.

RGB --refsw.colour: BT.709, full range, 2 x 2 means--> Y Cb Cr 4:2:0, 10 bits --vvenc--> byte stream, and back
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from refsw.colour.chroma import downsample, upsample
from refsw.colour.transform import BT709, NO_TRANSFORM, image_from_planes, plane_range, planes_from_image
from refsw.ctc import ffmpeg
from refsw.ctc.anchors.anchor import Versions
from refsw.ctc.codec import Decoded, Encoded, Format
from refsw.ctc.ffmpeg import Ended
from refsw.errors import ImageError, RefswError
from refsw.types import Image, Int, Planes

DEPTH = 10  # of vvenc, always
LEAST_SIDE = 16  # of vvenc; sides must be even for 4:2:0
PIXELS = "yuv420p10le"


@dataclass(frozen=True)
class VvcSettings:
    """One intra picture at a fixed QP, without perceptual adaptation, which would cost PSNR; one thread."""

    preset: str = "medium"
    threads: int = 1

    depths = (8, 10)
    setting_name = "qp"

    def options(self) -> list[str]:
        """Of ffmpeg, for the encoder."""
        return ["-c:v", "libvvenc", "-preset", self.preset, "-qpa", "0", "-threads", str(self.threads)]

    def missing(self) -> str | None:
        """No package brings vvenc alone."""
        found = ffmpeg.program("encoder", "libvvenc")
        return None if found else "needs an ffmpeg with libvvenc, which comes with: pip install imageio-ffmpeg"

    def versions(self) -> Versions:
        """Of the program, which has vvenc and the decoder linked in."""
        return (("vvenc in", _program().version),)

    def arguments(self) -> str:
        """The command's."""
        return f"ffmpeg -pix_fmt {PIXELS} -frames:v 1 {' '.join(self.options())} -f vvc; BT.709, full range, 4:2:0"

    def encode(self, image: Image, setting: float) -> Encoded:
        """The byte stream; QP 63 (worst) to 0. Raises ImageError for odd or tiny sides."""
        height, width = image.height, image.width
        if height % 2 or width % 2 or min(height, width) < LEAST_SIDE:
            raise ImageError(f"VVC of {width} x {height} samples: sides must be even and at least {LEAST_SIDE}")
        source = ["-f", "rawvideo", "-pix_fmt", PIXELS, "-s", f"{width}x{height}", "-r", "1", "-i", "-"]
        wanted = ["-frames:v", "1", *self.options(), "-qp", f"{setting:g}", "-f", "vvc", "-"]
        done = _run([*source, *wanted], _frame(image))
        return Encoded(done.output, None, _seconds(done.log), done.peak_bytes)

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The picture, its size from the stream."""
        wanted = ["-frames:v", "1", "-pix_fmt", PIXELS, "-f", "yuv4mpegpipe", "-strict", "-1", "-"]
        done = _run(["-threads", str(self.threads), "-f", "vvc", "-i", "-", *wanted], data)
        head, _, rest = done.output.partition(b"\nFRAME\n")
        size = re.match(rb"YUV4MPEG2 W(\d+) H(\d+) ", head)
        if size is None:
            raise RefswError("VVC: the decoder gave no picture")
        return Decoded(_picture(rest, int(size[2]), int(size[1]), like), _seconds(done.log), done.peak_bytes)


def _program() -> ffmpeg.Program:
    found = ffmpeg.program("encoder", "libvvenc")
    if found is None:
        raise RefswError("VVC: there is no ffmpeg with libvvenc")
    return found


def _run(arguments: list[str], data: bytes) -> Ended:
    done = ffmpeg.run([_program().path, "-hide_banner", "-nostats", "-benchmark", *arguments], data)
    if done.code or not done.output:
        lines = done.log.strip().splitlines() or [f"exit code {done.code}"]
        raise RefswError(f"VVC: {_program().version} failed: {lines[-1]}")
    return done


def _seconds(log: str) -> float | None:
    """Wall seconds without the program's start, as ffmpeg's -benchmark prints them."""
    found = re.search(r"rtime=([\d.]+)s", log)
    return float(found[1]) if found else None


def _frame(image: Image) -> bytes:
    """Y, Cb, Cr 4:2:0 at 10 bits, little-endian; of a grey picture Cb and Cr are grey."""
    planes, top = planes_from_image(image, BT709).samples, plane_range(image.bit_depth)
    half = (planes.shape[1] // 2, planes.shape[2] // 2)
    chroma: Int = downsample(planes[1:], 1, 1, 0) if len(planes) == 3 else np.full((2, *half), top // 2, np.int64)
    return b"".join(_scaled(part, top, 2**DEPTH - 1).astype("<u2").tobytes() for part in (planes[:1], chroma))


def _picture(data: bytes, height: int, width: int, like: Format) -> Image:
    samples = np.frombuffer(data, "<u2", height * width * 3 // 2).astype(np.int64)
    top = plane_range(like.bit_depth)
    values = _scaled(samples, 2**DEPTH - 1, top)
    luma, chroma = np.split(values, [height * width])
    planes: NDArray[np.int64] = luma.reshape(1, height, width)
    if like.channels == 3:
        area = slice(0, height), slice(0, width)
        full = upsample(chroma.reshape(2, height // 2, width // 2), area, (height, width), 1, 1, 0, top)
        planes = np.concatenate([planes, full])
    result = Planes(np.ascontiguousarray(planes, np.int32), like.bit_depth)
    return image_from_planes(result, BT709 if like.channels == 3 else NO_TRANSFORM)


def _scaled(values: Int, source: int, target: int) -> NDArray[np.int64]:
    """0..source -> 0..target, rounded to nearest."""
    ratio = Fraction(target, source)
    return np.asarray((2 * ratio.numerator * values.astype(np.int64) + ratio.denominator) // (2 * ratio.denominator))
