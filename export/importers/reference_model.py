"""The original, run on image files: what the finished file is compared with."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import CannotConvert, NotAClassifier
from export.graph.running import GraphRunner
from export.graph.saved_model import SavedModel, TensorSpec
from export.importers.interface import Interface
from export.network.output_activation import OutputActivation

Read = Callable[[bytes], Any]
"""From a picture's file to what a graph is fed: the file wrapped, or pixels decoded."""

Bounds = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""The least and the greatest score of each class, [classes] each."""


class ReferenceModel(ABC):
    """Answers for one image file at a time; `output_activation` is what is put behind its own values."""

    output_activation = OutputActivation.AS_IS

    def ended(self, output_activation: OutputActivation) -> ReferenceModel:
        """The same with another ending, once its own values are known."""
        other = copy(self)
        other.output_activation = output_activation
        return other

    @property
    def likeness(self) -> str:
        """How like the finished file is by construction, in words, where more can be said than what is measured."""
        return ""

    @abstractmethod
    def values(self, data: bytes) -> npt.NDArray[Any]:
        """The model's own output, [outputs]; NaN for what it does not say; one of UNREADABLE for bad pictures."""

    @abstractmethod
    def network_input(self, data: bytes) -> npt.NDArray[Any]:
        """The input of the first layer with weights."""

    def bounds(self, data: bytes) -> Bounds | None:
        """The least and the greatest that each score may be, where the original itself has no single answer."""
        return None

    def scores(self, data: bytes) -> npt.NDArray[np.float32]:
        """The score of every class, float32 [classes]: the values with the ending behind them."""
        return self.output_activation.apply(self.values(data))


class SignatureReferenceModel(ReferenceModel):
    """A SavedModel's signature, run by TensorFlow as it was saved."""

    def __init__(
        self, model: SavedModel, interface: Interface, feed: Callable[[bytes], dict[str, Any]], probe: TensorProbe
    ) -> None:
        """feed: for a picture's file the tensor that holds it, by name. probe: what the first layer sees."""
        self._model = model
        self._interface = interface
        self._feed = feed
        self._probe = probe

    def values(self, data: bytes) -> npt.NDArray[Any]:
        """The signature's scores, as one list."""
        return vector(self._call(self._interface.scores, data), self._interface.scores.key)

    def network_input(self, data: bytes) -> npt.NDArray[Any]:
        """The input of the first layer, from a copy of the graph that ends there."""
        return self._probe(data)

    def text(self, output: TensorSpec, data: bytes) -> list[str]:
        """A string output for one picture, as one list."""
        return [value.decode() for value in self._call(output, data).reshape(-1)]

    def _call(self, output: TensorSpec, data: bytes) -> npt.NDArray[Any]:
        return self._model.call(self._interface.signature, output, self._feed(data))


class TensorProbe:
    """Runs a graph from a picture's file to a tensor."""

    def __init__(self, runner: GraphRunner, read: Read) -> None:
        self._runner = runner
        self._read = read

    def __call__(self, data: bytes) -> npt.NDArray[Any]:
        """The tensor's value for a picture's file."""
        (probe,) = self._runner.run(self._read(data))
        return probe


def vector(values: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """The output of a model for the first picture of its batch, as one list; NotAClassifier when it is no list."""
    shape = values.shape[1:] or values.shape
    if math.prod(shape) != max(shape, default=0):
        raise NotAClassifier(
            f"For one picture the output {name!r} has the shape {list(values.shape)}, not [1, classes]."
        )
    first = values if values.ndim == 1 else values[0]
    if first.dtype.kind not in "fiu":
        raise CannotConvert(f"The output {name!r} holds {first.dtype}, which are no scores.")
    return first.reshape(-1)


def check_alike(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> None:
    """Refuse a model whose values for the same picture change from call to call."""
    if not np.allclose(first, second, rtol=1e-3, atol=1e-4, equal_nan=True):
        raise NotAClassifier(
            "The model gives another answer for the same picture each time it is asked (a dropout or augmentation "
            "layer was left on when it was saved). Save it with training=False; in Keras 3 with "
            "keras.Model(model.inputs, model(model.inputs, training=False)).export(FOLDER)."
        )
