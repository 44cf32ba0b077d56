"""The ways in which pictures may have become pixels, made side by side from the same decoded and resized picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.scale import SCALES, USUAL_ORDER, USUAL_SCALES, Order, Scale
from export.verify import pictures

Batches = Mapping[str, npt.NDArray[Any]]
"""A batch as the model takes it, by the candidate's name."""


def usual_scales(preprocessing: Preprocessing, order: Order | None) -> dict[str, Preprocessing]:
    """The recipe with every usual scale that fits its channels, in this order, or in the one that goes with each."""
    scales = {name: SCALES[name] for name in USUAL_SCALES}
    if preprocessing.order == "gray":
        return {name: _with(preprocessing, scale, "gray") for name, scale in scales.items() if not scale.is_by_colour}
    return {name: _with(preprocessing, scale, order or USUAL_ORDER.get(name, "rgb")) for name, scale in scales.items()}


def scales_and_orders(preprocessing: Preprocessing, order: Order | None) -> dict[tuple[str, Order], Preprocessing]:
    """The recipe with every usual scale that fits its channels, in this order, or in every one that there is."""
    orders: tuple[Order, ...] = ("gray",) if preprocessing.order == "gray" else (order,) if order else ("rgb", "bgr")
    return {
        (name, order): _with(preprocessing, SCALES[name], order)
        for name in usual_scales(preprocessing, None)
        for order in orders
    }


def _with(preprocessing: Preprocessing, scale: Scale, order: Order) -> Preprocessing:
    return replace(preprocessing, scale=scale, order=order)


class Preparation:
    """Makes the batches of several recipes that decode and resize alike; decodes and resizes once for all."""

    def __init__(self, recipes: Mapping[Any, Preprocessing]) -> None:
        self._first = next(iter(recipes.values()))
        graph = tf.Graph()
        with graph.as_default():
            pixels = self._first.resized(self._first.decoded())
            self._batches = {key: preprocessing.finished(pixels) for key, preprocessing in recipes.items()}
        (self._input,) = (op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder")
        self._session = tf.compat.v1.Session(graph=graph)

    def __call__(self, data: bytes) -> dict[Any, npt.NDArray[Any]]:
        """The batch of each recipe for a picture's file; one of UNREADABLE for a bad picture."""
        made = self._session.run(self._batches, {self._input: self._first.read(data)})
        return {key: np.asarray(batch) for key, batch in made.items()}


def any_batch(preprocessing: Preprocessing) -> npt.NDArray[Any]:
    """A batch of some picture."""
    return Preparation({"": preprocessing})(pictures.colour().read())[""]
