"""Which tensor feeds which in a TensorFlow graph, once calls are entered and `map_fn` loops run for one picture.

A model that takes a batch of files maps its preprocessing over the batch with a loop. TensorFlow 2 writes a `While`
with lists of tensors, TensorFlow 1 a cycle of Enter, Merge, Switch, NextIteration and Exit with tensor arrays. For one
picture the loop's body runs once: the loop's result is what its body made of the loop's input, and to read from or
write to a list of one is to index or to add a dimension. `resolve` sees through all of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph_def

from export.errors import CannotConvert

NodeDef = Any  # tensorflow.NodeDef and FunctionDef: protocol buffers without type stubs
FunctionDef = Any


@dataclass(eq=False)
class Node:
    """One operation; `name` is unique over all scopes."""

    name: str
    definition: NodeDef
    scope: Scope | None = None
    given_inputs: tuple[Tensor, ...] = ()
    derived: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    resolved: dict[int, Tensor] = field(default_factory=dict)

    @property
    def op(self) -> str:
        """The operation's type, such as `Conv2D`."""
        return str(self.definition.op)

    @cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """The inputs of a node, without the nodes it only waits for."""
        if self.scope is None:
            return self.given_inputs
        return tuple(self.scope.tensor(name) for name in self.definition.input if not name.startswith("^"))


@dataclass(frozen=True)
class Tensor:
    """One output of a node."""

    node: Node
    index: int = 0


@dataclass(eq=False)
class Scope:
    """A graph, or one call of a function; `arguments` binds placeholders, by name, to tensors outside."""

    graph: tf.Graph
    nodes: Mapping[str, NodeDef]
    functions: Mapping[str, FunctionDef]
    arguments: Mapping[str, Tensor] = field(default_factory=dict)
    prefix: str = ""
    _seen: dict[str, Node] = field(default_factory=dict)
    _calls: dict[tuple[str, str], tuple[Scope, list[str]]] = field(default_factory=dict)

    @classmethod
    def of_graph(cls, graph: tf.Graph, prefix: str = "") -> Scope:
        """The scope of a whole graph."""
        graph_def = graph.as_graph_def()
        nodes = {node.name: node for node in graph_def.node}
        functions = {function.signature.name: function for function in graph_def.library.function}
        return cls(graph, nodes, functions, {}, prefix)

    def bound(self, arguments: Mapping[str, Tensor]) -> Scope:
        """The same graph with placeholders bound, by name, to tensors outside."""
        return Scope(self.graph, self.nodes, self.functions, arguments, self.prefix)

    def node(self, name: str) -> Node:
        """The node of that name in this scope."""
        if name not in self._seen:
            self._seen[name] = Node(self.prefix + name, self.nodes[name], self)
        return self._seen[name]

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name, `node` or `node:index`; a bound argument gives the tensor outside."""
        node, _, index = name.partition(":")
        return self.arguments.get(node) or Tensor(self.node(node), int(index or 0))

    def call(self, caller: Node, function: str, index: int, inputs: tuple[Tensor, ...]) -> Tensor:
        """Output `index` of `function`, called by `caller` with these inputs."""
        if (caller.name, function) not in self._calls:
            definition = self.functions[function]
            with self.graph.as_default():  # it looks up the functions that this one calls
                graph_def, flat_names = function_def_to_graph_def(definition)
            arguments = dict(zip((argument.name for argument in definition.signature.input_arg), inputs))
            nodes = {node.name: node for node in graph_def.node}
            scope = Scope(self.graph, nodes, self.functions, arguments, f"{caller.name}/")
            returned = [definition.ret[output.name] for output in definition.signature.output_arg]
            self._calls[caller.name, function] = scope, [flat_names[name] for name in returned]
        scope, outputs = self._calls[caller.name, function]
        return scope.tensor(outputs[index])


def resolve(tensor: Tensor) -> Tensor:
    """The tensor that holds the same value for one picture, outside calls, loops and lists."""
    passed = []
    while known := tensor.node.resolved.get(tensor.index) or _following(tensor):
        passed.append(tensor)
        tensor = known
    for each in passed:  # so that a long chain with many readers is walked once
        each.node.resolved[each.index] = tensor
    return tensor


def _following(tensor: Tensor) -> Tensor | None:
    """One step towards what `resolve` gives; None at its end."""
    step = _STEPS.get(tensor.node.op)
    return step(tensor) if step else None


def branches(tensor: Tensor) -> list[Tensor]:
    """The tensors of which `tensor` is one or the other, depending on a condition; none for others."""
    node = tensor.node
    if node.op in ("Merge", "RefMerge"):
        return list(node.inputs)
    if node.op in ("If", "StatelessIf"):
        return [_called(tensor, name, node.inputs[1:]) for name in ("then_branch", "else_branch")]
    return []


def _first_input(tensor: Tensor) -> Tensor:
    return tensor.node.inputs[0]


def _same_input(tensor: Tensor) -> Tensor:
    return tensor.node.inputs[tensor.index]


def _called(tensor: Tensor, attribute: str, inputs: tuple[Tensor, ...]) -> Tensor:
    """The outputs of the function that the attribute names, for these inputs."""
    node = tensor.node
    assert node.scope is not None
    return node.scope.call(node, node.definition.attr[attribute].func.name, tensor.index, inputs)


def _call(tensor: Tensor) -> Tensor:
    return _called(tensor, "f", tensor.node.inputs)


def _while(tensor: Tensor) -> Tensor:
    return _called(tensor, "body", tensor.node.inputs)


def _merge(tensor: Tensor) -> Tensor | None:
    """In a loop, the value from outside: there is only a first round."""
    return next((value for value in tensor.node.inputs if value.node.op in ("Enter", "RefEnter")), None)


def _switch(tensor: Tensor) -> Tensor | None:
    value, condition = tensor.node.inputs
    return value if condition.node.op == "LoopCond" else None


def _exit(tensor: Tensor) -> Tensor:
    """The output of the loop's body: Exit <- Switch <- Merge <- NextIteration <- body."""
    merge = tensor.node.inputs[0].node.inputs[0].node
    following = next(value.node for value in merge.inputs if value.node.op in ("NextIteration", "RefNextIteration"))
    return following.inputs[0]


