"""The flat TensorFlow graph as an ONNX model: `image` uint8 [height, width, 3] in, `scores` float32 [classes] out."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import onnx
import tf2onnx
from onnx import TensorProto, helper

from export import operations, resize
from export.ending import Ending
from export.errors import CannotConvert
from export.flatten import IMAGE, FlatGraph
from export.operations import DOMAIN, OPSET
from predictor.classifier import INPUT, OUTPUT

NETWORK_INPUT = "network_input"


def to_onnx(flat: FlatGraph, outputs: int, ending: Ending) -> onnx.ModelProto:
    """Convert a network with so many `outputs` and put `ending` behind it.

    Besides `scores` the model has the output `network_input`, for comparison with the original.

    Raises CannotConvert, naming them, when operations are left that ONNX does not have.
    """
    model = _convert(flat)
    _check_operations(model)
    model = operations.inline(resize.expand_resizes(model), operations.FUNCTIONS.values())
    _name_interface(model.graph, outputs, ending)
    _number_steadily(model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model


def without_network_input(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose only output is `scores`: what is shipped."""
    shipped = onnx.ModelProto()
    shipped.CopyFrom(model)
    kept = [output for output in shipped.graph.output if output.name == OUTPUT]
    del shipped.graph.output[:]
    shipped.graph.output.extend(kept)
    return shipped


def _convert(flat: FlatGraph) -> onnx.ModelProto:
    names = {f"{IMAGE}:0": INPUT, flat.scores: _BATCH_SCORES, flat.network_input: NETWORK_INPUT}
    with _quiet():
        try:
            model: onnx.ModelProto = tf2onnx.convert.from_graph_def(
                flat.graph_def,
                input_names=[f"{IMAGE}:0"],
                output_names=[flat.scores, flat.network_input],
                tensors_to_rename=names,
                opset=OPSET,
                custom_ops=dict.fromkeys((*resize.OPERATIONS, *operations.FUNCTIONS), DOMAIN),
                extra_opset=[helper.make_opsetid(DOMAIN, 1)],
            )[0]
        except Exception as error:  # tf2onnx raises many types, and TensorFlow's own
            raise CannotConvert(f"tf2onnx cannot convert the network: {error}") from error
    return model


_BATCH_SCORES = "batch_scores"
_NUMBERED = re.compile(r"__\d+(?=$|:\d+$)")


def _check_operations(model: onnx.ModelProto) -> None:
    used = {node.op_type for node in model.graph.node if node.domain != DOMAIN}
    unknown = sorted(op for op in used if not onnx.defs.has(op))
    if unknown:
        raise CannotConvert(f"The graph uses operations that ONNX does not have: {', '.join(unknown)}.")


def _name_interface(graph: onnx.GraphProto, outputs: int, ending: Ending) -> None:
    """Name the picture's dimensions, and turn the batch of one, [1, outputs], into scores, [classes]."""
    graph.input[0].CopyFrom(helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["height", "width", 3]))
    graph.initializer.append(helper.make_tensor("outputs", TensorProto.INT64, [1], [outputs]))
    graph.node.append(helper.make_node("Reshape", [_BATCH_SCORES, "outputs"], ["values"]))
    ending.append(graph, "values", OUTPUT)
    classes = ending.classes(outputs)
    scores = next(output for output in graph.output if output.name == _BATCH_SCORES)
    scores.CopyFrom(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [classes]))


def _number_steadily(graph: onnx.GraphProto) -> None:
    """Number the names that tf2onnx made up by their first use: its own numbers differ from run to run."""
    constants = {constant.name for constant in graph.initializer}
    names: dict[str, str] = {}

    def steady(name: str) -> str:
        if _NUMBERED.search(name) and name not in names:
            stem = "constant" if name in constants else _NUMBERED.sub("", name)
            names[name] = f"{stem}__{len(names)}"
        return names.get(name, name)

    for node in graph.node:
        node.input[:] = [steady(name) for name in node.input]
        node.output[:] = [steady(name) for name in node.output]
        node.name = steady(node.name)
    for value in (*graph.initializer, *graph.value_info):
        value.name = names.get(value.name, value.name)
    graph.initializer.sort(key=lambda constant: constant.name)


@contextmanager
def _quiet() -> Iterator[None]:
    """tf2onnx reports on its own progress as warnings; what matters is checked afterwards."""
    logger = logging.getLogger("tf2onnx")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
