"""The preprocessing of a model that takes pixels, said by the user and put in front of it as a graph."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from export.dataflow import Scope, Tensor
from export.errors import ExportError, MissingPreprocessing, NotAClassifier
from export.options import SCALES, Options
from export.saved_model import TensorSpec


@dataclass(frozen=True)
class Recipe:
    """File bytes to a batch of one picture as a model takes it: decode, resize, scale, arrange.

    scale: a key of SCALES. dtype: float32, or uint8 after rounding. channels_first: [1, 3, height, width] in place of
    [1, height, width, 3].
    """

    height: int
    width: int
    resize: str
    scale: str
    dtype: tf.DType
    channels_first: bool

    @classmethod
    def for_input(cls, spec: TensorSpec, options: Options) -> Recipe:
        """The recipe for a signature's input; NotAClassifier when that does not take RGB pictures."""
        shape = spec.shape or ()
        channels_first = len(shape) == 4 and shape[1] == 3 and shape[3] != 3
        is_one_picture = len(shape) == 4 and shape[0] in (None, 1) and 3 in (shape[1], shape[3])
        if not is_one_picture or spec.dtype not in (tf.float32, tf.uint8):
            raise NotAClassifier(
                f"The input {spec.key!r} is {_written(spec)}. What can be exported takes image files (strings), or "
                "float32 or uint8 pixels [N, height, width, 3] or [N, 3, height, width]."
            )
        height, width = shape[2:] if channels_first else shape[1:3]
        if height is None or width is None:
            height, width = _wanted_size(spec, options)
        return cls(height, width, options.resize, _wanted_scale(spec, options), spec.dtype, channels_first)

    def tensor(self) -> Tensor:
        """The pixels that the model takes, in a graph of their own whose input is the string `image_bytes`."""
        factor, offset = SCALES[self.scale]
        graph = tf.Graph()
        with graph.as_default():
            data = tf.compat.v1.placeholder(tf.string, [], "image_bytes")
            pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
            values = _RESIZERS[self.resize](tf.expand_dims(pixels, 0), [self.height, self.width])
            if factor != 1:
                values = values * factor
            if offset:
                values = values + offset
            if self.dtype == tf.uint8:
                values = tf.cast(tf.round(values), tf.uint8)
            if self.channels_first:
                values = tf.transpose(values, [0, 3, 1, 2])
        return Scope.of_graph(graph, prefix="preprocessing/").tensor(values.name)


def _wanted_size(spec: TensorSpec, options: Options) -> tuple[int, int]:
    if options.size is None:
        raise MissingPreprocessing(
            f"The model takes pixels of any size, {_written(spec)}, and does not say to which size pictures were "
            "resized in training. Say it with --size HEIGHT WIDTH."
        )
    return options.size


def _wanted_scale(spec: TensorSpec, options: Options) -> str:
    if spec.dtype == tf.uint8:
        if options.scale not in (None, "0..255"):
            raise ExportError(f"The model takes pixels, {_written(spec)}, which cannot be scaled to {options.scale}.")
        return "0..255"
    if options.scale is None:
        raise MissingPreprocessing(
            f"The model takes pixels, {_written(spec)}, and does not say how they were scaled in training. Say it with "
            f"--scale {'|'.join(SCALES)} (Keras applications differ: see the model's preprocess_input)."
        )
    return options.scale


def _tf_bilinear(batch: tf.Tensor, size: list[int]) -> tf.Tensor:
    """What `tf.image.resize` does by default."""
    return tf.raw_ops.ResizeBilinear(images=batch, size=size, half_pixel_centers=True)


_RESIZERS = {"tf-bilinear": _tf_bilinear}


def _written(spec: TensorSpec) -> str:
    if spec.shape is None:
        return f"{spec.dtype.name} of any shape"
    return f"{spec.dtype.name} [{', '.join('N' if size is None else str(size) for size in spec.shape)}]"
