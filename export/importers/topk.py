"""Scores that a model has sorted: which class each belongs to, and what the classes are called."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import NotAClassifier
from export.graph.dataflow import Node, Tensor, resolve
from export.graph.flatten import subgraph
from export.graph.running import GraphRunner
from export.graph.saved_model import SavedModel, TensorSpec
from export.graph.trace import LAYERS, in_order, inputs_of
from export.importers.reference_model import ReferenceModel, SignatureReferenceModel, TensorProbe

_SORTERS = frozenset(("TopK", "TopKV2"))
"""Operations that give the largest values of their input, sorted, and the index of each."""


@dataclass(frozen=True)
class Sorting:
    """How a graph sorts: `scores` in the order of the classes, and `indices`, the class of each sorted score."""

    scores: Tensor
    indices: Tensor

    @classmethod
    def of(cls, tensor: Tensor) -> Sorting | None:
        """The sorting that makes a tensor; None when it is not sorted."""
        node = resolve(tensor).node
        if node.op in _SORTERS and resolve(tensor).index == 0:
            return cls(inputs_of(node)[0], Tensor(node, 1))
        if node.op == "GatherV2":
            scores, indices = inputs_of(node)[:2]
            if indices.index == 1 and _sorts(indices.node, scores):
                return cls(scores, indices)
        return None


def check_unsorted(scores: Tensor) -> None:
    """Refuse scores that are sorted behind the last layer, in a way that `Sorting` does not know."""
    if any(node.op in _SORTERS for node in in_order(scores, lambda node: node.op in LAYERS)):
        raise NotAClassifier(
            "The model sorts its scores in a way that is not understood, so that they do not say which class they "
            "belong to. Export it without the sorting, or choose another output with --output."
        )


class SortedReferenceModel(ReferenceModel):
    """A signature whose scores are sorted, put back into the order of the classes; NaN for those that it drops."""

    def __init__(self, sorted_original: SignatureReferenceModel, unsorted: TensorProbe, indices: TensorProbe) -> None:
        self._sorted = sorted_original
        self._unsorted = unsorted
        self._indices = indices

    def values(self, data: bytes) -> npt.NDArray[Any]:
        """The signature's own numbers, each in its class's place."""
        values = self._sorted.values(data)
        return self._placed(values, np.full(self._unsorted(data).size, np.nan, values.dtype), data)

    def scores(self, data: bytes) -> npt.NDArray[np.float32]:
        """The scores of the classes that the signature names; to make them of logits takes those that it drops too."""
        values = self._placed(self._sorted.values(data), self._unsorted(data).reshape(-1), data)
        scores = self.output_activation.apply(values)
        scores[np.isnan(self.values(data))] = np.nan
        return scores

    def network_input(self, data: bytes) -> npt.NDArray[Any]:
        """The input of the first layer."""
        return self._sorted.network_input(data)

    def text(self, output: TensorSpec, data: bytes) -> list[str]:
        """A string output for one picture, as the signature gives it."""
        return self._sorted.text(output, data)

    def _placed(self, values: npt.NDArray[Any], among: npt.NDArray[Any], data: bytes) -> npt.NDArray[Any]:
        among[self._indices(data).reshape(-1)] = values
        return among


def names(model: SavedModel, output: Tensor, sorting: Sorting, classes: int) -> list[str] | None:
    """The texts of a string output that follows the sorting, for every class; None for one that does not follow it.

    Raises NotAClassifier when it takes the names from a table.
    """
    nodes = in_order(output, lambda _: False)
    sorter = next((node for node in nodes if _sorts(node, sorting.scores)), None)
    if sorter is None:
        return None
    if tables := sorted({node.op for node in nodes if node.op.startswith("LookupTable")}):
        raise NotAClassifier(
            f"The model names the classes of its best scores only, by a table ({', '.join(tables)}) that cannot be "
            "asked for all of them. Give the names of all classes, in the order of the network, with --labels."
        )
    runner, asked = GraphRunner(subgraph(model, output)), f"{sorter.name}:1"
    *batch, shown = runner.shape(asked)
    at_once = shown or classes
    questions = np.resize(
        np.arange(classes, dtype=np.int32), (math.ceil(classes / at_once), *(1 for _ in batch), at_once)
    )
    answers = [name for indices in questions for name in runner.run_from({asked: indices})[0].reshape(-1)]
    return [name.decode() for name in answers[:classes]]


def _sorts(node: Node, scores: Tensor) -> bool:
    return node.op in _SORTERS and inputs_of(node)[0] == scores
