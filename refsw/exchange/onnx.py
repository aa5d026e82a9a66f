# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) The float networks of clause 9 as ONNX graphs, for decoders that run them in another engine.

For component NAME, and operating point POINT:

    NAME.latents.onnx   z, symbols, steps, condition.0 .., quality -> features, y_hat, latent
    NAME.POINT.onnx     latent, features, quality -> patches

all float32; z [1, C_z, ceil(h/4), ceil(w/4)]; symbols, y_hat, latent and conditions (latents of earlier components)
[1, C_y, h, w]; steps [1, 1 or C_y, h, w], -16..16, of quality map, variance scaling and local steps (8.8 to 8.10), 0
where there is none of them; features [1, F, h, w]; patches [1, 64 P, 2h, 2w], -0.5..0.5; quality [1], quality_index
/ 256. h and w are free. The graphs follow `refsw.decode.fixed`, as picture-exact decoding does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from refsw.decode import fixed
from refsw.decode.model import Model
from refsw.decode.weights import float_tensors
from refsw.errors import ModelError
from refsw.nets.order import ORDER
from refsw.nets.rate import LOG_SCALE_STEP

OPSET = 17
IR_VERSION = 8
LEAK = 0.125

Node = str
"""Name of a value in a graph."""


class OnnxFlow:
    """`fixed.Flow` that writes down a graph instead of computing."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.tensors = tensors
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self.gains: dict[str, Node] = {}

    def node(self, kind: str, *inputs: Node, **attributes: Any) -> Node:
        """Append an operator with one output."""
        name = f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: NDArray[Any]) -> Node:
        """A tensor of the graph, stored once."""
        self.constants.setdefault(name, np.ascontiguousarray(value))
        return name

    def whole(self, *values: int) -> Node:
        """An int64 vector."""
        return self.constant(f"int64 {values}", np.array(values, np.int64))

    def conv(self, name: str, x: Node, like: Node | None = None) -> Node:
        """See fixed.Flow."""
        if name.endswith(".stem"):
            matrix = self._tensor("stem.inverse_matrix")[:, :, None, None]
            return self.node("Conv", x, self.constant("stem.inverse_matrix", matrix))
        weight = self._tensor(f"{name}.weight")
        edge = weight.shape[2] // 2
        given = self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", self._tensor(f"{name}.bias"))
        x = self.node("Conv", x, *given, pads=[edge] * 4)
        return self.node("DepthToSpace", x, blocksize=2, mode="DCR") if fixed.shuffles(name) else x

    def leaky(self, x: Node) -> Node:
        """See fixed.Flow."""
        return self.node("LeakyRelu", x, alpha=LEAK)

    def add(self, x: Node, y: Node) -> Node:
        """See fixed.Flow."""
        return self.node("Add", x, y)

    def gain(self, name: str, x: Node) -> Node:
        """See fixed.Flow; each gain is computed once."""
        if name not in self.gains:
            self.gains[name] = self._gain(name)
        return self.node("Mul", x, self.gains[name])

    def _gain(self, name: str) -> Node:
        """(9) A logarithm per channel and anchor, interpolated at the input `quality`; (8.8.3) times that of steps."""
        values = self._tensor(f"{name}.values")
        table = self.constant(f"{name}.values", values)
        zero, last = (self.constant(f"float {v}", np.array(v, np.float32)) for v in (0, len(values) - 2))
        low = self.node("Clip", self.node("Floor", "quality"), zero, last)
        share = self.node("Sub", "quality", low)
        first = self.node("Cast", low, to=TensorProto.INT64)
        below = self.node("Gather", table, first)
        above = self.node("Gather", table, self.node("Add", first, self.whole(1)))
        value = self.node("Add", below, self.node("Mul", self.node("Sub", above, below), share))
        column = self.node("Reshape", self.node("Exp", value), self.whole(1, -1, 1, 1))
        if name not in fixed.MAPPED:
            return column
        log_ratio = self.constant(f"{name}.step", np.array(fixed.MAPPED[name] * LOG_SCALE_STEP, np.float32))
        return self.node("Mul", column, self.node("Exp", self.node("Mul", "steps", log_ratio)))

    def join(self, parts: Sequence[Node]) -> Node:
        """See fixed.Flow."""
        return self.node("Concat", *parts, axis=1)

    def crop(self, x: Node, height: int, width: int) -> Node:
        """See fixed.Flow; the size is that of the input `symbols`, whatever is given here."""
        return self.node("Slice", x, self.whole(0, 0), self._size(), self.whole(2, 3))

    def mask(self, x: Node, step: int) -> Node:
        """See fixed.Flow."""
        height, width = (self.node("Squeeze", self._side(axis)) for axis in (2, 3))
        zero, one, two = (self.constant(f"int64 {v}", np.array(v)) for v in (0, 1, 2))
        rows, columns = (self.node("Mod", self.node("Range", zero, side, one), two) for side in (height, width))
        rows = self.node("Reshape", self.node("Mul", rows, two), self.whole(-1, 1))
        phase = self.node("Add", rows, self.node("Reshape", columns, self.whole(1, -1)))
        channels = len(self._tensor("gain.values")[0])
        own = np.repeat([order[step] for order in ORDER], channels // 4)[None, :, None, None]
        keep = self.node("Equal", phase, self.constant(f"phases {step}", own.astype(np.int64)))
        return self.node("Mul", x, self.node("Cast", keep, to=TensorProto.FLOAT))

    def symbols(self, x: Any) -> Node:
        """See fixed.Flow: the input of that name."""
        return "symbols"

    def _tensor(self, name: str) -> NDArray[Any]:
        try:
            return self.tensors[name]
        except KeyError:
            raise ModelError(f"tensor {name} is missing in networks.safetensors") from None

    def _size(self) -> Node:
        return self.node("Slice", self.node("Shape", "symbols"), self.whole(2), self.whole(4))

    def _side(self, axis: int) -> Node:
        return self.node("Slice", self.node("Shape", "symbols"), self.whole(axis), self.whole(axis + 1))

    def model(self, name: str, inputs: Sequence[str], outputs: Mapping[str, Node], digest: str) -> onnx.ModelProto:
        """The graph; inputs with free rows and columns, but for `quality` [1]."""
        nodes = [*self.nodes, *(helper.make_node("Identity", [own], [public]) for public, own in outputs.items())]
        floats = TensorProto.FLOAT
        shapes = {name: [1] if name == "quality" else [1, None, None, None] for name in (*inputs, *outputs)}
        given = [helper.make_tensor_value_info(i, floats, shapes[i]) for i in inputs]
        made = [helper.make_tensor_value_info(o, floats, shapes[o]) for o in outputs]
        kept = [numpy_helper.from_array(value, key) for key, value in self.constants.items()]
        graph = helper.make_graph(nodes, name, given, made, kept)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        model.producer_name = "refsw"
        helper.set_model_props(model, {"weights": digest})
        onnx.checker.check_model(model)
        return model


def graphs(model: Model) -> dict[str, onnx.ModelProto]:
    """All graphs of a model by file name. Raises ModelError."""
    out: dict[str, onnx.ModelProto] = {}
    names = [own.name for own in model.package.description.components]
    for name, config in zip(names, model.config.components, strict=True):
        tensors = float_tensors(model.package, name)
        flow = OnnxFlow(tensors)
        condition = [f"condition.{i}" for i in range(len(config.condition))]
        features = fixed.features(flow, config, "z", condition, 0, 0)
        y_hat, latent = fixed.latents(flow, config, features, np.zeros(0, np.int32))
        made = {"features": features, "y_hat": y_hat, "latent": latent}
        inputs = ["z", "symbols", "steps", *condition, "quality"]
        out[f"{name}.latents.onnx"] = flow.model(f"{name}.latents", inputs, made, model.package.digest)
        for point in model.operating_points:
            flow = OnnxFlow(tensors)
            patches = fixed.planes(flow, config, "latent", "features", point)
            graph = flow.model(f"{name}.{point}", ["latent", "features", "quality"], {"patches": patches},
                               model.package.digest)  # fmt: skip
            out[f"{name}.{point}.onnx"] = graph
    return out


def write_graphs(model: Model, folder: Path) -> list[Path]:
    """Write all graphs into a folder, which is made. Raises ModelError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, graph in graphs(model).items():
        onnx.save_model(graph, folder / name)
        paths.append(folder / name)
    return paths
