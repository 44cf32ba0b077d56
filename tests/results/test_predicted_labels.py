"""Which of its labels a picture is given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from predictor import Classifier, ModelInfo, Prediction
from results import predicted_labels

SCORES = np.array([0.2, 0.9, 0.5, 0.49], np.float32)


@pytest.fixture(scope="module")
def info(digits_model: Path) -> ModelInfo:
    """What a model with four labels that exclude each other says of itself."""
    return replace(Classifier.load(digits_model).info, labels=("ant", "bee", "cat", "dog"))


def names(info: ModelInfo, min_score: float | None) -> list[str]:
    return [one.label for one in predicted_labels.predicted(SCORES, info, min_score)]


@pytest.mark.parametrize("activation", ["softmax", "none", "softmax (added)", "sigmoid, as two classes"])
def test_exclusive(info: ModelInfo, activation: str) -> None:
    """Of labels that exclude each other a picture is given the best, unless MIN_SCORE asks for more than it has."""
    model = replace(info, activation=activation)
    assert names(model, None) == ["bee"]
    assert names(model, 0.1) == ["bee"]
    assert names(model, 0.95) == []


@pytest.mark.parametrize("activation", ["sigmoid", "sigmoid (added)"])
def test_independent(info: ModelInfo, activation: str) -> None:
    """Of other labels it is given all from 0.5 on, or from MIN_SCORE on: several, or none; the best first."""
    model = replace(info, activation=activation)
    assert names(model, None) == ["bee", "cat"]
    assert names(model, 0.0) == ["bee", "cat", "dog", "ant"]
    assert names(model, 0.95) == []


def test_logits(info: ModelInfo) -> None:
    """The best label is given, though its score is below zero, as logits may be."""
    found = predicted_labels.predicted(SCORES - 5, replace(info, activation="none"), None)
    assert [one.label for one in found] == ["bee"]


def test_best(info: ModelInfo) -> None:
    """A result has all labels, whatever the model; with TOP_K and MIN_SCORE those that they ask for."""
    for model in (info, replace(info, activation="sigmoid")):
        assert [one.label for one in predicted_labels.best(SCORES, model, None, None)] == ["bee", "cat", "dog", "ant"]
        assert [one.label for one in predicted_labels.best(SCORES, model, 3, None)] == ["bee", "cat", "dog"]
        assert [one.label for one in predicted_labels.best(SCORES, model, 3, 0.5)] == ["bee", "cat"]
        assert predicted_labels.best(SCORES, model, None, 1.0) == []


def test_metadata(info: ModelInfo) -> None:
    """One label stands as it is, none is empty, of several there are lists in JSON."""
    several = replace(info, activation="sigmoid")
    labels = [Prediction("tench, fish", 0.75), Prediction("né", 0.5)]
    assert predicted_labels.metadata(labels[:1], info) == {"label": "tench, fish", "score": "0.75"}
    assert predicted_labels.metadata([], info) == {"label": "", "score": ""}
    assert predicted_labels.metadata(labels, several) == {"label": '["tench, fish", "né"]', "score": "[0.75, 0.5]"}
    assert predicted_labels.metadata([], several) == {"label": "[]", "score": "[]"}


def test_many_in_metadata(info: ModelInfo) -> None:
    """Of more labels than metadata hold the best are there, each with its score."""
    labels = [Prediction(f"ä label, number {number}", 1 - number / 5000) for number in range(1000)]
    found = predicted_labels.metadata(labels, replace(info, activation="sigmoid"))
    kept, scores = json.loads(found["label"]), json.loads(found["score"])
    assert len("".join(found.values()).encode()) <= predicted_labels.MOST_BYTES
    assert 50 < len(kept) < 1000
    assert (kept, scores) == ([one.label for one in labels[: len(kept)]], [one.score for one in labels[: len(kept)]])


def test_told() -> None:
    """A sentence names the labels, ten at most."""
    labels = [Prediction(f"{number}", 0.5) for number in range(1012)]
    assert predicted_labels.in_words(labels[:2]) == "0 (50.0%), 1 (50.0%)"
    assert predicted_labels.in_words(labels).endswith("9 (50.0%), and 1,002 more")
    assert predicted_labels.in_words([]) == "no label has a score that is high enough"
