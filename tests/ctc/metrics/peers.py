# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Values of independent programs for the pairs of pairs.py, written to expected.json. Run by hand:

    python -m pip install --no-deps --target /tmp/peers psnr_hvsm==0.3.0 sewar==0.4.10 IQA_pytorch==0.1 piq==0.8.0 \\
        scikit-image==0.26.0 lazy_loader pytorch-msssim==1.0.0
    PYTHONPATH=.:/tmp/peers python tests/ctc/metrics/peers.py

Needs torch as well, in double precision throughout. torchvision is not needed and replaced by an empty stand-in:
two of the packages import it for metrics that are not used here. Colour conversion and rounding are written here once
more, in floating point, as JPEG AI's framework does them; nothing of refsw.ctc.metrics is used.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import torch
from numpy.typing import NDArray

sys.modules.update({name: MagicMock() for name in ("torchvision", "torchvision.models", "torchvision.transforms")})

import IQA_pytorch  # noqa: E402
import piq  # noqa: E402
import psnr_hvsm  # noqa: E402
import pytorch_msssim  # noqa: E402
import sewar.full_ref  # noqa: E402
from skimage.metrics import peak_signal_noise_ratio, structural_similarity  # noqa: E402

from refsw.types import Image  # noqa: E402
from tests.ctc.metrics.pairs import CASES, case  # noqa: E402

Array = NDArray[np.float64]

# IQA_pytorch was written for a torch that had these, and computes FSIM in single precision.
torch.rfft = lambda x, n, onesided: torch.view_as_real(torch.fft.fft2(x))
torch.ifft = lambda x, n: torch.view_as_real(torch.fft.ifft2(torch.view_as_complex(x)))
torch.Tensor.float = torch.Tensor.double


def rounded(values: Array) -> Array:
    """To nearest, half up. JPEG AI's program leaves ties to its rounding errors, so 1e-9 must be more than ours."""
    return np.floor(values + 0.5 + 1e-9)


def planes(image: Image) -> dict[str, Array]:
    """R, G, B, Y, Cb, Cr over 0..1 at JPEG AI's working depth."""
    peak = 2 ** max(image.bit_depth, 10) - 1
    stored = np.broadcast_to(image.samples / (2**image.bit_depth - 1) * peak, (*image.samples.shape[:2], 3))
    r, g, b = np.moveaxis(rounded(stored), 2, 0)
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    result = {"R": r, "G": g, "B": b, "Y": y, "Cb": (b - y) / 1.8556 + peak / 2, "Cr": (r - y) / 1.5748 + peak / 2}
    return {name: rounded(plane) / peak for name, plane in result.items()}


def at_least(plane: Array, side: int) -> Array:
    return np.pad(plane, [(0, max(0, side - length)) for length in plane.shape])


def tensor(*of: Array) -> torch.Tensor:
    return torch.tensor(np.stack(of))[None]


def window(channels: int) -> torch.Tensor:
    taps = torch.exp(-((torch.arange(11, dtype=torch.float64) - 5) ** 2) / (2 * 1.5**2))
    return (taps / taps.sum()).repeat(channels, 1, 1, 1)


def iwssim(x: Array, y: Array) -> float:
    """piq's, with two things as in JPEG AI's program: parents enlarged corner on corner, weights not divided."""
    interpolate = torch.nn.functional.interpolate
    functions = {name: getattr(torch.nn.functional, name) for name in dir(torch.nn.functional)}
    functions["interpolate"] = lambda x, size, mode, align_corners: interpolate(
        x, size=size, mode=mode, align_corners=True
    )
    sys.modules["piq.iw_ssim"].F = SimpleNamespace(**functions)
    value = piq.information_weighted_ssim(tensor(y), tensor(x), data_range=1.0).item()  # it swaps the two
    return float(value ** sum((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)))


def measure(reference: Image, picture: Image) -> dict[str, float]:
    first, second = planes(reference), planes(picture)
    x, y = first["Y"], second["Y"]
    eights = [np.pad(plane, [(0, -side % 8) for side in plane.shape], mode="edge") for plane in (x, y)]
    hvs, hvs_m = psnr_hvsm.psnr_hvs_hvsm(*eights)
    peak, channels = 2**reference.bit_depth - 1, reference.channels
    stored = [torch.tensor(image.samples.astype(np.float64)).permute(2, 0, 1)[None] for image in (reference, picture)]
    nlpd = IQA_pytorch.NLPD(channels=1).double()
    colours = [tensor(*(of[name] for name in "RGB")) for of in (first, second)]
    values = {
        "psnr_y": peak_signal_noise_ratio(x, y, data_range=1),
        "psnr_rgb": peak_signal_noise_ratio(reference.samples, picture.samples, data_range=peak),
        "ssim": structural_similarity(
            x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1
        ),
        "msssim": pytorch_msssim.ms_ssim(
            tensor(at_least(x, 164)), tensor(at_least(y, 164)), data_range=1, win=window(1)
        ),
        "fsim": IQA_pytorch.FSIM()(*colours, as_loss=False),
        "nlpd": nlpd(tensor(at_least(x, 128)), tensor(at_least(y, 128)), as_loss=False),
        "iwssim": iwssim(at_least(x, 256), at_least(y, 256)),
        "vif": sewar.full_ref.vifp(at_least(x, 64) * 255, at_least(y, 64) * 255),
        "psnr_hvs": hvs,
        "psnr_hvs_m": hvs_m,
        "gmsd": piq.gmsd(tensor(x), tensor(y)),
    }
    if channels == 3:
        values["psnr_cb"] = peak_signal_noise_ratio(first["Cb"], second["Cb"], data_range=1)
        values["psnr_cr"] = peak_signal_noise_ratio(first["Cr"], second["Cr"], data_range=1)
    if min(reference.height, reference.width) > 160:
        values["msssim_rgb"] = pytorch_msssim.ms_ssim(*stored, data_range=peak, win=window(channels))
    return {name: float(value) for name, value in sorted(values.items())}


if __name__ == "__main__":
    text = json.dumps({name: measure(*case(name)) for name in CASES}, indent=1)
    Path(__file__).with_name("expected.json").write_text(text + "\n", encoding="utf-8")
