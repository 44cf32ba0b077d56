"""The way of a picture through a SavedModel's signature, to its scores and their labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from export.graph import attributes
from export.graph.dataflow import Node, Scope, Tensor
from export.graph.flatten import subgraph
from export.graph.running import GraphRunner
from export.graph.saved_model import SavedModel, TensorSpec
from export.graph.trace import Trace, trace
from export.importers import topk
from export.importers.interface import Interface
from export.importers.pipeline import OwnLabels
from export.importers.reference_model import Read, SignatureReferenceModel, TensorProbe
from export.importers.topk import SortedReferenceModel, Sorting
from export.verify import pictures

Feed = Callable[[bytes], dict[str, Any]]
"""For a picture's file the tensor that holds it, by name."""


@dataclass(frozen=True)
class ScorePath:
    """The way through a graph: its scores in the order of the classes, and how they are sorted then, if they are."""

    scope: Scope
    interface: Interface
    scores: Tensor
    sorting: Sorting | None
    trace: Trace

    @classmethod
    def through(cls, scope: Scope, interface: Interface, picture: Node | None = None) -> ScorePath:
        """From `picture`, or from the graph's own decoder, to the scores."""
        scores = scope.tensor(interface.scores.name)
        sorting = Sorting.of(scores)
        if sorting:
            scores = sorting.scores
        topk.check_unsorted(scores)
        found = trace(scores, picture)
        attributes.check(found.nodes)
        return cls(scope, interface, scores, sorting, found)

    def reference_model(
        self, model: SavedModel, feed: Feed, read: Read
    ) -> SignatureReferenceModel | SortedReferenceModel:
        """The signature that this is the way through."""
        probe = self._probe(model, self.trace.network_input, read)
        reference_model = SignatureReferenceModel(model, self.interface, feed, probe)
        if self.sorting is None:
            return reference_model
        unsorted, indices = (self._probe(model, tensor, read) for tensor in (self.scores, self.sorting.indices))
        return SortedReferenceModel(reference_model, unsorted, indices)

    def _probe(self, model: SavedModel, tensor: Tensor, read: Read) -> TensorProbe:
        return TensorProbe(GraphRunner(subgraph(model, tensor)), read)

    def labels(
        self, model: SavedModel, reference_model: SignatureReferenceModel | SortedReferenceModel, classes: int
    ) -> OwnLabels | None:
        """The names of a string output that has one for each class, the same for every picture."""
        for output in self.interface.signature.outputs:
            if not output.is_string:
                continue
            strings = self.scope.tensor(output.name)
            names = topk.names(model, strings, self.sorting, classes) if self.sorting else None
            if names := names or _constant_text(reference_model, output, classes):
                return OwnLabels(names, f"the output {output.key!r}")
        return None


def _constant_text(
    reference_model: SignatureReferenceModel | SortedReferenceModel, output: TensorSpec, classes: int
) -> list[str] | None:
    first, second = (reference_model.text(output, picture.read()) for picture in pictures.made()[:2])
    return first if first == second and len(first) == classes else None
