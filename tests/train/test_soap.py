# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from refsw.train.soap import Soap


@dataclass(frozen=True)
class Problem:
    """Weights of a convolution, to be found from noisy samples: inputs are correlated, and so are errors of outputs."""

    target: Tensor
    outputs: Tensor
    inputs: Tensor

    def error(self, weights: Tensor) -> float:
        """What is left, as the samples weigh it."""
        off = (weights.detach() - self.target).flatten(2)
        return float(torch.einsum("po,oit,qi->pqt", self.outputs, off, self.inputs).square().sum())

    def loss(self, weights: Tensor, random: torch.Generator) -> Tensor:
        """Of eight samples."""
        shown = torch.einsum("nqt,qi->nit", torch.randn(8, len(self.inputs), 9, generator=random), self.inputs)
        return (torch.einsum("oit,nit->no", (weights - self.target).flatten(2), shown) @ self.outputs.T).square().sum()


def correlated(size: int, random: torch.Generator) -> Tensor:
    """A rotation, then scales from 1 down to 0.03."""
    return torch.logspace(0, -1.5, size)[:, None] * torch.linalg.qr(torch.randn(size, size, generator=random))[0]


def error_after(steps: int, optimiser: torch.optim.Optimizer, problem: Problem) -> float:
    random, (weights,) = torch.Generator().manual_seed(7), optimiser.param_groups[0]["params"]
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.03 * (1 - step / steps)
        optimiser.zero_grad()
        problem.loss(weights, random).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return problem.error(weights)


@pytest.mark.parametrize("seed", range(3))
def test_directions_that_mix_weights_are_found(seed: int) -> None:
    """Where curvature is not along single weights, the error falls several times further than with Adam."""
    random = torch.Generator().manual_seed(seed)
    problem = Problem(torch.randn(12, 8, 3, 3, generator=random), correlated(12, random), correlated(8, random))
    one, two = nn.Parameter(torch.zeros(12, 8, 3, 3)), nn.Parameter(torch.zeros(12, 8, 3, 3))
    with_adam = error_after(600, torch.optim.Adam([one], 0.03, (0.9, 0.99)), problem)
    with_soap = error_after(600, Soap([{"params": [two]}], 0.03), problem)
    assert with_soap < 0.25 * with_adam


def test_what_is_no_convolution_moves_as_with_adam() -> None:
    target = torch.arange(5.0)
    one, two = nn.Parameter(torch.zeros(5)), nn.Parameter(torch.zeros(5))
    adam, soap = torch.optim.Adam([one], 0.1, (0.9, 0.99)), Soap([{"params": [two]}], 0.1)
    for _ in range(20):
        for weights, optimiser in ((one, adam), (two, soap)):
            optimiser.zero_grad()
            (weights - target).square().sum().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    torch.testing.assert_close(one, two)


def test_bases_stay_orthogonal_and_weights_without_gradient_stay() -> None:
    random = torch.Generator().manual_seed(1)
    weights, still = nn.Parameter(torch.zeros(6, 4, 3, 3)), nn.Parameter(torch.ones(2, 2, 1, 1))
    soap = Soap([{"params": [weights, still]}], 0.01, look=1, every=3)
    for _ in range(50):
        weights.grad = torch.randn(6, 4, 3, 3, generator=random)
        soap.step()
    for mode, size in (("rows", 6), ("taps", 9), ("columns", 4)):
        basis = soap.state[weights][f"basis_{mode}"]
        torch.testing.assert_close(basis.T @ basis, torch.eye(size), rtol=0, atol=1e-5)
    assert torch.equal(still, torch.ones(2, 2, 1, 1)) and still not in soap.state


def test_channels_that_hardly_have_a_gradient_have_bases_too() -> None:
    random = torch.Generator().manual_seed(0)  # float32 eigenvalues of such a gradient's covariance do not converge
    weight = nn.Parameter(torch.zeros(384, 64, 1, 1))
    sizes = 10 ** (-40 * torch.rand(64, generator=random) - 3)
    sizes[torch.rand(64, generator=random) < 0.5] = 0
    weight.grad = (torch.randn(384, 64, generator=random) * sizes)[:, :, None, None]
    optimiser = Soap([weight], lr=1e-3)
    optimiser.step()
    for mode in ("rows", "columns"):
        basis = optimiser.state[weight][f"basis_{mode}"]
        torch.testing.assert_close(basis.T @ basis, torch.eye(len(basis)), rtol=0, atol=1e-5)
