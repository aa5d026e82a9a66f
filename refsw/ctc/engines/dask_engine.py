# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A Dask cluster: one of this machine, or any whose scheduler has an address. Extra `dask`.

Workers need the package and the data (REFSW_CTC_DATA where the folder is another one), no shared file system: outcomes
travel to the run, which keeps them. Dask gives the work of a lost worker to another one.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from refsw.ctc.cache import Cache
from refsw.ctc.engines.lost import died
from refsw.ctc.plan import Group
from refsw.ctc.work import Outcome, perform
from refsw.errors import UnsupportedError, UsageError
from refsw.io.files import reason

SECONDS_TO_CONNECT = 20


@dataclass(frozen=True)
class Dask:
    """scheduler: address such as tcp://host:8786, None for a cluster of this machine with `jobs` processes."""

    jobs: int
    scheduler: str | None = None

    def run(self, groups: Sequence[Group], cache: Cache) -> Iterator[tuple[Group, tuple[Outcome, ...]]]:
        """See `Engine`. Raises UnsupportedError without the package, UsageError if no scheduler answers."""
        try:
            distributed: Any = importlib.import_module("distributed")  # the package is typed in part only
        except ImportError:
            raise UnsupportedError("engine dask: needs the package distributed: pip install 'refsw[dask]'") from None
        with self._client(distributed) as client:
            futures = {client.submit(perform, group, pure=False): group for group in groups}
            for future in distributed.as_completed(list(futures)):
                group = futures.pop(future)
                yield group, _outcomes(future, group)
                future.release()

    @contextlib.contextmanager
    def _client(self, distributed: Any) -> Iterator[Any]:
        if self.scheduler is not None:
            try:
                client = distributed.Client(self.scheduler, timeout=SECONDS_TO_CONNECT)
            except (OSError, ValueError) as error:
                raise UsageError(f"--scheduler {self.scheduler}: {reason(error)}") from None
            with client:
                yield client
            return
        with (
            distributed.LocalCluster(
                n_workers=self.jobs, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address=None,
                silence_logs=logging.CRITICAL,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):  # fmt: skip
            yield client


def _outcomes(future: Any, group: Group) -> tuple[Outcome, ...]:
    if future.status == "finished":
        outcomes: tuple[Outcome, ...] = future.result()
        return outcomes
    error = future.exception()
    return died(group, f"lost by Dask: {type(error).__name__}: {' '.join(str(error).split())}")
