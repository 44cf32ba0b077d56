"""The steps before a resize that treat every value alike, and so can follow a gather instead."""

from __future__ import annotations

import onnx

_ELEMENTWISE = frozenset(("Cast", "Mul", "Div", "Add", "Sub"))


def steps_before(graph: onnx.GraphProto, resize: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The steps, first to last, from one value and constants of one value to what `resize` alone reads."""
    makers = {output: node for node in graph.node for output in node.output}
    readers = [name for node in graph.node for name in node.input] + [output.name for output in graph.output]
    scalars = {constant.name for constant in graph.initializer if not [size for size in constant.dims if size != 1]}
    steps = [resize]
    while (
        (maker := makers.get(steps[0].input[0]))
        and maker.op_type in _ELEMENTWISE
        and scalars.issuperset(maker.input[1:])
        and readers.count(maker.output[0]) == 1
    ):
        steps.insert(0, maker)
    return steps[:-1]
