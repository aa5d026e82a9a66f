# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Picture-exact decoding: the same planes from every arithmetic, near those of the float networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from refsw.cli.dec import main as refsw_dec
from refsw.cli.enc import main as refsw_enc
from refsw.config import Config
from refsw.decode import fixed, windows
from refsw.decode.exact import exact_operations, integer_planes
from refsw.decode.fixed import FixedFlow
from refsw.decode.picture import Decoded, decode_picture
from refsw.decode.verify import verify_planes
from refsw.encode.picture import encode_picture
from refsw.errors import DamageError, ModelError, UnsupportedError, UsageError
from refsw.exact.layer import IntegerLayer
from refsw.exact.operations import ProvenLayer
from refsw.exact.torch_operations import TorchOperations
from refsw.io import write_image
from refsw.models import ModelPackage
from refsw.types import Image
from tests.support.streams import psnr
from tests.support.tiny import Started, picture


@pytest.fixture(scope="module")
def data(started: Started) -> bytes:
    config = points(started.config, "bop", "sop")
    return encode_picture(picture(3, 96, 80), config, quality=70, model=started.model).data


def points(config: Config, *names: str) -> Config:
    return replace(config, operating_points=names)


def planes(decoded: Decoded) -> np.ndarray:
    assert decoded.planes is not None
    return decoded.planes.samples


@pytest.mark.parametrize("point", ["bop", "sop"])
def test_every_arithmetic_gives_the_same_planes(started: Started, data: bytes, point: str) -> None:
    found = {
        backend: decode_picture(data, operating_point=point, model=started.model, exact=backend)
        for backend in ("auto", "float64", "oracle")
    }
    for backend in ("float64", "oracle"):
        np.testing.assert_array_equal(planes(found[backend]), planes(found["auto"]), err_msg=backend)
        for a, b in zip(found[backend].latents, found["auto"].latents, strict=True):
            np.testing.assert_array_equal(a.y_hat, b.y_hat)
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            again = decode_picture(data, operating_point=point, model=started.model, exact="auto")
            np.testing.assert_array_equal(planes(again), planes(found["auto"]))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("quality", [0, 40, 100])
def test_close_to_the_float_networks(started: Started, quality: float) -> None:
    image = picture(5, 128, 112)
    data = encode_picture(image, started.config, quality=quality, model=started.model).data
    near, exact = (decode_picture(data, model=started.model, exact=e) for e in (None, "auto"))
    difference = np.abs(near.image.samples.astype(int) - exact.image.samples)
    assert difference.max() <= 2 and difference.mean() < 0.1
    assert abs(psnr(image, near.image) - psnr(image, exact.image)) < 0.05
    for a, b in zip(near.latents, exact.latents, strict=True):
        assert np.abs(a.y_hat - b.y_hat).max() < 0.2


