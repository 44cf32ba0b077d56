"""The nodes that are reached in a graph that is not loaded yet, from tensors back to all that runs for them.

Functions are entered wherever an attribute names them, or where an operation is of their name, as TensorFlow 1 called
them; of a function all counts, for TensorFlow may run what no output needs. Where strings that name files come from is
followed through calls, so that the model's own files can be told from others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import tensorflow as tf

from export.graph.effects import FILE_READERS, RESTORERS, attribute, beyond_computing
from export.graph.library import Library
from export.graph.step_budget import NodeDef

_LOOPS = frozenset(("While", "StatelessWhile"))
_BRANCHES = frozenset(("If", "StatelessIf", "Case", "StatelessCase"))
_CALLS = frozenset(("PartitionedCall", "StatefulPartitionedCall"))
_SAME = frozenset(("Identity", "ReadVariableOp"))


@dataclass(frozen=True)
class PathOrigin:
    """Where the name of a file comes from: fed by us, for the checkpoint or an asset, or read from a variable."""

    kind: str
    variable: str = ""


CHECKPOINT, ASSET = PathOrigin("checkpoint"), PathOrigin("asset")


@dataclass(frozen=True)
class Finding:
    """An operation that does more than compute, and what, as the end of a sentence."""

    name: str
    op: str
    what: str


@dataclass(frozen=True)
class _Scope:
    """The main graph, or a function called with arguments of known origin."""

    nodes: Mapping[str, NodeDef]
    given: Mapping[str, PathOrigin | None]

    def node(self, tensor: str) -> NodeDef | None:
        return self.nodes.get(tensor.removeprefix("^").partition(":")[0])


@dataclass
class Reach:
    """The nodes that some tensors of the main graph reach; `fed` are the tensors that are given names of files."""

    library: Library
    fed: Mapping[str, PathOrigin]
    nodes: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    _findings: list[Finding] = field(default_factory=list)
    _reads: list[tuple[Finding, str]] = field(default_factory=list)
    _written: dict[str, bool] = field(default_factory=dict)
    _waiting: list[tuple[str, tuple[PathOrigin | None, ...]]] = field(default_factory=list)
    _entered: set[tuple[str, tuple[PathOrigin | None, ...]]] = field(default_factory=set)

    @classmethod
    def of(cls, library: Library, tensors: Iterable[str], fed: Mapping[str, PathOrigin]) -> Reach:
        """All that the tensors need and what that calls; TooComplex where it is beyond measure."""
        reach = cls(library, fed)
        reach._follow(tensors)
        while reach._waiting:
            function, origins = reach._waiting.pop()
            names = (argument.name for argument in library.functions[function].signature.input_arg)
            scope = _Scope(library.body(function), dict(zip(names, origins)))
            for node in library.functions[function].node_def:
                reach._look_at(node, scope)
        return reach

    def trusted_variables(self, others: Iterable[Reach]) -> frozenset[str]:
        """The string variables that nothing here or in the others fills but with the paths of assets."""
        reaches = [self, *others]
        if any("" in reach._written for reach in reaches):  # something is written to a variable that is not known
            return frozenset()
        names = {name for reach in reaches for name in reach._written}
        return frozenset(name for name in names if all(reach._written.get(name, True) for reach in reaches))

    def findings(self, trusted_variables: frozenset[str]) -> Iterator[Finding]:
        """The nodes that do more than compute, where these variables hold paths of assets."""
        yield from self._findings
        yield from (finding for finding, variable in self._reads if variable not in trusted_variables)

    def _follow(self, tensors: Iterable[str]) -> None:
        scope = _Scope(self.library.nodes, {})
        waiting = list(tensors)
        while waiting:
            node = scope.node(waiting.pop())
            if node is None or node.name in self.nodes:
                continue
            self.nodes.add(node.name)
            self._look_at(node, scope)
            waiting.extend(node.input)

    def _look_at(self, node: NodeDef, scope: _Scope) -> None:
        self.library.budget.spend(1 + len(node.input))
        if node.op == "Const":
            self.library.budget.hold(node)
        for function in self.library.called(node):
            self._enter(function, self._arguments(node, function, scope))
        if node.op not in self.library.functions:
            self._judge(node, scope)

    def _enter(self, function: str, origins: tuple[PathOrigin | None, ...]) -> None:
        self.functions.add(function)
        if (function, origins) not in self._entered:
            self.library.budget.spend(1 + len(origins))
            self._entered.add((function, origins))
            self._waiting.append((function, origins))

    def _judge(self, node: NodeDef, scope: _Scope) -> None:
        """Note what the node does besides computing, unless it is to read the model's own files."""
        if node.op == "AssignVariableOp" and attribute(node, "dtype").type == tf.string.as_datatype_enum:
            variable, value = (self._origin(name, scope) for name in node.input[:2])
            name = variable.variable if variable else ""
            self._written[name] = self._written.get(name, True) and value == ASSET
        what = beyond_computing(node)
        if not what:
            return
        finding = Finding(node.name, node.op, what)
        origin = self._origin(_file_name(node), scope)
        if node.op in FILE_READERS and origin and origin.kind == "variable":
            self._reads.append((finding, origin.variable))
        elif (node.op in FILE_READERS, origin) != (True, ASSET) and (node.op in RESTORERS, origin) != (
            True,
            CHECKPOINT,
        ):
            self._findings.append(finding)

    def _origin(self, tensor: str, scope: _Scope) -> PathOrigin | None:
        """Where a name of a file comes from; None for anything that is not known."""
        while tensor:
            self.library.budget.spend()
            name, _, index = tensor.partition(":")
            if name in scope.given:
                return scope.given[name]
            if scope.nodes is self.library.nodes and (fed := self.fed.get(f"{name}:{index or 0}")):
                return fed
            node = scope.node(tensor)
            if node is None or node.op not in _SAME:
                return _of_variable(node, scope.nodes is self.library.nodes)
            tensor = next(iter(node.input), "")
        return None

    def _arguments(self, node: NodeDef, function: str, scope: _Scope) -> tuple[PathOrigin | None, ...]:
        """The origins of what a function is called with, as far as they matter."""
        wanted = self.library.functions[function].signature.input_arg
        matters = [argument.type in _OF_FILES for argument in wanted]
        inputs = [name for name in node.input if not name.startswith("^")]
        if node.op in _BRANCHES:
            inputs = inputs[1:]
        elif node.op in _LOOPS:
            kept = self._kept_by_loop(node)
            inputs = [name if index in kept else "" for index, name in enumerate(inputs)]
        elif node.op not in _CALLS and node.op != function:
            inputs = []
        origins = [self._origin(name, scope) if needed else None for name, needed in zip(inputs, matters)]
        return (*origins, *[None] * (len(wanted) - len(origins)))

    def _kept_by_loop(self, node: NodeDef) -> set[int]:
        """The numbers of the values that a loop's body gives back as they were."""
        function = self.library.functions.get(attribute(node, "body").func.name)
        if function is None:
            return set()
        arguments = [argument.name for argument in function.signature.input_arg]
        # Each argument stands for itself in place of an origin.
        scope = _Scope(
            self.library.body(function.signature.name), {name: PathOrigin("argument", name) for name in arguments}
        )
        outputs = [function.ret[output.name] for output in function.signature.output_arg]
        same = (self._origin(output, scope) == scope.given[name] for output, name in zip(outputs, arguments))
        return {index for index, is_same in enumerate(same) if is_same}


_OF_FILES = (tf.string.as_datatype_enum, tf.resource.as_datatype_enum)


def _of_variable(node: NodeDef | None, in_main_graph: bool) -> PathOrigin | None:
    if node is None or not in_main_graph or node.op != "VarHandleOp":
        return None
    return PathOrigin("variable", node.name) if attribute(node, "dtype").type == tf.string.as_datatype_enum else None


def _file_name(node: NodeDef) -> str:
    """The input that names the file which an operation reads; empty where none does."""
    index = FILE_READERS.get(node.op, RESTORERS.get(node.op))
    return str(node.input[index]) if index is not None and index < len(node.input) else ""
