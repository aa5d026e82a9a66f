# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A wider structure begins as the narrower model, and its new latent channels carry what that model loses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from refsw.decode.model import Model
from refsw.errors import UsageError
from refsw.models import load_package
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import CodecConfig, ComponentConfig, tiny_config
from refsw.train.adopt import adopt
from refsw.train.loss import rate_distortion
from refsw.train.start import start
from refsw.train.widen import new_channels, open_channels, places
from tests.support.tiny import Started, training_pictures


def grown(own: ComponentConfig) -> ComponentConfig:
    """Every width of a component of the tiny structure, larger."""
    synthesis = tuple(replace(s, fine=s.fine + 4, coarse=s.coarse + 8, skip=True) for s in own.synthesis)
    hyper = replace(
        own.hyper, z=own.hyper.z + 2, analysis=own.hyper.analysis + 4, scale=own.hyper.scale + 3,
        mean=own.hyper.mean + 5, features=own.hyper.features + 8,
    )  # fmt: skip
    return replace(
        own, channels=own.channels + 16,
        analysis=replace(own.analysis, fine=own.analysis.fine + 8, coarse=own.analysis.coarse + 16, skip=True),
        synthesis=synthesis, hyper=hyper, context=own.context + 4,
    )  # fmt: skip


def wide_config() -> CodecConfig:
    return CodecConfig(tuple(grown(own) for own in tiny_config().components))


@pytest.fixture(scope="module")
def wide(started: Started) -> CodecNetwork:
    """The wide structure with the weights of the started package, as a run begins."""
    torch.manual_seed(1)
    network = CodecNetwork(wide_config())
    start(network, training_pictures(8, 128))
    assert adopt(network, started.folder).config == tiny_config()
    return network.eval().requires_grad_(False)


def test_places_fill_each_group_from_its_beginning() -> None:
    assert places(((8, 4), (2, 1)), ((12, 4), (3, 1))).tolist() == [0, 1, 3, 4, 6, 7, 9, 10, 12, 13]
    with pytest.raises(ValueError, match="8 channels do not fit into 4"):
        places(((8, 4),), ((4, 4),))


def test_old_and_new_channels_are_all_channels() -> None:
    old, new = places(((8, 4),), ((16, 4),)), new_channels(8, 16)
    assert sorted([*old.tolist(), *new.tolist()]) == list(range(16))
    assert new[:4].tolist() == [2, 6, 10, 14], "one of each group, so that each step of the context has as much to say"


def test_every_layer_keeps_its_function(wide: CodecNetwork, started: Started) -> None:
    """Each network of the wide model gives, in the places of the old channels, what the package's gives."""
    package = Model.from_package(load_package(str(started.folder))).network
    quality = torch.tensor([0.4])
    for index, old in enumerate(tiny_config().components):
        new, a, b = wide_config().components[index], package.component(index), wide.component(index)
        latent = places(((old.channels, 4),), ((new.channels, 4),))
        features = torch.arange(old.hyper.features)
        stem = torch.randn(1, 64 * len(old.planes) + 64 * len(old.condition), 8, 8)
        y = a.latent(stem, quality)
        torch.testing.assert_close(b.latent(stem, quality)[:, latent], y, atol=2e-4, rtol=1e-4)
        y_wide = torch.randn(1, new.channels, 4, 4)  # whatever new channels say, old outputs do not see it
        y_wide[:, latent] = y
        z = torch.randn(1, old.hyper.z, 1, 1).round()
        z_wide = torch.cat([z, torch.randn(1, new.hyper.z - old.hyper.z, 1, 1)], 1)
        torch.testing.assert_close(
            b.hyper_analysis(y_wide)[:, : old.hyper.z], a.hyper_analysis(y), atol=1e-4, rtol=1e-4
        )
        torch.testing.assert_close(
            b.log_scale(z_wide, quality, 4, 4)[:, latent], a.log_scale(z, quality, 4, 4), atol=1e-4, rtol=1e-4
        )
        earlier = [torch.randn(1, tiny_config().components[i].channels, 4, 4) for i in old.condition]
        earlier_wide = [torch.randn(1, wide_config().components[i].channels, 4, 4) for i in old.condition]
        for i, narrow, whole in zip(old.condition, earlier, earlier_wide, strict=True):
            sizes = tiny_config().components[i].channels, wide_config().components[i].channels
            whole[:, places(((sizes[0], 4),), ((sizes[1], 4),))] = narrow
        f, f_wide = a.features(z, quality, earlier, 4, 4), b.features(z_wide, quality, earlier_wide, 4, 4)
        torch.testing.assert_close(f_wide[:, features], f, atol=1e-4, rtol=1e-4)
        for step in range(4):
            torch.testing.assert_close(
                b.context.predict(step, f_wide, y_wide)[:, latent], a.context.predict(step, f, y), atol=1e-4, rtol=1e-4
            )
        for point in ("bop", "sop"):
            torch.testing.assert_close(
                b.planes(y_wide, f_wide, quality, point), a.planes(y, f, quality, point), atol=1e-4, rtol=1e-4
            )


def test_opened_channels_say_what_was_lost(wide: CodecNetwork, started: Started) -> None:
    """Before any training: less error and more bits at the highest quality, all as before at the lowest."""
    pictures = training_pictures(8, 128)
    package = Model.from_package(load_package(str(started.folder))).network
    open_channels(wide, tiny_config(), "bop", pictures)
    found = []
    for quality in (0.0, 1.0):
        at = torch.full((8,), quality)
        with torch.no_grad():
            before = rate_distortion(package, pictures, at, "bop")
            after = rate_distortion(wide, pictures, at, "bop")
        found.append((float(before.bits.mean()), float(after.bits.mean()), float((after.mse / before.mse).mean())))
    (low, low_after, low_error), (high, high_after, high_error) = found
    assert low_after < low * 1.05 and low_error < 1.02
    assert high_after > high * 1.05 and high_error < 0.8


def test_new_channels_need_skips(started: Started) -> None:
    first, second = tiny_config().components
    network = CodecNetwork(CodecConfig((first, replace(second, channels=second.channels + 4))))
    adopt(network, started.folder)
    with pytest.raises(UsageError, match="component 1: new latent channels need the skips of its transforms"):
        open_channels(network, tiny_config(), "bop", training_pictures(2, 128))


def test_a_narrower_layer_is_refused(started: Started) -> None:
    first, second = tiny_config().components
    network = CodecNetwork(CodecConfig((replace(first, context=12), second)))
    with pytest.raises(UsageError, match=r"0\.context\.adapt\.0\.bias has shape \(16,\), which does not fit"):
        adopt(network, started.folder)
