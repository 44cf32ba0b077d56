"""Fused layers of a TensorFlow.js graph, taken apart into the operations of TensorFlow that compute the same.

What is fused: https://github.com/tensorflow/tfjs/blob/master/tfjs-converter/src/operations/executors, convolution and
matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from export.errors import CannotOpen, Damaged
from export.importers.tensorflow_js.operations import FUSED

GraphDef = Any  # protocol buffers without type stubs
NodeDef = Any
Reference = Callable[[str, str], str]
"""How the only output of a node is written as an input: made of the node's name and operation."""

_LAYERS = {
    "_FusedConv2D": "Conv2D",
    "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
    "_FusedMatMul": "MatMul",
}
_STEPS = frozenset(("BiasAdd", "Prelu", "Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Sigmoid", "Tanh"))
_USUAL_LEAK = 0.2  # LeakyRelu's slope where none is said


def unfuse(path: Path, graph_def: GraphDef) -> None:
    """Replace, in a graph and its functions, each fused layer by plain nodes, of which the last takes its name.

    Raises CannotOpen for what is fused otherwise than TensorFlow.js knows; `path` is for the message.
    """
    _replace(path, graph_def.node, lambda name, op: name)
    for function in graph_def.library.function:
        last = _replace(path, function.node_def, _in_function)
        for inputs in (node.input for node in function.node_def):
            inputs[:] = [_renamed(name, last) for name in inputs]
        for key in function.ret:
            function.ret[key] = _renamed(function.ret[key], last)


def _replace(path: Path, nodes: Any, reference: Reference) -> dict[str, str]:
    """Replace the fused nodes; for each, by name, the operation that now has its name."""
    before = list(nodes)
    after = [[node] if node.op not in FUSED | {"Prelu"} else list(_plain(path, node, reference)) for node in before]
    del nodes[:]
    nodes.extend(node for group in after for node in group)
    return {old.name: group[-1].op for old, group in zip(before, after) if group[-1].op != old.op}


def _in_function(name: str, op: str) -> str:
    """In a function an output is written with its name: `node:output:0`."""
    return f"{name}:{op_def_registry.get(op).output_arg[0].name}:0"


def _renamed(reference: str, last: dict[str, str]) -> str:
    name = reference.partition(":")[0]
    return _in_function(name, last[name]) if name in last else reference


def _plain(path: Path, node: NodeDef, reference: Reference) -> Iterator[NodeDef]:
    """The layer, its bias and its activation, as plain nodes, each on the one before."""
    inputs = [name for name in node.input if not name.startswith("^")]
    steps = [step.decode(errors="replace") for step in node.attr["fused_ops"].list.s]
    chain = ["Prelu"] if node.op == "Prelu" else [_LAYERS[node.op], *steps]
    if strange := set(steps) - _STEPS:
        raise CannotOpen(path, f"{node.name} fuses {min(strange)} into a layer, which TensorFlow.js does not do.")
    wanted = (2 if node.op in FUSED else 1) + sum(step in ("BiasAdd", "Prelu") for step in chain)
    if len(inputs) != wanted:
        raise Damaged(path, f"{node.name} ({node.op}) has {len(inputs)} inputs, and {wanted} are used")
    waited = [name for name in node.input if name.startswith("^")]
    given: list[str] = []
    for number, op in enumerate(chain, start=1):
        name = node.name if number == len(chain) else f"{node.name}/{number}_{op}"
        taken = 1 + (op in ("BiasAdd", "Prelu", *_LAYERS.values())) - len(given)
        given, inputs = [*given, *inputs[:taken], *waited], inputs[taken:]
        made = list(_step(node, name, op, given, reference))
        yield from made
        given, waited = [reference(name, made[-1].op)], []


def _step(node: NodeDef, name: str, op: str, inputs: list[str], reference: Reference) -> Iterator[NodeDef]:
    if op == "Prelu":
        yield from _prelu(node, name, inputs, reference)
    elif op == "LeakyRelu":
        leaky = _node(node, name, op, inputs)
        leaky.attr["alpha"].f = node.attr["leakyrelu_alpha"].f if "leakyrelu_alpha" in node.attr else _USUAL_LEAK
        yield leaky
    else:
        yield _node(node, name, op, inputs)


def _node(like: NodeDef, name: str, op: str, inputs: list[str]) -> NodeDef:
    """A node with those attributes of another that its operation has."""
    node = tf.compat.v1.NodeDef(name=name, op=op, input=inputs)
    for attribute in op_def_registry.get(op).attr:
        if attribute.name in like.attr:
            node.attr[attribute.name].CopyFrom(like.attr[attribute.name])
        elif attribute.name == "T":  # TensorFlow.js does not ask for it
            node.attr["T"].type = tf.float32.as_datatype_enum
    return node


def _prelu(like: NodeDef, name: str, inputs: list[str], reference: Reference) -> Iterator[NodeDef]:
    """`max(x, 0) - slope * max(-x, 0)`, which is exact: one of the two terms is always zero."""
    values, slopes, *waited = inputs
    parts = {part: f"{name}/{part}" for part in ("positive", "turned", "negative", "scaled")}
    yield _node(like, parts["positive"], "Relu", [values, *waited])
    yield _node(like, parts["turned"], "Neg", [values])
    yield _node(like, parts["negative"], "Relu", [reference(parts["turned"], "Neg")])
    yield _node(like, parts["scaled"], "Mul", [slopes, reference(parts["negative"], "Relu")])
    yield _node(like, name, "Sub", [reference(parts["positive"], "Relu"), reference(parts["scaled"], "Mul")])
