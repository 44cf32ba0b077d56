"""The flat TensorFlow graph as an ONNX model: `image` uint8 [height, width, 3] in, `scores` float32 [classes] out."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import onnx
import tf2onnx
from onnx import TensorProto, helper

from export.errors import CannotConvert, first_line
from export.graph.flatten import IMAGE, FlatGraph
from export.network import operations, resize
from export.network.operations import DOMAIN, OPSET
from export.network.output_activation import OutputActivation
from predictor.classifier import INPUT, OUTPUT

NETWORK_INPUT = "network_input"
BATCH_SCORES = "batch_scores"
_VALUES = "values"


def convert(flat: FlatGraph) -> onnx.ModelProto:
    """The flat graph in ONNX, with the outputs BATCH_SCORES and NETWORK_INPUT; raises what `to_onnx` raises."""
    return to_onnx(flat.graph_def, {flat.scores: BATCH_SCORES, flat.network_input: NETWORK_INPUT})


def to_onnx(graph_def: Any, outputs: Mapping[str, str]) -> onnx.ModelProto:
    """A GraphDef with the input `image` in ONNX; `outputs` maps the names of tensors to what they are called then.

    Raises CannotConvert, naming them, when operations are left that ONNX does not have.
    """
    with quiet(), _collecting_often():
        try:
            model: onnx.ModelProto = tf2onnx.convert.from_graph_def(
                graph_def,
                input_names=[f"{IMAGE}:0"],
                output_names=list(outputs),
                tensors_to_rename={f"{IMAGE}:0": INPUT, **outputs},
                opset=OPSET,
                custom_ops=dict.fromkeys((*resize.OPERATIONS, *operations.FUNCTIONS), DOMAIN),
                extra_opset=[helper.make_opsetid(DOMAIN, 1)],
            )[0]
        except Exception as error:  # tf2onnx raises many types, and TensorFlow's own
            raise CannotConvert(f"tf2onnx cannot convert the network: {first_line(error)}") from error
    check_operations(model)
    return operations.inline(resize.expand_resizes(model), operations.FUNCTIONS.values())


def finish(model: onnx.ModelProto, outputs: int, output_activation: OutputActivation) -> None:
    """Turn BATCH_SCORES, whose first picture has so many outputs, into `scores` with an activation."""
    graph = model.graph
    height, width, _ = graph.input[0].type.tensor_type.shape.dim
    height.dim_param, width.dim_param = "height", "width"
    _shape_scores(graph, outputs)
    output_activation.append(graph, _VALUES, OUTPUT)
    scores = next(output for output in graph.output if output.name == BATCH_SCORES)
    scores.CopyFrom(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [output_activation.classes(outputs)]))
    _number_steadily(graph)


def _shape_scores(graph: onnx.GraphProto, outputs: int) -> None:
    """From a batch to one list; of several equal pictures in the batch to that of the first."""
    batch = BATCH_SCORES
    shape = next(output for output in graph.output if output.name == BATCH_SCORES).type.tensor_type.shape
    if len(shape.dim) > 1 and shape.dim[0].dim_value > 1:
        for name, value in (("first", 0), ("second", 1)):
            graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [1], [value]))
        batch = "first_scores"
        graph.node.append(helper.make_node("Slice", [BATCH_SCORES, "first", "second", "first"], [batch]))
    graph.initializer.append(helper.make_tensor("outputs", TensorProto.INT64, [1], [outputs]))
    graph.node.append(helper.make_node("Reshape", [batch, "outputs"], [_VALUES]))


_NUMBERED = re.compile(r"__\d+(?=$|:\d+$)")


def check_operations(model: onnx.ModelProto) -> None:
    """CannotConvert, naming them, when operations are left that ONNX does not have."""
    used = {node.op_type for node in model.graph.node if node.domain != DOMAIN}
    unknown = sorted(op for op in used if not onnx.defs.has(op))
    if unknown:
        raise CannotConvert(
            f"The graph uses operations that ONNX does not have: {', '.join(unknown)}. Build it without them."
        )


def _number_steadily(graph: onnx.GraphProto) -> None:
    """Number the names that tf2onnx made up by their first use: its own numbers differ from run to run."""
    constants = {constant.name for constant in graph.initializer}
    names: dict[str, str] = {}

    def steady(name: str) -> str:
        if _NUMBERED.search(name) and name not in names:
            stem = "constant" if name in constants else _NUMBERED.sub("", name)
            names[name] = f"{stem}__{len(names)}"
        return names.get(name, name)

    def rename(part: onnx.GraphProto) -> None:
        for node in part.node:
            node.input[:] = [steady(name) for name in node.input]
            node.output[:] = [steady(name) for name in node.output]
            node.name = steady(node.name)
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    rename(attribute.g)
        for value in (*part.initializer, *part.value_info, *part.input, *part.output):
            value.name = names.get(value.name, value.name)

    rename(graph)
    graph.initializer.sort(key=lambda constant: constant.name)


@contextmanager
def _collecting_often() -> Iterator[None]:
    """Free what is dropped soon: tf2onnx copies the graph, weights too, before each of its optimisers.

    The copies hold cycles. Python looks for those only once there are many objects beside those that live long, which
    TensorFlow alone has a million of: frozen, they do not count.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # counts anew what lives long
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def quiet() -> Iterator[None]:
    """tf2onnx reports on its own progress as warnings; what matters is checked afterwards."""
    logger = logging.getLogger("tf2onnx")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
