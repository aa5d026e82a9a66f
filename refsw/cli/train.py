# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-train RECIPE --run DIR`: train a model, or go on where its checkpoint ends.

`refsw-train plot DIR` draws the curves of a run into DIR/curves.svg.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from refsw.errors import RefswError, UsageError


def _plot(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="refsw-train plot", description="Draw the curves of a training run.")
    parser.add_argument("run", type=Path)
    parser.add_argument("-o", "--out", type=Path, help="SVG, PNG or PDF (default: RUN/curves.svg)")
    parser.add_argument("--watch", type=float, metavar="SECONDS", help="draw again this often, until interrupted")
    arguments = parser.parse_args(argv)
    from refsw.train.plot import plot, watch

    out = arguments.out or arguments.run / "curves.svg"
    if arguments.watch is None:
        plot(arguments.run, out)
    else:
        watch(arguments.run, out, arguments.watch)


def _train(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="refsw-train", description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoint, log and packed crops")
    parser.add_argument("--data", type=Path, help="pictures, instead of the recipe's")
    parser.add_argument("--processes", type=int, default=1, help="single-thread processes that share gradients")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; torchrun's processes take one GPU each")
    parser.add_argument("--until", type=int, help="stop at this step")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this time (single process)")
    arguments = parser.parse_args(argv)
    from refsw.train.data import pack
    from refsw.train.processes import Launch, run, torchrun_processes
    from refsw.train.recipe import load_recipe

    recipe = load_recipe(arguments.recipe)
    count = torchrun_processes() or arguments.processes
    if count < 1 or recipe.batch % count:
        raise UsageError(f"--processes {count}: expected a divisor of the batch, {recipe.batch}")
    if arguments.until is not None and arguments.until < 1:
        raise UsageError(f"--until {arguments.until}: expected 1 or more")
    if count > 1 and math.isfinite(arguments.minutes):
        raise UsageError("--minutes: expected a single process")
    pack(arguments.data or Path(recipe.data), arguments.run / "data")
    seconds = 60 * arguments.minutes
    run(Launch(recipe, arguments.run, arguments.device, arguments.processes, until=arguments.until, seconds=seconds))


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv[:1] == ["plot"]:
            _plot(argv[1:])
        else:
            _train(argv)
    except RefswError as error:
        print(f"refsw-train: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
