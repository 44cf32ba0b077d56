"""An exported model in two parts: the preprocessing, and the network behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import onnx
import onnx.shape_inference

from export.network.network import NETWORK_INPUT
from export.network.operations import with_domains_used
from predictor.classifier import INPUT, OUTPUT


def split_network_input(model: onnx.ModelProto) -> onnx.ModelProto:
    """Take the output NETWORK_INPUT away; what gives it, without the network's weights, is a model of its own."""
    (seen,) = (output for output in model.graph.output if output.name == NETWORK_INPUT)
    before = _part(model, model.graph.input, [seen])
    model.graph.output.remove(seen)
    return before


@dataclass(frozen=True)
class Parts:
    """The preprocessing, whose outputs are inputs of the network, and the network, which may read the picture too."""

    preprocessing: onnx.ModelProto
    network: onnx.ModelProto

    @classmethod
    def of(cls, model: onnx.ModelProto, before: onnx.ModelProto) -> Parts:
        """The parts of a model; `before` is what `split_network_input` gave.

        NETWORK_INPUT itself may have no part in the scores: tf2onnx merges a padding into the convolution behind it.
        """
        makers = {output: node for node in before.graph.node for output in node.output}
        behind = [node for node in _leading_to(model, {OUTPUT}) if not any(output in makers for output in node.output)]
        read = {name for node in behind for name in _reads(node)}
        between = {name for name in read & makers.keys() if makers[name].op_type != "Constant"}
        values = {value.name: value for value in onnx.shape_inference.infer_shapes(model).graph.value_info}
        inputs = [values[name] for name in sorted(between)]
        picture = [value for value in model.graph.input if value.name in read]
        return cls(_part(model, model.graph.input, inputs), _part(model, [*picture, *inputs], model.graph.output))

    def joined(self) -> onnx.ModelProto:
        """One model again; what is inside one part and inside the other has different names."""
        model = onnx.ModelProto()
        model.CopyFrom(self.preprocessing)
        network = self.network.graph
        model.graph.node.extend(network.node)
        model.graph.initializer.extend(network.initializer)
        del model.graph.output[:]
        model.graph.output.extend(network.output)
        known = {opset.domain for opset in model.opset_import}
        model.opset_import.extend(opset for opset in self.network.opset_import if opset.domain not in known)
        return with_domains_used(model)


def _part(
    model: onnx.ModelProto, inputs: Iterable[onnx.ValueInfoProto], outputs: Iterable[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    """The nodes from some values of a model to others; unlike onnx's Extractor it sees what branches of an If read."""
    inputs, outputs = list(inputs), list(outputs)
    nodes = _leading_to(model, {value.name for value in outputs}, {value.name for value in inputs})
    needed = {name for node in nodes for name in _reads(node)}
    constants = [constant for constant in model.graph.initializer if constant.name in needed]
    part = onnx.helper.make_graph(nodes, outputs[0].name, inputs, outputs, initializer=constants)
    return onnx.helper.make_model(part, ir_version=model.ir_version, opset_imports=model.opset_import)


def _leading_to(model: onnx.ModelProto, outputs: set[str], given: Iterable[str] = (INPUT,)) -> list[onnx.NodeProto]:
    """The nodes that make the outputs from what is given."""
    needed, last_first = set(outputs), []
    for node in reversed(model.graph.node):
        if needed.difference(given).intersection(node.output):
            needed.update(_reads(node))
            last_first.append(node)
    return last_first[::-1]


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """The inputs of a node and of the graphs inside it, and names of those graphs' own."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _reads(inner)
        yield from (value.name for value in attribute.g.output)
