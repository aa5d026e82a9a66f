# SPDX-License-Identifier: BSD-3-Clause-Clear
"""SOAP (Vyas et al., arXiv:2409.11321): Adam in the eigenbasis of Shampoo's preconditioner.

Rate and distortion pull weights in directions that Adam, which scales each weight alone, cannot tell apart; Zhang and
Zhu (arXiv:2601.20769) measured what the rotation is worth in learned compression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

MODES = ("rows", "taps", "columns")
"""Axes of a convolution's weights, [out, taps, in]; each has a basis."""


class Soap(torch.optim.Optimizer):
    """SOAP for weights of convolutions, Adam for every other parameter.

    betas: of the first and second moment; look: steps between two gradients that enter the covariances, which keep
    `memory` of what they were; every: steps between two turns of the bases. Both cost as much as the step itself, so
    parameters take turns.
    """

    def __init__(
        self, parameters: Iterable[dict[str, Any]], lr: float, betas: tuple[float, float] = (0.9, 0.99),
        memory: float = 0.9, look: int = 4, every: int = 12, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        self.betas, self.eps = betas, eps
        self.memory, self.look, self.every = memory, look, every
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step from the gradients; a convolution's first gradient gives its bases and does not move it."""
        assert closure is None
        for group in self.param_groups:
            group["count"] = group.get("count", 0) + 1
            for turn, parameter in enumerate(group["params"], group["count"]):
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if parameter.dim() == 4:
                    self._rotated_step(parameter, state, group["lr"], turn)
                else:
                    parameter += self._moved(state, parameter.grad, group["lr"])

    def _rotated_step(self, parameter: Tensor, state: dict[str, Any], rate: float, turn: int) -> None:
        assert parameter.grad is not None
        gradient = _matrices(parameter.grad)
        if not state:
            for mode, covariance in zip(MODES, _covariances(gradient), strict=True):
                state[f"covariance_{mode}"] = covariance
                axes = torch.linalg.eigh(covariance.double())[1]  # float32 gives NaN where most channels are silent
                state[f"basis_{mode}"] = axes.to(covariance.dtype).flip(1).contiguous()
            return
        bases = [state[f"basis_{mode}"] for mode in MODES]
        moved = _turned_back(self._moved(state, _turned(gradient, bases), rate), bases)
        out, into, down, across = parameter.shape
        parameter += moved.view(out, down, across, into).permute(0, 3, 1, 2)
        if turn % self.look == 0:
            for mode, covariance in zip(MODES, _covariances(gradient), strict=True):
                state[f"covariance_{mode}"].lerp_(covariance, 1 - self.memory)
        if turn % self.every == 0:
            self._turn_bases(state, bases)

    def _moved(self, state: dict[str, Any], gradient: Tensor, rate: float) -> Tensor:
        """What Adam adds to a parameter of this gradient."""
        if "step" not in state:
            state["step"] = torch.zeros((), device=gradient.device)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
        state["step"] += 1
        moved = torch.zeros_like(gradient)
        torch._fused_adam_(
            [moved], [gradient], [state["exp_avg"]], [state["exp_avg_sq"]], [], [state["step"]],
            lr=rate, beta1=self.betas[0], beta2=self.betas[1], weight_decay=0.0, eps=self.eps,
            amsgrad=False, maximize=False,
        )  # fmt: skip
        return moved

    def _turn_bases(self, state: dict[str, Any], bases: list[Tensor]) -> None:
        """One power iteration towards the eigenvectors, strongest first; moments follow."""
        plain = _turned_back(state["exp_avg"], bases)
        for axis, mode in enumerate(MODES):
            covariance, basis = state[f"covariance_{mode}"], state[f"basis_{mode}"]
            ahead = covariance @ basis
            order = (basis * ahead).sum(0).argsort(descending=True)
            state["exp_avg_sq"] = state["exp_avg_sq"].index_select(axis, order)
            state[f"basis_{mode}"] = torch.linalg.qr(ahead[:, order])[0].contiguous()
        state["exp_avg"] = _turned(plain, [state[f"basis_{mode}"] for mode in MODES])


def _matrices(weights: Tensor) -> Tensor:
    """[out, in, rows, columns] -> [out, taps, in]; no copy where the memory is channels-last."""
    return weights.permute(0, 2, 3, 1).reshape(weights.shape[0], -1, weights.shape[1])


def _covariances(gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of each axis, summed over the two others."""
    out, taps, into = gradient.shape
    rows, columns = gradient.reshape(out, -1), gradient.reshape(-1, into)
    across = gradient.transpose(0, 1).reshape(taps, -1)
    return rows @ rows.T, across @ across.T, columns.T @ columns


def _turned(values: Tensor, bases: list[Tensor]) -> Tensor:
    """Coordinates in the bases."""
    rows, taps, columns = bases
    turned = (rows.T @ values.reshape(len(rows), -1)).view(values.shape) @ columns
    return taps.T @ turned if len(taps) > 1 else turned


def _turned_back(values: Tensor, bases: list[Tensor]) -> Tensor:
    """From coordinates in the bases."""
    return _turned(values, [basis.T for basis in bases])
