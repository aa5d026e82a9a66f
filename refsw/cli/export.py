# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-export package|onnx`: model package from a training run, ONNX graphs from a model package.

A package written into refsw/models is shipped: it is entered in spec/models.yaml.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError

from refsw.errors import RefswError, UnsupportedError, UsageError
from refsw.resources import models_dir, spec_dir

CALIBRATION_PICTURES, REPORT_PICTURES = 48, 16


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.work(arguments)
    except RefswError as error:
        print(f"refsw-export: error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="refsw-export", description=__doc__)
    kinds = parser.add_subparsers(required=True, metavar="package|onnx")
    package = kinds.add_parser("package", help="model package from a training run's checkpoint")
    package.set_defaults(work=_package)
    package.add_argument("run", type=Path)
    package.add_argument("-o", "--out", type=Path, required=True)
    package.add_argument("--name", required=True)
    package.add_argument("--id", type=int, required=True, help="model_id of the picture header")
    package.add_argument("--recipe", type=Path, required=True)
    package.add_argument("--points", default="", help="operating points, by comma (default: the recipe's)")
    package.add_argument("--summary", default="trained by refsw-train")
    package.add_argument("--no-picture-exact", action="store_true", help="leave out the networks of refsw-dec --exact")
    package.add_argument("--report", type=Path, help="JSON: range, error of each picture-exact layer, held-out crops")
    onnx = kinds.add_parser("onnx", help="ONNX graphs of a model's float networks")
    onnx.set_defaults(work=_onnx)
    onnx.add_argument("model", help="name or folder of a model package")
    onnx.add_argument("-o", "--out", type=Path, required=True, help="folder for the graphs")
    return parser


def _package(arguments: argparse.Namespace) -> None:
    if arguments.report is not None and arguments.no_picture_exact:
        raise UsageError("--report is on the networks that --no-picture-exact leaves out")
    checkpoint = arguments.run / "checkpoint.pt"
    if not checkpoint.is_file():
        raise UsageError(f"{checkpoint}: no checkpoint there; refsw-train writes it")
    import torch

    from refsw.models import installed
    from refsw.models.find import write_listing
    from refsw.models.package import read_package
    from refsw.nets.codec import CodecNetwork
    from refsw.nets.config import structure
    from refsw.train import data
    from refsw.train.export import at_points, describe, export
    from refsw.train.fixed_report import layer_reports, write_report
    from refsw.train.recipe import load_recipe
    from refsw.train.state import fixed_pictures, held_out_pictures

    recipe = load_recipe(arguments.recipe)
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
        weights, steps = content["average"], content["step"]
    except (OSError, RuntimeError, EOFError, UnpicklingError, KeyError, TypeError):
        raise UsageError(f"{checkpoint}: cannot be read as a checkpoint of refsw-train") from None
    network = CodecNetwork(structure(recipe.structure))
    try:
        network.load_state_dict(weights)
    except RuntimeError:
        raise UsageError(f"{checkpoint}: weights do not fit structure {recipe.structure}") from None
    network = at_points(network, tuple(arguments.points.split(",")) if arguments.points else (recipe.point,))
    crops = data.load(arguments.run / "data")
    pictures = fixed_pictures(crops, recipe.seed + 1, CALIBRATION_PICTURES, 256)
    provenance = {"recipe": asdict(recipe), "steps": steps, "weights": "exponential moving average"}
    if content.get("began"):
        provenance["began"] = content["began"]
    description = describe(network, arguments.name, arguments.id, arguments.summary, provenance)
    exported = export(network, pictures, arguments.out, description, not arguments.no_picture_exact)
    if arguments.report is not None:
        unseen = held_out_pictures(crops, REPORT_PICTURES, 256)
        write_report(arguments.report, layer_reports(exported.network, exported.calibrated, unseen))
    if arguments.out.resolve().parent == models_dir().resolve():
        shipped = [read_package(folder) for folder, _ in installed(models_dir())]
        write_listing(spec_dir() / "models.yaml", shipped)
    print(json.dumps({"package": str(arguments.out), "digest": exported.package.digest, "steps": steps}))


def _onnx(arguments: argparse.Namespace) -> None:
    from refsw.decode.model import Model
    from refsw.models import load_package

    try:
        from refsw.exchange.onnx import write_graphs
    except ImportError:
        raise UnsupportedError("ONNX graphs need the package onnx: pip install 'refsw[onnx]'") from None
    model = Model.from_package(load_package(arguments.model))
    try:
        paths = write_graphs(model, arguments.out)
    except OSError as error:
        raise UsageError(f"{arguments.out}: cannot be written: {error.strerror}") from None
    print(json.dumps({"graphs": [str(path) for path in paths], "digest": model.package.digest}))


if __name__ == "__main__":
    sys.exit(main())
