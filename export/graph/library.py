"""The operations and functions of a graph that is not loaded yet, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from export.graph.step_budget import NodeDef, StepBudget

FunctionDef = Any  # protocol buffers without type stubs


@dataclass
class Library:
    """The operations and functions of a graph by name; `budget` bounds what is looked at of all of it."""

    nodes: dict[str, NodeDef]
    functions: dict[str, FunctionDef]
    budget: StepBudget = field(default_factory=StepBudget)
    _bodies: dict[str, dict[str, NodeDef]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph_def: Any) -> Library:
        """That of a GraphDef."""
        budget = StepBudget()
        budget.spend(len(graph_def.node) + len(graph_def.library.function))
        functions = {function.signature.name: function for function in graph_def.library.function}
        return cls({node.name: node for node in graph_def.node}, functions, budget)

    def body(self, function: str) -> dict[str, NodeDef]:
        """The operations of a function by name."""
        if function not in self._bodies:
            nodes = self.functions[function].node_def
            self.budget.spend(len(nodes))
            self._bodies[function] = {node.name: node for node in nodes}
        return self._bodies[function]

    def called(self, node: NodeDef) -> Iterator[str]:
        """The functions that an operation calls."""
        if node.op in self.functions:
            yield str(node.op)
        waiting = list(node.attr.values())
        while waiting:
            value = waiting.pop()
            for function in (value.func, *value.list.func):
                if function.name in self.functions:
                    yield str(function.name)
                waiting.extend(function.attr.values())
