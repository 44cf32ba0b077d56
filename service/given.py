"""Which of its labels a picture is given: the one definition, for metadata, logs and pages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from predictor import ANY_SCORE, ModelInfo, Prediction, Scores, labelled

USUAL_LEAST = 0.5
"""The least score of a label that is given, where labels do not exclude each other and MIN_SCORE is not set."""
MOST_TOLD = 10
MOST_BYTES = 4096
"""Of the labels and scores in the metadata of a picture: all its metadata have 8,192."""


def has_independent_labels(info: ModelInfo) -> bool:
    """Whether a picture may have several labels or none: each has a sigmoid of its own."""
    return info.activation in ("sigmoid", "sigmoid (added)")


def least_score(info: ModelInfo, min_score: float | None) -> float:
    """From which score on a label is given; min_score: MIN_SCORE, None where it is not set."""
    if min_score is not None:
        return min_score
    return USUAL_LEAST if has_independent_labels(info) else ANY_SCORE


def most_labels(info: ModelInfo) -> int | None:
    """How many labels a picture is given at most: the best, or any number of those that do not exclude each other."""
    return None if has_independent_labels(info) else 1


def given(scores: Scores, info: ModelInfo, min_score: float | None) -> list[Prediction]:
    """The labels that a picture with these scores, float32 [classes], is given, by falling score; it may be none."""
    return labelled(scores, info.labels, most_labels(info), least_score(info, min_score))


def stored(scores: Scores, info: ModelInfo, top_k: int | None, min_score: float | None) -> list[Prediction]:
    """The labels that its result has: the `top_k` best of at least `min_score`, all where neither is set."""
    return labelled(scores, info.labels, top_k, ANY_SCORE if min_score is None else min_score)


def metadata(labels: Sequence[Prediction], info: ModelInfo) -> dict[str, str]:
    """Labels that were given, as custom metadata: `label` and `score`, empty without one; two JSON lists of several."""
    if not has_independent_labels(info):
        return {"label": labels[0].label, "score": str(labels[0].score)} if labels else {"label": "", "score": ""}
    kept, room = [], MOST_BYTES
    for one in labels:
        room -= len(json.dumps([one.label, one.score], ensure_ascii=False).encode())
        if room < 0:
            break
        kept.append(one)
    names = json.dumps([one.label for one in kept], ensure_ascii=False)
    return {"label": names, "score": json.dumps([one.score for one in kept])}


def told(labels: Sequence[Prediction]) -> str:
    """Labels that were given, for a sentence: `cat (97.1%), dog (61.0%)`."""
    if not labels:
        return "no label has a score that is high enough"
    more = [f"and {len(labels) - MOST_TOLD:,} more"] if len(labels) > MOST_TOLD else []
    return ", ".join([*(f"{one.label} ({one.score:.1%})" for one in labels[:MOST_TOLD]), *more])
