"""Answers of a model file that says from which score on they are sure enough."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from functions_framework import create_app

from evaluation import model_copy
from predictor import Classifier, Decision
from tests.conftest import ROOT, SAMPLES

THREE = (SAMPLES / "3.png").read_bytes()


def client(model: Path, patch: pytest.MonkeyPatch) -> FlaskClient:
    """A function that serves a model."""
    patch.setenv("MODEL", str(model))
    function: FlaskClient = create_app("classify", str(ROOT / "main.py")).test_client()
    return function


def copy(model: Path, folder: Path, score: float) -> Path:
    """A copy that decides from a score on."""
    path = folder / f"{score}.onnx"
    model_copy.write(model, path, Decision(score, 0.02, 0.95, 1.0, 500))
    return path


def answers(function: FlaskClient) -> list[dict[str, Any]]:
    """A picture as the body, in a form alone, and in a form beside another."""
    form = {"a": (io.BytesIO(THREE), "a.png")}
    two = {"a": (io.BytesIO(THREE), "a.png"), "b": (io.BytesIO(THREE), "b.png")}
    results = function.post("/", data=two).json["results"]  # type: ignore[index]
    found = [function.post("/?top_k=1", data=THREE).json, function.post("/", data=form).json, *results]
    return [dict(one or {}) for one in found]


@pytest.mark.parametrize(("score", "decision"), [(0.5, "3"), (1.1, "unsure")])
def test_http(score: float, decision: str, digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer has the label or `unsure`; all else in it is as without."""
    before = answers(client(digits_model, monkeypatch))
    after = answers(client(copy(digits_model, tmp_path, score), monkeypatch))
    assert after == [one | {"decision": decision} for one in before]
    assert all("decision" not in one for one in before)


def test_min_score(digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision does not depend on which labels are asked for."""
    function = client(copy(digits_model, tmp_path, 0.5), monkeypatch)
    answer = function.post("/?min_score=2", data=THREE).json
    assert answer is not None
    assert (answer["predictions"], answer["decision"]) == ([], "3")


def test_boundary(digits_model: Path, tmp_path: Path) -> None:
    """A score that is exactly the least decides; the next one below it does not."""
    best = Classifier.load(digits_model).classify(THREE, 1)[0]
    decision = Classifier.load(copy(digits_model, tmp_path, best.score)).info.decision
    assert decision is not None
    assert decision.of(best.label, best.score) == "3"
    assert decision.of(best.label, best.score - 1e-9) == "unsure"
