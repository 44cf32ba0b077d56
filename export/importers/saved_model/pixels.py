"""A SavedModel that takes pixels, looked at for how it wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from export.graph.dataflow import Tensor
from export.graph.flatten import subgraph
from export.graph.running import GraphRunner
from export.graph.saved_model import SavedModel
from export.graph.trace import Trace, in_order, trace
from export.importers.interface import Interface, activation, in_words
from export.importers.reference_model import vector
from export.network.output_activation import OutputActivation
from export.options import PixelOptions
from export.preprocessing import input_normalization
from export.preprocessing.batchnorm import BatchNorm, divergences, first_batch_norm
from export.source.labels import Labels


class SavedModelPixels:
    """A `PixelModel`."""

    metadata = PixelOptions()

    def __init__(self, model: SavedModel, interface: Interface, find_labels: Callable[[int], Labels]) -> None:
        self._model = model
        self._interface = interface
        self._find_labels = find_labels
        self.layout = interface.layout

    @cached_property
    def _trace(self) -> Trace:
        assert self._interface.pixels is not None
        scope = self._model.scope
        placeholder = scope.node(self._interface.pixels.name.partition(":")[0])
        return trace(scope.tensor(self._interface.scores.name), placeholder)

    @property
    def resizes_itself(self) -> bool:
        """Whether it fits pictures of any size before its first layer."""
        return input_normalization.fits_pictures(self._head_runner, self.layout)

    @property
    def step(self) -> float:
        """Its scores are not whole numbers."""
        return 0.0

    def normalization(self) -> input_normalization.InputNormalization | None:
        """The scaling of its pixels before the first layer, as far as that was not learned from them."""
        return input_normalization.measure(self._head_runner, self.layout)

    @cached_property
    def _head_runner(self) -> GraphRunner:
        return GraphRunner(subgraph(self._model, self._end_of_head))

    @cached_property
    def _batch_norm(self) -> BatchNorm | None:
        return first_batch_norm(self._trace)

    @property
    def _end_of_head(self) -> Tensor:
        """The input of the first layer, or of the batch normalisation that stands even before it."""
        probe = self._trace.network_input
        if self._batch_norm and self._batch_norm.input_tensor.node in in_order(probe, lambda node: False):
            return self._batch_norm.input_tensor
        return probe

    def divergences(self, batches: Iterable[Mapping[Any, npt.NDArray[Any]]]) -> dict[Any, float]:
        """The divergence at its first batch normalisation for each kind of batch; empty where it has none."""
        return divergences(self._model, self._batch_norm, batches) if self._batch_norm else {}

    def score(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The score of each class for a batch."""
        assert self._interface.pixels is not None
        scores, feed = self._interface.scores, {self._interface.pixels.name: self.filled(batch)}
        values = vector(self._model.call(self._interface.signature, scores, feed), scores.key)
        output_activation = OutputActivation.of(values[np.newaxis], activation(self._model.scope.tensor(scores.name)))
        return output_activation.apply(values)

    def found(self) -> tuple[str, ...]:
        """All signatures, and what is taken for the scores."""
        scores = self._interface.scores
        made_by = activation(self._model.scope.tensor(scores.name)) or "unknown"
        return *in_words(self._model), f"scores: {scores.key} of {self._interface.signature.name}, activation {made_by}"

    def labels(self, classes: int) -> Labels:
        """The names of the classes."""
        return self._find_labels(classes)

    def filled(self, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The batch repeated to the size that the signature insists on."""
        size = self.layout.batch
        return np.repeat(batch, size, axis=0) if size and len(batch) == 1 else batch
