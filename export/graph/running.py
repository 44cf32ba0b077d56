"""A part of a TensorFlow graph that can be run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.graph.flatten import Subgraph


class GraphRunner:
    """A session on a Subgraph, as TensorFlow's own graph optimiser makes it."""

    def __init__(self, subgraph: Subgraph) -> None:
        self._subgraph = subgraph
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(subgraph.graph_def, name="")
        self._session = tf.compat.v1.Session(graph=graph)

    def shape(self, name: str) -> list[int | None]:
        """The shape of a tensor inside the graph."""
        shape: list[int | None] = self._session.graph.get_tensor_by_name(name).shape.as_list()
        return shape

    def run(self, value: Any = None) -> list[npt.NDArray[Any]]:
        """The outputs for a value of the input, or for none where there is no input."""
        return self.run_from({self._subgraph.input: value} if self._subgraph.input else {})

    def run_from(self, feed: dict[str, Any]) -> list[npt.NDArray[Any]]:
        """The outputs when tensors inside the graph, by name, have these values."""
        return [np.asarray(output) for output in self._session.run(list(self._subgraph.outputs), feed)]
