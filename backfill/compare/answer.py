"""The answer that a picture has: its best label, or why it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from predictor import BadImage, Classifier
from results import predicted_labels
from results.errors import status_of

NO_LABEL = ""


@dataclass(frozen=True)
class Answer:
    """The best label and its score; NO_LABEL where no score was high enough, or the picture was refused.

    model: name and version of who answered. code: why it was refused, an HTTP status, else 0.
    """

    label: str
    score: float
    model: str
    code: int = 0

    @classmethod
    def of_document(cls, document: Any) -> Answer:
        """The answer in a stored result; KeyError, TypeError or ValueError for other documents."""
        model = document["model"]
        name = f"{model['name']} {model['version']}" if model else "unknown"
        if error := document.get("error"):
            return cls(NO_LABEL, 0.0, name, int(error["code"]))
        best = max(document["predictions"], key=lambda one: float(one["score"]), default=None)
        return cls(str(best["label"]), float(best["score"]), name) if best else cls(NO_LABEL, 0.0, name)

    @classmethod
    def of_model(cls, classifier: Classifier, data: bytes, min_score: float | None) -> Answer:
        """The answer of a model to the bytes of a picture."""
        info = classifier.info
        name = f"{info.name} {info.version}"
        try:
            scores = classifier.scores(classifier.decode(data))
        except BadImage as error:
            return cls(NO_LABEL, 0.0, name, status_of(error))
        best = predicted_labels.best(scores, info, 1, min_score)
        return cls(best[0].label, float(best[0].score), name) if best else cls(NO_LABEL, 0.0, name)

    @property
    def in_words(self) -> str:
        """The label, or what stands for it."""
        return self.label or (f"refused ({self.code})" if self.code else "no label")