@pytest.mark.parametrize("channels", [1, 3])
def test_windows_and_tiles_change_nothing(
    started: Started, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is within a float tolerance for the float networks is equal here."""
    data = encode_picture(picture(6, 200, 330, channels), started.config, quality=50, model=started.model).data
    whole = decode_picture(data, model=started.model, exact="auto")
    monkeypatch.setattr(windows, "WINDOW", 8)
    monkeypatch.setattr(windows, "TILE", 4)
    np.testing.assert_array_equal(planes(decode_picture(data, model=started.model, exact="auto")), planes(whole))


class Permuted(TorchOperations):
    """Adds the products of every convolution up in another order."""

    def conv(self, proven: ProvenLayer, x: torch.Tensor) -> torch.Tensor:
        """Input channels and their weights change places."""
        own = proven.layer
        order = np.random.default_rng(own.inputs).permutation(own.inputs)
        layer = IntegerLayer(own.weight[:, order], own.multiplier, own.bias, own.shift, own.depth_to_space,
                             own.output_range)  # fmt: skip
        return super().conv(ProvenLayer(layer, proven.bound), x[..., torch.from_numpy(order), :, :])


def test_any_order_of_summation(started: Started, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What D.4 proves and what every device relies on, over all layers of a picture."""
    wanted = decode_picture(data, model=started.model, exact="auto")
    monkeypatch.setattr("refsw.exact.torch_operations.TorchOperations", Permuted)
    np.testing.assert_array_equal(planes(decode_picture(data, model=started.model, exact="auto")), planes(wanted))


@pytest.mark.parametrize("backend", ["auto", "oracle"])
def test_a_batch_is_its_pictures(started: Started, backend: str) -> None:
    random, model = np.random.default_rng(2), started.model
    z = random.integers(-9, 10, (3, model.config.components[0].hyper.z, 2, 1))
    symbols = random.integers(-40, 41, (3, model.config.components[0].channels, 7, 4)).astype(np.int32)
    operations, exact = exact_operations(backend)
    flow = FixedFlow(operations, model.fixed[0], 900)

    def run(z: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        own = model.config.components[0]
        given = fixed.features(flow, own, flow.load(z, fixed.HYPER_LATENT_RANGE), [], 7, 4)
        _, latent = fixed.latents(flow, own, given, symbols)
        return operations.store(fixed.planes(flow, own, latent, given, "bop").x)

    with exact:
        whole, alone = run(z, symbols), [run(*one) for one in zip(z, symbols, strict=True)]
    np.testing.assert_array_equal(whole, np.stack(alone))
    np.testing.assert_array_equal(run(z[:1], symbols[:1])[0], alone[0])


def test_planes_are_rounded_and_clipped() -> None:
    patches = np.zeros((64, 1, 2), np.int32)
    patches[0, 0] = (-(1 << 20), 1 << 20)
    patches[1, 0] = (1 << 18, -(1 << 18))
    found = integer_planes(patches, 8)
    assert found.shape == (1, 8, 16) and found.dtype == np.int32
    assert (found[0, 0, 0], found[0, 0, 8]) == (0, 4080)
    assert (found[0, 0, 1], found[0, 0, 9], found[0, 5, 5]) == (3060, 1020, 2040)


def test_what_is_refused(started: Started, data: bytes) -> None:
    with pytest.raises(UsageError, match="back-end 'fast'"):
        decode_picture(data, model=started.model, exact="fast")
    package = started.model.package
    bare = ModelPackage(package.description, {k: v for k, v in package.tensors.items() if k != "fixed"},
                        package.digest, package.folder)  # fmt: skip
    with pytest.raises(ModelError, match="no networks for picture-exact"):
        decode_picture(data, model=replace(started.model, package=bare), exact="auto")


def test_the_codestream_proves_the_picture(started: Started) -> None:
    """The encoder states what every picture-exact decoder shows, and a wrong sample is found."""
    config = replace(started.config, coding=replace(started.config.coding, plane_digests=True))
    encoded = encode_picture(picture(8, 70, 90), config, quality=60, model=started.model)
    decoded = decode_picture(encoded.data, model=started.model, exact="auto")
    assert encoded.reconstruction is not None
    np.testing.assert_array_equal(decoded.image.samples, encoded.reconstruction.samples)
    verify_planes(decoded.codestream, decoded.image)
    samples = decoded.image.samples.copy()
    samples[5, 7, 2] ^= 1
    with pytest.raises(DamageError, match="plane 2: digest is"):
        verify_planes(decoded.codestream, Image(samples))
    with pytest.raises(DamageError, match="1 planes, the codestream states digests of 3"):
        verify_planes(decoded.codestream, Image(samples[:, :, :1].copy()))
    with pytest.raises(UnsupportedError, match="no plane digests"):
        plain = decode_picture(encode_picture(picture(8, 70, 90), started.config, model=started.model).data)
        verify_planes(plain.codestream, plain.image)
    with pytest.raises(UsageError, match="plane_digests needs"):
        encode_picture(picture(8, 70, 90), replace(config, coding=replace(config.coding, digest=False)),
                       model=started.model)  # fmt: skip


def test_command_lines(started: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_image(tmp_path / "in.png", picture(9, 64, 48))
    model = ["--set", f"model={started.model.package.description.name}"]
    encode = [str(tmp_path / "in.png"), "-o", str(tmp_path / "out.jai"), *model, "--rec", str(tmp_path / "rec.png")]
    decode = [str(tmp_path / "out.jai"), "-o", str(tmp_path / "out.png")]
    assert refsw_enc(encode) == 0
    assert refsw_dec([*decode, "--exact", "--verify"]) == 6
    assert refsw_enc([*encode, "--set", "coding.plane_digests=true"]) == 0
    assert refsw_dec([*decode, "--exact", "--verify"]) == 0
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "rec.png").read_bytes()
    assert refsw_dec([*decode, "--exact", "oracle", "--verify"]) == 0
    assert refsw_dec([*decode, "--verify"]) == 2
    assert refsw_dec([*decode, "--exact", "--verify", "--luma"]) == 2


def test_a_package_without_a_layer_of_its_structure(started: Started, data: bytes) -> None:
    """Which a package may be whose description lists more blocks than it has."""
    package = started.model.package
    fewer = {k: v for k, v in package.tensors["fixed"].items() if ".context.trunk.0." not in k}
    tensors = {**package.tensors, "fixed": fewer}
    bare = ModelPackage(package.description, tensors, package.digest, package.folder)
    with pytest.raises(ModelError, match=r"layer context\.trunk\.0\.spatial is missing"):
        decode_picture(data, model=replace(started.model, package=bare), exact="auto")
