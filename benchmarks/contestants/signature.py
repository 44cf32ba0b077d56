"""The SavedModel's own signature in TensorFlow: files in, scores out."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class Signature:
    """A loaded SavedModel with the signature of AutoML."""

    def __init__(self, folder: str) -> None:
        self._signature = tf.saved_model.load(folder).signatures["serving_default"]

    def classify(self, data: bytes) -> list[tuple[Any, float]]:
        """The five best labels of an image file."""
        answer = self._signature(image_bytes=tf.constant([data]), key=tf.constant([""]))
        scores, labels = answer["scores"][0].numpy(), answer["labels"][0].numpy()
        return [(labels[i], float(scores[i])) for i in scores.argsort()[::-1][:5]]
