"""The scores that a model gives one picture by each of many recipes; what is the same for several is made once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.options import CANVAS_RESIZES
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.ranking import Score
from predictor import Limits
from predictor.image import decode
from predictor.resizing import check_resizing, read, resize

Key = tuple[Any, ...]
Array = npt.NDArray[Any]


class Steps:
    """What TensorFlow does in the recipes, in one graph: each resize and fit, and each scale and order."""

    def __init__(self, recipes: Iterable[Preprocessing]) -> None:
        self._resized: dict[Key, tuple[tf.Tensor, tf.Tensor]] = {}
        self._finished: dict[Key, tuple[tf.Tensor, tf.Tensor]] = {}
        graph = tf.Graph()
        with graph.as_default():
            images = {channels: tf.compat.v1.placeholder(tf.uint8, [None, None, channels]) for channels in (1, 3)}
            levels = {channels: tf.compat.v1.placeholder(tf.float32, [1, None, None, channels]) for channels in (1, 3)}
            for recipe in recipes:
                channels = recipe.channels
                if fit_key(recipe) not in self._resized and recipe.resizing is None:
                    made = tf.cast(recipe.resized(images[channels]), tf.float32)
                    self._resized[fit_key(recipe)] = images[channels], made
                if finish_key(recipe) not in self._finished:
                    self._finished[finish_key(recipe)] = levels[channels], recipe.finished(levels[channels])
        self._session = tf.compat.v1.Session(graph=graph)

    def resized(self, recipe: Preprocessing, pixels: Array) -> Array:
        """float32 [1, height, width, channels] of a decoded picture."""
        source, made = self._resized[fit_key(recipe)]
        return np.asarray(self._session.run(made, {source: pixels}))

    def finished(self, recipe: Preprocessing, resized: Array) -> Array:
        """The batch as the model takes it."""
        source, made = self._finished[finish_key(recipe)]
        return np.asarray(self._session.run(made, {source: resized}))


def fit_key(recipe: Preprocessing) -> Key:
    """What two recipes have in common that resize alike."""
    return recipe.resize, recipe.fit, recipe.shorter, recipe.channels


def finish_key(recipe: Preprocessing) -> Key:
    """What two recipes have in common that scale alike."""
    return recipe.scale.steps, recipe.order, recipe.channels


class PictureScores:
    """Of one picture. Only the last decoded and the last resized picture are kept, and all scores."""

    def __init__(self, data: bytes, steps: Steps, score: Score) -> None:
        self._data, self._steps, self._score = data, steps, score
        self._limits = Limits(max_bytes=len(data))
        self._decoding: Key = ()
        self._pixels: Array = np.empty(0)
        self._is_of = 0  # the hash of these pixels
        self._fitted: dict[Key, int] = {}
        self._last: tuple[Key, Array] = (), np.empty(0)
        self._scores: dict[Key, npt.NDArray[np.float32]] = {}

    def __call__(self, recipe: Preprocessing) -> npt.NDArray[np.float32]:
        """The score of each class; one of UNREADABLE for a picture that the recipe cannot read."""
        self._decode(recipe)
        fitting = (self._is_of, *fit_key(recipe))
        if fitting not in self._fitted:
            self._fitted[fitting] = self._fit(fitting, recipe)
        key = (self._fitted[fitting], *finish_key(recipe))
        if key not in self._scores:
            if self._last[0] != fitting:
                self._fit(fitting, recipe)
            self._scores[key] = self._score(self._steps.finished(recipe, self._last[1]))
        return self._scores[key]

    def _decode(self, recipe: Preprocessing) -> None:
        drawn = recipe.resize if recipe.resize in CANVAS_RESIZES else None  # the canvas resizes as it decodes
        decoding = recipe.decoder, recipe.jpeg_transform, recipe.orientation, drawn, recipe.channels
        if decoding == self._decoding:
            return
        if drawn and recipe.resizing:
            self._pixels = read(self._data, recipe.decoding, recipe.resizing, self._limits)
        else:
            self._pixels = decode(self._data, recipe.decoding, self._limits)
        self._decoding, self._is_of = decoding, _hash(self._pixels)

    def _fit(self, fitting: Key, recipe: Preprocessing) -> int:
        if recipe.resizing is None:
            values = self._steps.resized(recipe, self._pixels)
        else:
            values = self._pixels
            if recipe.decoding.decoder != "chromium":  # whose canvas has resized already
                check_resizing(values, recipe.resizing, self._limits)
                values = resize(values, recipe.resizing)
            values = values[np.newaxis].astype(np.float32)
        self._last = fitting, values
        return _hash(values)


def _hash(values: Array) -> int:
    return hash((values.shape, np.ascontiguousarray(values).tobytes()))
