"""The preprocessing in front of a model that takes pixels: from a picture's file to what the model is fed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import tensorflow as tf

from export.graph.dataflow import Scope, Tensor
from export.graph.description import decoded_in_words
from export.options import PILLOW_RESIZES, Fit
from export.preprocessing.fit import fitted
from export.preprocessing.pixel_layout import Layout
from export.preprocessing.scale import Order, Scale
from predictor import Decoding, Limits, Resizing
from predictor.image import decode
from predictor.metadata import Orientation, ResizeMethod
from predictor.resizing import resize


@dataclass(frozen=True)
class Recipe:
    """File bytes to a batch as a model takes it: decode, resize, scale, arrange.

    resize: one of options.RESIZES, or None for a model that resizes by itself. height, width: of what is fed, where
    it is resized. batch: how often the picture is repeated, for a model that takes no single one.
    """

    layout: Layout
    height: int
    width: int
    resize: str | None
    fit: Fit
    orientation: Orientation
    scale: Scale
    order: Order
    batch: int = 1

    @property
    def channels(self) -> int:
        """How many channels the decoded picture has."""
        return 1 if self.order == "gray" else 3

    @property
    def is_by_pillow(self) -> bool:
        """Whether the training code read its pictures with Pillow rather than with TensorFlow."""
        return self.resize in PILLOW_RESIZES

    @property
    def decoding(self) -> Decoding:
        """The part that the predictor does: how it decodes."""
        return Decoding(
            jpeg_transform="accurate" if self.is_by_pillow else "fast",
            channels=1 if self.order == "gray" else 3,
            decoder="pillow" if self.is_by_pillow else "tensorflow",
            orientation=self.orientation,
        )

    @property
    def resizing(self) -> Resizing | None:
        """The part that the predictor does: how it resizes with Pillow, if it does."""
        if not self.is_by_pillow:
            return None
        return Resizing(cast(ResizeMethod, self.resize), height=self.height, width=self.width, fit=self.fit)

    def tensor(self) -> Tensor:
        """The batch that the model takes, in a graph of its own, made of the placeholder that `read` feeds."""
        graph = tf.Graph()
        with graph.as_default():
            values = self.finished(self.resized(self.decoded()))
        return Scope.of_graph(graph, prefix="preprocessing/").tensor(values.name)

    def decoded(self) -> tf.Tensor:
        """The decoded picture, uint8 [height, width, channels], in the default graph.

        TensorFlow decodes the string placeholder `file` where it alone can do so as the recipe says; else it is itself
        a placeholder, `image`, for what the predictor decodes and Pillow has resized.
        """
        if self._is_decoded_before:
            return self.placeholder()
        data = tf.compat.v1.placeholder(tf.string, [], "file")
        return tf.io.decode_image(data, channels=self.channels, expand_animations=False)

    def placeholder(self) -> tf.Tensor:
        """A decoded picture that comes from outside."""
        return tf.compat.v1.placeholder(tf.uint8, [None, None, self.channels], "image")

    def resized(self, pixels: tf.Tensor) -> tf.Tensor:
        """A decoded picture as [1, height, width, channels], levels 0 to 255."""
        batch = tf.expand_dims(pixels, 0)
        if self.resize and not self.is_by_pillow:
            return fitted(batch, self.height, self.width, self.resize, self.fit)
        return batch

    def finished(self, pixels: tf.Tensor) -> tf.Tensor:
        """What the model is fed, made of `resized`: channels in order, values scaled, dimensions arranged."""
        return self._arranged(self._scaled(pixels))

    def read(self, data: bytes) -> Any:
        """A picture's file as the placeholder of `decoded` takes it."""
        if not self._is_decoded_before:
            return data
        pixels = decode(data, self.decoding, Limits(max_bytes=len(data)))
        return resize(pixels, self.resizing) if self.resizing else pixels

    def in_words(self) -> tuple[str, ...]:
        """The steps from file to what the model is fed, first to last."""
        decoder = "Pillow" if self.is_by_pillow else "decode_image"
        words = [decoded_in_words(decoder, self.decoding)]
        if self.resize:
            fit = "" if self.fit == "stretch" else f", {self.fit} to fit"
            words.append(f"resize to {self.height} x {self.width}, {self.resize}{fit}")
        if self.order == "bgr":
            words.append("blue, green, red")
        words += [f"{operation} {' '.join(f'{number:.6g}' for number in by)}" for operation, by in self.scale.steps]
        return tuple(words)

    @property
    def _is_decoded_before(self) -> bool:
        return self.is_by_pillow or self.orientation == "apply"

    def _scaled(self, pixels: tf.Tensor) -> tf.Tensor:
        if self.order == "bgr":
            pixels = tf.reverse(pixels, [3])
        if self.layout.dtype.is_integer:
            levels = pixels if pixels.dtype == tf.uint8 else tf.round(pixels)
            # A signed byte cannot hold 255: models quantised to int8 count the levels from -128.
            shifted = tf.cast(levels, tf.int32) - 128 if self.layout.dtype == tf.int8 else levels
            return tf.cast(shifted, self.layout.dtype)
        scaled = tf.cast(self.scale.apply(tf.cast(pixels, tf.float32), self.order), self.layout.dtype)
        # tf2onnx drops casts to half precision and back, and the rounding with them, unless something is in between.
        return tf.maximum(scaled, scaled.dtype.min) if scaled.dtype == tf.float16 else scaled

    def _arranged(self, values: tf.Tensor) -> tf.Tensor:
        if self.layout.rank == 3:
            values = tf.squeeze(values, 3)
        elif self.layout.channels_first:
            values = tf.transpose(values, [0, 3, 1, 2])
        if self.batch > 1:
            values = tf.repeat(values, self.batch, 0)
        return values
