"""The preprocessing of a model that takes pixels, said by the user and put in front of it as a graph."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from export.dataflow import Scope, Tensor
from export.errors import MissingPreprocessing, NotAClassifier
from export.options import SCALES
from export.saved_model import TensorSpec


@dataclass(frozen=True)
class Recipe:
    """File bytes to a batch of one: decode, resize as `tf.image.resize` does, scale; float32 [1, height, width, 3]."""

    height: int
    width: int
    resize: str
    scale: str

    @classmethod
    def for_input(cls, spec: TensorSpec, resize: str, scale: str | None) -> Recipe:
        """The recipe for a signature's input; NotAClassifier when it does not take RGB pictures of one size."""
        shape = spec.shape or ()
        is_pictures = spec.dtype == tf.float32 and len(shape) == 4 and shape[0] in (None, 1) and shape[3] == 3
        if not is_pictures or shape[1] is None or shape[2] is None:
            raise NotAClassifier(
                f"The input {spec.key!r} is {spec.dtype.name} {_written(spec.shape)}. What can be exported takes image "
                "files (strings) or float32 pixels [N, height, width, 3] of one size."
            )
        if scale is None:
            raise MissingPreprocessing(
                f"The model takes pixels, float32 {_written(spec.shape)}, and does not say how they were scaled in "
                f"training. Say it with --scale {'|'.join(SCALES)} (Keras applications differ: see the model's "
                "preprocess_input)."
            )
        return cls(shape[1], shape[2], resize, scale)

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
        return Scope.of_graph(graph, prefix="preprocessing/").tensor(values.name)


def _tf_bilinear(batch: tf.Tensor, size: list[int]) -> tf.Tensor:
    """What `tf.image.resize` does by default."""
    return tf.raw_ops.ResizeBilinear(images=batch, size=size, half_pixel_centers=True)


_RESIZERS = {"tf-bilinear": _tf_bilinear}


def _written(shape: tuple[int | None, ...] | None) -> str:
    if shape is None:
        return "of any shape"
    return "[" + ", ".join("N" if size is None else str(size) for size in shape) + "]"
