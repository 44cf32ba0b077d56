"""Scores that a model has sorted: which class each belongs to, and what the classes are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.dataflow import Node, Scope, Tensor, resolve
from export.errors import NotAClassifier
from export.flatten import subgraph
from export.original import Original, Seen, SignatureOriginal
from export.pipeline import OwnLabels
from export.running import GraphRunner
from export.saved_model import SavedModel, Signature


def sorter(tensor: Tensor) -> Node | None:
    """The node that sorts a tensor by falling value; None when it is not sorted."""
    resolved = resolve(tensor)
    return resolved.node if resolved.node.op in ("TopKV2", "TopK") and resolved.index == 0 else None


class SortedOriginal(Original):
    """A signature whose scores are sorted, put back into the order of the classes; NaN for those that it drops."""

    def __init__(self, sorted_original: SignatureOriginal, unsorted: Seen, indices: Seen) -> None:
        self._sorted = sorted_original
        self._unsorted = unsorted
        self._indices = indices

    def values(self, data: bytes) -> npt.NDArray[Any]:
        """The signature's own numbers, each in its class's place."""
        values = self._sorted.values(data)
        in_order = np.full(self._unsorted(data).shape[-1], np.nan, values.dtype)
        in_order[self._indices(data).reshape(-1)] = values
        return in_order

    def network_input(self, data: bytes) -> npt.NDArray[Any]:
        """What the first layer sees."""
        return self._sorted.network_input(data)


def own_labels(model: SavedModel, scope: Scope, signature: Signature, node: Node, classes: int) -> OwnLabels | None:
    """The string output that follows the sorting, and what it says for every class; None when there is none.

    Raises NotAClassifier when it takes the names from where they cannot be read.
    """
    for spec in signature.outputs:
        if spec.is_string:
            strings = scope.tensor(spec.name)
            runner = GraphRunner(subgraph(model, strings))
            try:
                (names,) = runner.run_from({f"{node.name}:1": np.arange(classes, dtype=np.int32)[np.newaxis]})
            except tf.errors.OpError as error:
                raise NotAClassifier(
                    f"The output {spec.key!r} names the classes of the best scores only, and the names of all classes "
                    f"cannot be read ({error.message.splitlines()[0]}). Give them with --labels."
                ) from error
            return OwnLabels([name.decode() for name in names.reshape(-1)], f"the output {spec.key!r}")
    return None
