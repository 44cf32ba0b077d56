"""Models as TensorFlow itself runs them, and what an export has to show beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from export.exporter import Export
from predictor import Classifier

TOLERANCE = 1e-5


class Reference:
    """A signature, loaded by `tf.saved_model.load`: another way than the exporter's own."""

    def __init__(self, folder: Path, signature: str = "serving_default") -> None:
        self._model = tf.saved_model.load(str(folder))  # held, because a signature does not hold its variables
        self._call = self._model.signatures[signature]

    def __call__(self, **inputs: Any) -> dict[str, np.ndarray]:
        """The outputs for inputs, by their names in the signature."""
        return {name: value.numpy() for name, value in self._call(**inputs).items()}


def assert_exact(export: Export, pictures: Path, scores: Callable[[bytes], Any]) -> None:
    """Every network input is the original's bit for bit, and every score within TOLERANCE of `scores(file)`.

    `scores` gives the original's scores in the order of the exported classes, for each file in the folder `pictures`;
    NaN for what it does not say.
    """
    parity = export.verification.parity
    assert parity.identical_inputs == 1
    assert parity.max_score_difference < TOLERANCE
    assert export.verification.unreadable == export.verification.refused == ()
    assert not export.verification.says_little
    classifier = Classifier.load(export.path)
    for path in sorted(pictures.iterdir()):
        data = path.read_bytes()
        answer, expected = classifier.scores(classifier.decode(data)), np.reshape(scores(data), -1)
        said = ~np.isnan(expected)
        assert answer.shape == expected.shape
        assert said.any()
        np.testing.assert_allclose(answer[said], expected[said], rtol=0, atol=TOLERANCE, err_msg=path.name)