def _read_list(tensor: Tensor) -> Tensor:
    node = tensor.node
    return _list_element(node.inputs[0], node.definition.attr["element_dtype"].type)


def _stack_list(tensor: Tensor) -> Tensor:
    dtype = tensor.node.definition.attr["element_dtype"].type
    return _batch_of_one(_list_element(tensor.node.inputs[0], dtype), dtype)


def _list_element(list_tensor: Tensor, dtype: int) -> Tensor:
    """The only element of a list of tensors."""
    node = resolve(list_tensor).node
    if node.op == "TensorListSetItem":
        return node.inputs[2]
    if node.op == "TensorListFromTensor":
        return _first_of_batch(node.inputs[0], dtype)
    raise CannotConvert(f"The graph fills a list in a way that is not understood ({node.op} in {node.name}).")


def _read_array(tensor: Tensor) -> Tensor:
    writer = _array_writer(tensor.node.inputs[0])
    dtype = tensor.node.definition.attr["dtype"].type
    return _first_of_batch(writer.inputs[2], dtype) if writer.op == "TensorArrayScatterV3" else writer.inputs[2]


def _stack_array(tensor: Tensor) -> Tensor:
    return _batch_of_one(_read_array(tensor), tensor.node.definition.attr["dtype"].type)


def _array_writer(handle: Tensor) -> Node:
    """The node that fills a TensorFlow 1 tensor array."""
    array = resolve(handle).node
    assert array.scope is not None
    for name, definition in array.scope.nodes.items():
        if definition.op in ("TensorArrayWriteV3", "TensorArrayScatterV3"):
            writer = array.scope.node(name)
            if resolve(writer.inputs[0]).node is array:
                return writer
    raise CannotConvert(f"The graph reads the tensor array {array.name}, but nothing fills it.")


def _first_of_batch(batch: Tensor, dtype: int) -> Tensor:
    batch = resolve(batch)
    if batch.node.scope is None and batch.node.op == "ExpandDims":
        return batch.node.inputs[0]
    return _derive(batch, "GatherV2", {"Tparams": dtype, "Tindices": tf.int32, "Taxis": tf.int32})


def _batch_of_one(element: Tensor, dtype: int) -> Tensor:
    return _derive(resolve(element), "ExpandDims", {"T": dtype, "Tdim": tf.int32})


def _derive(value: Tensor, op: str, types: Mapping[str, Any]) -> Tensor:
    """A new operation on `value` whose other inputs are zeros; always the same one for the same value."""
    made = value.node.derived
    if (op, value.index) not in made:
        definition = tf.compat.v1.NodeDef(op=op)
        for name, dtype in types.items():
            definition.attr[name].type = tf.dtypes.as_dtype(dtype).as_datatype_enum
        name = f"{value.node.name}/{op}_{value.index}"
        zeros = (_zero(f"{name}/zero"),) * (len(types) - 1)
        made[op, value.index] = Tensor(Node(name, definition, None, (value, *zeros)))
    return made[op, value.index]


def _zero(name: str) -> Tensor:
    definition = tf.compat.v1.NodeDef(op="Const")
    definition.attr["dtype"].type = tf.int32.as_datatype_enum
    definition.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0, tf.int32))
    return Tensor(Node(name, definition))


_STEPS: Mapping[str, Callable[[Tensor], Tensor | None]] = {
    "Identity": _first_input,
    "IdentityN": _same_input,
    "StopGradient": _first_input,
    "PreventGradient": _first_input,
    "PlaceholderWithDefault": _first_input,
    "PartitionedCall": _call,
    "StatefulPartitionedCall": _call,
    "While": _while,
    "StatelessWhile": _while,
    "TensorListGetItem": _read_list,
    "TensorListStack": _stack_list,
    "Enter": _first_input,
    "RefEnter": _first_input,
    "Merge": _merge,
    "RefMerge": _merge,
    "Switch": _switch,
    "RefSwitch": _switch,
    "Exit": _exit,
    "RefExit": _exit,
    "TensorArrayReadV3": _read_array,
    "TensorArrayGatherV3": _stack_array,
}
