"""The ways in which pictures may have become pixels, made side by side from the same decoded and resized picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export import pictures
from export.preprocessing.recipe import Recipe
from export.preprocessing.scale import SCALES, USUAL_ORDER, USUAL_SCALES, Order, Scale

Batches = Mapping[str, npt.NDArray[Any]]
"""A batch as the model takes it, by the candidate's name."""


def usual_scales(recipe: Recipe, order: Order | None) -> dict[str, Recipe]:
    """The recipe with every usual scale that fits its channels, in this order, or in the one that goes with each."""
    scales = {name: SCALES[name] for name in USUAL_SCALES}
    if recipe.order == "gray":
        return {name: _with(recipe, scale, "gray") for name, scale in scales.items() if not scale.is_by_colour}
    return {name: _with(recipe, scale, order or USUAL_ORDER.get(name, "rgb")) for name, scale in scales.items()}


def scales_and_orders(recipe: Recipe, order: Order | None) -> dict[tuple[str, Order], Recipe]:
    """The recipe with every usual scale that fits its channels, in this order, or in every one that there is."""
    orders: tuple[Order, ...] = ("gray",) if recipe.order == "gray" else (order,) if order else ("rgb", "bgr")
    return {
        (name, order): _with(recipe, SCALES[name], order) for name in usual_scales(recipe, None) for order in orders
    }


def _with(recipe: Recipe, scale: Scale, order: Order) -> Recipe:
    return replace(recipe, scale=scale, order=order)


class Preparation:
    """Makes the batches of several recipes that decode and resize alike; decodes and resizes once for all."""

    def __init__(self, recipes: Mapping[Any, Recipe]) -> None:
        self._first = next(iter(recipes.values()))
        graph = tf.Graph()
        with graph.as_default():
            pixels = self._first.resized(self._first.decoded())
            self._batches = {key: recipe.finished(pixels) for key, recipe in recipes.items()}
        (self._input,) = (op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder")
        self._session = tf.compat.v1.Session(graph=graph)

    def __call__(self, data: bytes) -> dict[Any, npt.NDArray[Any]]:
        """The batch of each recipe for a picture's file; one of UNREADABLE for a bad picture."""
        made = self._session.run(self._batches, {self._input: self._first.read(data)})
        return {key: np.asarray(batch) for key, batch in made.items()}


def any_batch(recipe: Recipe) -> npt.NDArray[Any]:
    """A batch of some picture."""
    return Preparation({"": recipe})(pictures.colour().read())[""]
