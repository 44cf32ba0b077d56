"""Which of its labels a picture is given: the one definition, for metadata, logs and pages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from predictor import ANY_SCORE, ModelInfo, Prediction, Scores, labelled

DEFAULT_MIN_SCORE = 0.5
"""The least score of a label that is given, where each has a sigmoid of its own and MIN_SCORE is not set."""
MAX_NAMED = 10
MOST_BYTES = 4096
"""Of the labels and scores in the metadata of a picture: all its metadata have 8,192."""


def rule(info: ModelInfo, min_score: float | None) -> tuple[int | None, float | None]:
    """How many of the best labels a picture is given at most (None: any number), of at least which score (None: any).

    min_score: MIN_SCORE, None where it is not set. Labels with a sigmoid each do not exclude each other; all others do.
    """
    if info.activation in ("sigmoid", "sigmoid (added)"):
        return None, DEFAULT_MIN_SCORE if min_score is None else min_score
    return 1, min_score


def best(scores: Scores, info: ModelInfo, top_k: int | None, min_score: float | None) -> list[Prediction]:
    """The `top_k` best labels (None: all) of at least `min_score` (None: any), by falling score."""
    return labelled(scores, info.labels, top_k, ANY_SCORE if min_score is None else min_score)


def predicted(scores: Scores, info: ModelInfo, min_score: float | None) -> list[Prediction]:
    """The labels that a picture with these scores, float32 [classes], is given, by falling score; it may be none."""
    return best(scores, info, *rule(info, min_score))


def metadata(labels: Sequence[Prediction], info: ModelInfo) -> dict[str, str]:
    """Labels that were given, as custom metadata: `label` and `score`, empty without one; two JSON lists of several."""
    if rule(info, None)[0]:
        return {"label": labels[0].label, "score": str(labels[0].score)} if labels else {"label": "", "score": ""}
    label = json.dumps([one.label for one in labels], ensure_ascii=False)
    score = json.dumps([one.score for one in labels])
    if len(f"{label}{score}".encode()) > MOST_BYTES:
        return metadata(labels[: len(labels) * 9 // 10], info)
    return {"label": label, "score": score}


def in_words(labels: Sequence[Prediction]) -> str:
    """Labels that were given, for a sentence: `cat (97.1%), dog (61.0%)`."""
    if not labels:
        return "no label has a score that is high enough"
    more = [f"and {len(labels) - MAX_NAMED:,} more"] if len(labels) > MAX_NAMED else []
    return ", ".join([*(f"{one.label} ({one.score:.1%})" for one in labels[:MAX_NAMED]), *more])
