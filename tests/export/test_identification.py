"""The search for the recipe that gives answers which somebody saw: what it names is right, whatever the recipe."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from evaluation.expected.answers import ExpectedAnswer
from export.options import PixelOptions
from export.preprocessing.identification.answers import AnsweredPicture, Answers
from export.preprocessing.identification.elimination import Search, Searched
from export.preprocessing.identification.rule import Field, judge
from export.preprocessing.identification.scoring import PictureScores, Steps
from export.preprocessing.identification.space import FIELDS, Space, value
from export.preprocessing.pixel_layout import Layout
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.scale import SCALES
from export.verify.pictures import Picture
from tests.export import photographs
from tests.export.running import silent

SIZE = 32
DECIMALS = 4
CLASSES = tuple("abcde")
TRUE_RECIPES = 4
SIZES = ((211, 140), (97, 160), (190, 131), (150, 149), (120, 201))


def network(seed: int) -> Any:
    """A network of random weights, whose scores vary from picture to picture, as a function."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input([SIZE, SIZE, 3]),
            layers.Conv2D(8, 3, strides=2, activation="tanh"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(len(CLASSES), "softmax", kernel_initializer=keras.initializers.RandomNormal(0, 0.2)),
        ]
    )
    call = tf.function(lambda batch: model(batch, training=False))
    return lambda batch: call(tf.constant(batch)).numpy()[0]


def pictures() -> list[Picture]:
    """Parts of photographs of odd shapes, as JPEG and PNG, one of them turned by its EXIF."""
    return [_picture(number, size) for number, size in enumerate(SIZES)]


def _picture(number: int, size: tuple[int, int]) -> Picture:
    image = Image.fromarray(photographs.scene(photographs.SCENES[number])).resize(size)
    exif = Image.Exif()
    if number == 1:
        exif[0x0112] = 6
    file = io.BytesIO()
    image.save(file, "PNG" if number == 3 else "JPEG", exif=exif, quality=90)
    return Picture(f"{number}", file.getvalue)


def space() -> Space:
    """All recipes for a model of colours."""
    layout = Layout(tf.float32, 4, None, SIZE, SIZE, 3, channels_first=False)
    base = Preprocessing(layout, SIZE, SIZE, "tf-bilinear", "stretch", "ignore", SCALES["0..255"], "rgb")
    return Space.around(base, PixelOptions())


def answers(true: Preprocessing, score: Any, decimals: int = DECIMALS) -> Answers:
    """Of the true recipe, rounded."""
    seen, steps = [], Steps([true])
    for picture in pictures():
        scores = PictureScores(picture.read(), steps, score)(true)
        written = {label: Decimal(f"{one:.{decimals}f}") for label, one in zip(CLASSES, scores)}
        seen.append(
            AnsweredPicture(picture, ExpectedAnswer(picture.name, written), (1, 2), is_turned=picture.name == "1")
        )
    return Answers((seen[0], seen[1], *seen[2:]), decimals)


def judged(space: Space, true: Preprocessing, score: Any) -> tuple[Searched, dict[str, Field]]:
    seen = answers(true, score)
    searched = Search(space.recipes(), score, CLASSES).through(seen, silent)
    every = range(len(searched.recipes))
    return searched, judge(searched, searched.fitting(), every, seen.decimals)


def wrong(fields: dict[str, Field], true: Preprocessing) -> list[str]:
    """The fields that are named with another value than the true one."""
    return [name for name, field in fields.items() if field.is_shown and field.values != (value(true, name),)]


def same_pixels(one: Preprocessing, other: Preprocessing) -> bool:
    """Whether a model is fed the same for every picture."""
    fed: list[Any] = []

    def keep(batch: Any) -> Any:
        fed.append(batch)
        return batch

    steps = Steps([one, other])
    for picture in pictures():
        for recipe in (one, other):
            PictureScores(picture.read(), steps, keep)(recipe)
    return all(np.array_equal(first, second) for first, second in zip(fed[::2], fed[1::2]))


def some_recipes(seed: int) -> list[Preprocessing]:
    recipes = space().recipes()
    return [recipes[number] for number in np.random.default_rng(seed).integers(len(recipes), size=TRUE_RECIPES)]


def test_named_right() -> None:
    """Whatever the true recipe is, it fits, no field is named wrongly, and at least 75 % are named."""
    named: list[bool] = []
    for seed in (1, 2):
        score = network(seed)
        for true in some_recipes(seed):
            searched, fields = judged(space(), true, score)
            assert true in [searched.recipes[index] for index in searched.fitting()]
            assert wrong(fields, true) == []
            named += [field.is_shown for field in fields.values()]
    assert np.mean(named) >= 0.75


@pytest.mark.parametrize("seed", [1, 2])
def test_true_value_unknown(seed: int) -> None:
    """Where we have no recipe like the true one, none is named, unless it feeds the model the same pixels."""
    score, generator = network(seed), np.random.default_rng(seed)
    for true in some_recipes(seed):
        field = FIELDS[generator.integers(len(FIELDS))]
        searched, fields = judged(space().without(field, value(true, field)), true, score)
        if wrong(fields, true):
            assert all(same_pixels(true, searched.recipes[index]) for index in searched.fitting())
