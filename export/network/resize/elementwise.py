"""The steps before a resize that treat every value alike, and so can follow a gather instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import onnx

_ELEMENTWISE = frozenset(("Cast", "Mul", "Div", "Add", "Sub"))


@dataclass(frozen=True)
class Steps:
    """Elementwise steps, first to last, and the constants of one value that they read."""

    nodes: tuple[onnx.NodeProto, ...] = ()
    constants: tuple[onnx.TensorProto, ...] = ()

    @classmethod
    def before(cls, graph: onnx.GraphProto, resize: onnx.NodeProto) -> Steps:
        """Those that lead to what `resize` alone reads."""
        makers = {output: node for node in graph.node for output in node.output}
        readers = list(_reads(graph))
        scalars = {value.name: value for value in graph.initializer if not [size for size in value.dims if size != 1]}
        nodes = [resize]
        while (
            (maker := makers.get(nodes[0].input[0]))
            and maker.op_type in _ELEMENTWISE
            and scalars.keys() >= set(maker.input[1:])
            and readers.count(maker.output[0]) == 1
        ):
            nodes.insert(0, maker)
        read = dict.fromkeys(name for node in nodes[:-1] for name in node.input[1:])
        return cls(tuple(nodes[:-1]), tuple(scalars[name] for name in read))


def _reads(graph: onnx.GraphProto) -> Iterator[str]:
    """The names that its nodes, the graphs inside them and its outputs read, each as often as it is read."""
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            yield from _reads(attribute.g)
    yield from (output.name for output in graph.output)
