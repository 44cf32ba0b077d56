"""The original, run by TensorFlow on image files: what the finished file is compared with."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.ending import Ending
from export.errors import NotAClassifier
from export.flatten import FlatGraph
from export.saved_model import SavedModel, Signature, TensorSpec


class Original:
    """A signature that answers for one image file at a time.

    computed: which of the signature's inputs are made by preprocessing in front of the model, and the names of the
    tensors in `flat.bytes_graph_def` that hold them.
    ending: what is put behind the model; it can be set once the model's own values are known.
    """

    def __init__(
        self,
        model: SavedModel,
        signature: Signature,
        scores: TensorSpec,
        flat: FlatGraph,
        computed: Mapping[str, str],
    ) -> None:
        self._model = model
        self._signature = signature
        self._scores = scores
        self._flat = flat
        self._computed = computed
        self.ending = Ending.AS_IS
        self._is_base64 = any(node.op == "DecodeBase64" for node in flat.bytes_graph_def.node)
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(flat.bytes_graph_def, name="")
        self._preprocessing = tf.compat.v1.Session(graph=graph)

    def scores(self, data: bytes) -> npt.NDArray[np.float32]:
        """The score of every class, float32 [classes], as the signature computes them, with the ending behind it."""
        (values,) = self._model.run([self._scores.name], self._feed(data))
        if values.ndim < 2 or values.size != values.shape[0] * values.shape[-1]:
            raise NotAClassifier(
                f"For one picture the output {self._scores.key!r} has the shape {list(values.shape)}, not [1, classes]."
            )
        return self.ending.apply(values[0].reshape(-1))

    def network_input(self, data: bytes) -> npt.NDArray[Any]:
        """What the first layer with weights sees."""
        return self._preprocess(self._flat.network_input, data)

    def text(self, output: TensorSpec, data: bytes) -> list[str]:
        """A string output for one picture, as one list."""
        (values,) = self._model.run([output.name], self._feed(data))
        return [value.decode() for value in values.reshape(-1)]

    def _preprocess(self, name: str, data: bytes) -> npt.NDArray[Any]:
        placeholder = self._preprocessing.graph.get_tensor_by_name(self._flat.bytes_input)
        value = self._encode(data)
        return np.asarray(
            self._preprocessing.run(name, {placeholder: value if placeholder.shape.rank == 0 else [value]})
        )

    def _encode(self, data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=") if self._is_base64 else data

    def _feed(self, data: bytes) -> dict[str, Any]:
        """A value for every input of the signature: the picture where it belongs, a word for other strings."""
        feed: dict[str, Any] = {}
        for spec in self._signature.inputs:
            if spec.name in self._computed:
                feed[spec.name] = self._preprocess(self._computed[spec.name], data)
            elif spec.is_string:
                value = self._encode(data) if spec.name == self._flat.bytes_input else b"0"
                feed[spec.name] = value if spec.shape == () else [value]
            else:
                raise NotAClassifier(f"The signature also wants {spec.key!r}, and one picture is all there is.")
        return feed
