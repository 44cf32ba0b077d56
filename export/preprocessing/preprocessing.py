"""The preprocessing in front of a model that takes pixels: from a picture's file to what the model is fed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast, get_args

import tensorflow as tf

from export.errors import ExportError
from export.graph.dataflow import Scope, Tensor
from export.graph.description import decoded_in_words
from export.preprocessing.fit import fitted
from export.preprocessing.pixel_layout import Layout
from export.preprocessing.scale import Order, Scale
from predictor import Decoding, Limits, Resizing
from predictor.image import decode
from predictor.metadata import CanvasMethod, Channels, Decoder, Fit, JpegTransform, Orientation, ResizeMethod
from predictor.resizing import read

_DECODERS: dict[str, Decoder] = {"pillow": "pillow", "cv2": "opencv", "chromium": "chromium"}
"""Who decodes by default, by the library that resizes."""
_IN_WORDS: dict[Decoder, str] = {
    "tensorflow": "decode_image",
    "pillow": "Pillow",
    "opencv": "OpenCV's imread",
    "chromium": "as Chromium does, within 0.005",
}
_GRAY_OF_CANVAS = (0.2989, 0.587, 0.114)
"""Teachable Machine's shares of red, green and blue (its libraries/image/src/utils/tf.ts)."""


@dataclass(frozen=True)
class Preprocessing:
    """File bytes to a batch as a model takes it: decode, resize, scale, arrange.

    resize: one of options.RESIZES, or None for a model that resizes by itself. height, width: of what is fed, where
    it is resized. batch: how often the picture is repeated, for a model that takes no single one. decoder and
    jpeg_transform: None for those that go with the resize. shorter: how long the fit `shorter-side` makes that side.
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

    decoder: Decoder | None = None
    jpeg_transform: JpegTransform | None = None
    shorter: int = 0

    @property
    def channels(self) -> int:
        """How many channels the decoded picture has; a canvas has colours, of which gray is made afterwards."""
        return 1 if self.order == "gray" and self._decoder != "chromium" else 3

    @property
    def decoding(self) -> Decoding:
        """The part that the predictor does: how it decodes."""
        return Decoding(
            jpeg_transform=self.jpeg_transform or ("fast" if self._decoder == "tensorflow" else "accurate"),
            channels=cast(Channels, self.channels),
            decoder=self._decoder,
            orientation=self.orientation,
            jpeg_least=self.height if self.resize == "chromium-image" else 0,
        )

    @property
    def resizing(self) -> Resizing | None:
        """The part that the predictor does: how it resizes, if it does."""
        if self.resize not in get_args(ResizeMethod):
            return None
        method = cast(ResizeMethod, self.resize)
        return Resizing(method, height=self.height, width=self.width, fit=self.fit, shorter=self.shorter)

    @property
    def _decoder(self) -> Decoder:
        """The one that is said, else the one of the library that resizes."""
        library = (self.resize or "").partition("-")[0]
        return self.decoder or _DECODERS.get(library, "tensorflow")

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
        if self.resize and not self.resizing:
            return fitted(batch, self.height, self.width, self.resize, self.fit, self.shorter)
        return batch

    def finished(self, pixels: tf.Tensor) -> tf.Tensor:
        """The input of the model, made of `resized`: channels in order, values scaled, dimensions arranged."""
        return self._arranged(self._scaled(pixels))

    def read(self, data: bytes) -> Any:
        """A picture's file as the placeholder of `decoded` takes it."""
        if not self._is_decoded_before:
            return data
        limits = Limits(max_bytes=len(data))
        return (
            read(data, self.decoding, self.resizing, limits) if self.resizing else decode(data, self.decoding, limits)
        )

    def in_words(self) -> tuple[str, ...]:
        """The steps from file to what the model is fed, first to last."""
        words = [decoded_in_words(_IN_WORDS[self._decoder], self.decoding)]
        if self.resize:
            side = f" of {self.shorter}" if self.shorter else ""
            fit = "" if self.fit == "stretch" else f", {self.fit}{side} to fit"
            words.append(f"resize to {self.height} x {self.width}, {self.resize}{fit}")
        if self.order == "bgr":
            words.append("blue, green, red")
        words += [f"{operation} {' '.join(f'{number:.6g}' for number in by)}" for operation, by in self.scale.steps]
        return tuple(words)

    @property
    def _is_decoded_before(self) -> bool:
        decoding = self.decoding
        by_tensorflow = Decoding(channels=decoding.channels)
        return decoding != by_tensorflow or self.resizing is not None

    def _scaled(self, pixels: tf.Tensor) -> tf.Tensor:
        if self.order == "gray" and self.channels == 3:
            pixels = tf.reduce_sum(tf.cast(pixels, tf.float32) * tf.constant(_GRAY_OF_CANVAS), axis=3, keepdims=True)
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


def check(preprocessing: Preprocessing) -> None:
    """ExportError for choices that do not go together."""
    on_canvas = preprocessing.resize in get_args(CanvasMethod)
    if preprocessing.decoder and on_canvas != (preprocessing.decoder == "chromium"):
        raise ExportError("Chromium's canvas both decodes and resizes: say --resize chromium-image or chromium-frame.")
    if on_canvas and (preprocessing.height, preprocessing.fit) != (preprocessing.width, "crop"):
        raise ExportError(
            f"Chromium's canvas is square here, and shows the middle of the picture: {preprocessing.height} x "
            f"{preprocessing.width} with --fit {preprocessing.fit} cannot be exported with --resize "
            f"{preprocessing.resize}. Say --fit crop for a square."
        )
    if preprocessing.jpeg_transform == "fast" and preprocessing.decoding.decoder != "tensorflow":
        raise ExportError("--jpeg-transform is a choice of TensorFlow's decoder alone; leave it out.")
