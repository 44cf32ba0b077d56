"""A finished `.tflite` file, run by LiteRT on the original's own pixels, or on a phone's."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from export.errors import CannotConvert, first_line
from export.formats.tflite.network import Batch, PixelNetwork
from export.formats.tflite.phone import stretched
from export.verify.parity import Comparison
from predictor import BadImage, Decoding, Limits, Scores
from predictor.image import decode


class TfliteExported:
    """An `Exported`; its first layer stands behind what the converter merged, so what it is fed is taken for that."""

    def __init__(self, path: Path, network: PixelNetwork) -> None:
        """Raises CannotConvert when LiteRT does not load the file."""
        self._network = network
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=os.cpu_count())
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise CannotConvert(f"LiteRT cannot run the converted network: {first_line(error)}") from error
        (self._input,), (self._output,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()

    def decode(self, data: bytes) -> Batch:
        """The resized pixels that the original's own steps make of a file; BadImage for a bad one."""
        try:
            return self._network.pixels(data)
        except tf.errors.InvalidArgumentError as error:  # of a crop or resize in the graph
            raise BadImage(first_line(error)) from error

    def scores(self, pixels: Batch) -> Scores:
        """The score of every class, float32 [classes]; whole numbers are made real by their scale."""
        self._interpreter.set_tensor(self._input["index"], pixels)
        self._interpreter.invoke()
        values = self._interpreter.get_tensor(self._output["index"])[0]
        scale, zero = self._output["quantization"]
        real: Scores = (values.astype(np.float32) - np.float32(zero)) * np.float32(scale) if scale else values
        return real

    def network_input(self, pixels: Batch) -> Batch:
        """The input of the file."""
        return pixels


@dataclass(frozen=True)
class PhoneResize:
    """The change of the scores where a phone resizes by itself: on so many pictures, by how much at most they move.

    agreeing: how many of them get the original's label.
    """

    pictures: int
    agreeing: int
    difference: float

    @classmethod
    def measured(cls, file: TfliteExported, network: PixelNetwork, compared: Iterable[Comparison]) -> PhoneResize:
        """On the pictures that the file was compared on."""
        moved = []
        for comparison in compared:
            scores = file.scores(on_phone(network, comparison.picture.read()))
            moved.append(Comparison(comparison.picture, comparison.reference_model, scores, identical_input=False))
        agreeing = sum(chosen == other for chosen, other in (comparison.labels for comparison in moved))
        return cls(len(moved), agreeing, max(comparison.difference for comparison in moved))


def on_phone(network: PixelNetwork, data: bytes) -> Batch:
    """The input of a file for a picture that a phone's own decoder and resize prepare."""
    height, width, channels = network.shape
    pixels = decode(data, Decoding(channels=1 if channels == 1 else 3), Limits(max_bytes=len(data)))
    batch: npt.NDArray[np.uint8] = stretched(pixels, height, width)[np.newaxis]
    return batch.astype(network.dtype)
