"""An evaluation as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from evaluation.measured import Evaluation
from evaluation.threshold import Answered
from results import documents


def of(measured: Evaluation, use: str, answered: Answered | None) -> dict[str, Any]:
    """The document that `--json` prints; docs/models.md says what its fields are."""
    labels, calibration = measured.info.labels, measured.calibration()
    return {
        **documents.model(measured.info),
        "pictures": measured.pictures,
        "ml_use": use,
        "correct": measured.correct,
        "accuracy": measured.accuracy,
        "interval": dict(zip(("low", "high"), measured.interval)) | {"confidence": 0.95, "method": "Wilson"},
        "labels": [
            asdict(label) | {"precision": label.precision, "recall": label.recall} for label in measured.labels()
        ],
        "confusion": [
            {"label": labels[known], "answered": labels[best], "pictures": number}
            for (known, best), number in sorted(measured.confusion.items())
        ],
        "calibration": asdict(calibration) if calibration else None,
        "most_certainly_wrong": [
            {
                "picture": one.address,
                "label": one.known,
                "answered": one.answered,
                "score": one.score,
                "label_score": one.known_score,
            }
            for one in measured.most_certainly_wrong
        ],
        "unreadable": measured.failed,
        "unreadable_pictures": [{"picture": address, "reason": reason} for address, reason in measured.unreadable],
        "unknown_labels": dict(measured.unknown),
        "unlabelled": measured.unlabelled,
        "decision": asdict(answered) if answered else None,
    }
