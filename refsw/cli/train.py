# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-train RECIPE --run DIR [--processes N] [--device cpu|cuda]`: train, or resume, a model."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

from refsw.errors import RefswError, UsageError


def _worker(rank: int, count: int, port: int, recipe_path: str, run: str, device: str, until: int | None) -> None:
    import torch.distributed as dist

    from refsw.train.loop import Worker, train
    from refsw.train.recipe import load_recipe

    if count > 1:
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        dist.init_process_group("gloo", rank=rank, world_size=count, timeout=timedelta(minutes=20))
    train(load_recipe(Path(recipe_path)), Path(run), Worker(rank, count, device), until)
    if count > 1:
        dist.destroy_process_group()


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="refsw-train", description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoint, log and packed crops")
    parser.add_argument("--data", type=Path, help="pictures, instead of the recipe's")
    parser.add_argument("--processes", type=int, default=1, help="single-thread processes that share gradients")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--until", type=int, help="stop at this step")
    parser.add_argument("--port", type=int, default=29511)
    arguments = parser.parse_args(argv)
    try:
        from refsw.train.data import pack
        from refsw.train.recipe import load_recipe

        recipe = load_recipe(arguments.recipe)
        if arguments.processes < 1 or recipe.batch % arguments.processes:
            raise UsageError(f"--processes {arguments.processes}: expected a divisor of the batch, {recipe.batch}")
        pack(arguments.data or Path(recipe.data), arguments.run / "data")
        extra = (arguments.processes, arguments.port, str(arguments.recipe), str(arguments.run), arguments.device,
                 arguments.until)  # fmt: skip
        if arguments.processes == 1:
            _worker(0, *extra)
        else:
            os.environ["OMP_NUM_THREADS"] = "1"
            import torch.multiprocessing as multiprocessing

            multiprocessing.spawn(_worker, extra, nprocs=arguments.processes)
    except RefswError as error:
        print(f"refsw-train: error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
