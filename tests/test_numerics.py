# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest
import torch

from refsw.errors import UnsupportedError, UsageError
from refsw.numerics import numerics


def test_settings_hold_inside_and_are_restored() -> None:
    before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.allow_tf32)
    with pytest.raises(ZeroDivisionError), numerics(threads=2) as record:
        assert torch.get_num_threads() == record.threads == 2
        assert record.deterministic is torch.are_deterministic_algorithms_enabled() is False  # the CPU needs no switch
        assert not torch.backends.cuda.matmul.allow_tf32 and not torch.backends.cudnn.allow_tf32 and not record.tf32
        assert record.torch == torch.__version__ and record.device == "cpu"
        raise ZeroDivisionError
    after = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.allow_tf32)
    assert after == before


def test_what_is_refused() -> None:
    with pytest.raises(UsageError), numerics(threads=0):
        pass
    with pytest.raises(UsageError), numerics(device="tpu"):
        pass
    if not torch.cuda.is_available():
        with pytest.raises(UnsupportedError, match="no usable GPU"), numerics(device="cuda"):
            pass
