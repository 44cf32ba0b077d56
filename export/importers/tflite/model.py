"""A `.tflite` classifier, run by LiteRT."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from export.errors import NotAClassifier
from export.importers.reference_model import vector
from export.network.output_activation import OutputActivation
from export.options import PixelOptions
from export.preprocessing.input_normalization import InputNormalization
from export.preprocessing.pixel_layout import Layout, written
from export.preprocessing.scale import Scale
from export.source.fingerprint import fingerprint
from export.source.labels import Labels
from export.source.tflite_metadata import TfliteMetadata
from export.tflite import conversion, trial
from export.tflite.conversion import Conversion
from export.tflite.file import Network
from export.tflite.scores import Ancestry

Details = Mapping[str, Any]
"""The interpreter's description of an input or output."""

SCORES, PIXELS = "tflite_scores", "tflite_pixels"
_OTHER_KERNELS = (OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, OpResolverType.BUILTIN_REF)
"""The kernel sets of LiteRT beside its default one."""
_NUDGES = 6
"""So many pictures with other last bits show what last bits do."""


class TfliteModel:
    """A model that takes pixels, opened; a `PixelModel` whose metadata may say how it wants them.

    Raises CannotOpen for a broken file, and NotAClassifier when it does not turn a picture into a score for each class.
    """

    def __init__(self, path: Path, find_labels: Callable[[int], Labels]) -> None:
        trial.check(path)
        self._path = path
        self._find_labels = find_labels
        self._interpreter = _opened(path, OpResolverType.AUTO)
        self.input = _only_picture(self._interpreter.get_input_details())
        self.output = _only_vector(self._interpreter.get_output_details())
        self.layout = _layout(self.input)
        self.metadata = _pixels(TfliteMetadata.read(path))

    @property
    def resizes_itself(self) -> bool:
        """No: a .tflite file takes one size."""
        return False

    @cached_property
    def network(self) -> Network:
        """The network, operation by operation."""
        return Network.read(self.data)

    @cached_property
    def ancestry(self) -> Ancestry:
        """Where the scores come from."""
        return Ancestry.of(self.network)

    @cached_property
    def conversion(self) -> Conversion:
        """The network in ONNX, from PIXELS to float32 SCORES."""
        return conversion.convert(self._path, self.network, PIXELS, SCORES)

    @property
    def activation(self) -> str:
        """The activation of the scores, as `interface.activation` says it."""
        return self.ancestry.activation

    @property
    def data(self) -> bytes:
        """The file."""
        return self._path.read_bytes()

    def fingerprint(self) -> str:
        """The SHA-256, in hex, of the file."""
        return fingerprint([self._path])

    def values(self, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The numbers that LiteRT gives for a batch of one, as one list; what is quantised is made float32 again."""
        return self._values(self._interpreter, batch)

    def own_answers(self, batch: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """The same from LiteRT's other kernel sets, and for batches of real numbers with other last bits."""
        answers = [self._values(interpreter, batch) for interpreter in self._others]
        if self.network.is_dynamic:
            generator = np.random.default_rng(1)
            for _ in range(_NUDGES):
                nudges = generator.integers(-1, 2, batch.shape) * np.finfo(np.float32).eps
                answers.append(self.values((batch * (1 + nudges)).astype(batch.dtype)))
        return answers

    @cached_property
    def _others(self) -> list[Interpreter]:
        opened = []
        for kernels in _OTHER_KERNELS:
            with suppress(ValueError, RuntimeError):  # not every set has a kernel for every operation
                opened.append(_opened(self._path, kernels))
        return opened

    def _values(self, interpreter: Interpreter, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        interpreter.set_tensor(self.input["index"], batch)
        interpreter.invoke()
        values = vector(interpreter.get_tensor(self.output["index"]), self.output["name"])
        scale, zero = self.output["quantization"]
        return (values.astype(np.float32) - np.float32(zero)) * np.float32(scale) if scale else values

    def normalization(self) -> InputNormalization | None:
        """Nothing: a .tflite file's layers are not followed."""
        return None

    def divergences(self, batches: Iterable[Mapping[Any, npt.NDArray[Any]]]) -> dict[Any, float]:
        """Nothing: batch normalisations are folded into the layers before them when a .tflite file is made."""
        return {}

    @property
    def step(self) -> float:
        """The distance of two neighbouring scores, where they are whole numbers; else 0."""
        return float(self.output["quantization"][0])

    def score(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The score of each class for a batch."""
        values = self.values(batch)
        return OutputActivation.of(values[np.newaxis], self.activation).apply(values)

    def found(self) -> tuple[str, ...]:
        """Its input and its output."""
        return (
            f"{self.input['name']} {self.layout} to {self.output['name']}, activation {self.activation or 'unknown'}",
        )

    def labels(self, classes: int) -> Labels:
        """The names of the classes."""
        return self._find_labels(classes)


def _opened(path: Path, kernels: OpResolverType) -> Interpreter:
    interpreter = Interpreter(model_path=str(path), num_threads=os.cpu_count(), experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    return interpreter


def _only_picture(inputs: list[Details]) -> Details:
    if len(inputs) != 1:
        names = ", ".join(details["name"] for details in inputs) or "none"
        raise NotAClassifier(f"The model does not take one picture. Its inputs: {names}.")
    return inputs[0]


def _only_vector(outputs: list[Details]) -> Details:
    """The output [1, classes], with ones between."""
    vectors = [details for details in outputs if details["shape"][1:-1].prod() == 1 and len(details["shape"]) > 1]
    if len(vectors) == 1 and len(outputs) == 1:
        return vectors[0]
    shapes = ", ".join(f"{details['name']} {details['shape'].tolist()}" for details in outputs)
    raise NotAClassifier(f"The model does not give one score for each class. Its outputs: {shapes}.")


def _layout(details: Details) -> Layout:
    dtype = tf.dtypes.as_dtype(details["dtype"])
    shape = tuple(None if size < 1 else int(size) for size in details["shape_signature"])
    layout = Layout.of(details["name"], dtype, shape)
    if layout.batch not in (None, 1):
        raise NotAClassifier(f"The model takes {written(dtype, shape)}, and cannot be fed a single picture.")
    return layout


def _pixels(metadata: TfliteMetadata) -> PixelOptions:
    scale = Scale.standard(metadata.mean, metadata.std) if metadata.mean else None
    return PixelOptions(scale=scale)
