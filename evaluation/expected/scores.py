"""The forms in which products write the scores of one picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from evaluation.expected.answers import Class

_LISTS = (("displayNames", "confidences"), ("labels", "scores"), ("classes", "scores"), ("labels", "confidences"))
"""Lists side by side: of Vertex AI's AutoML, of AutoML Edge, and of TensorFlow's classify signature."""
_LABELS, _SCORES = ("label", "displayName", "class", "className", "name"), ("score", "confidence", "probability")
_INNER = ("predictions", "prediction", "outputs", "classifications", "results")

Scores = dict[Class, Decimal]


def read(value: Any, depth: int = 0) -> Scores | None:
    """The scores that a JSON value holds, by label or by the number of the class; None where it holds none."""
    if depth > 3:
        return None
    if isinstance(value, list):
        return _of_list(value, depth)
    if not isinstance(value, Mapping):
        return None
    for labels, scores in _LISTS:
        if isinstance(value.get(labels), list) and isinstance(value.get(scores), list):
            return _side_by_side(value[labels], value[scores])
    if (one := _pair(value)) is not None:
        return dict([one])
    for key in _INNER:
        if key in value:
            return read(value[key], depth + 1)
    return _by_label(value) or _only_list(value, depth)


def number(value: Any) -> Decimal | None:
    """A number as it is written, also in percent; None for anything else, and for what is not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    text = str(value).strip()
    try:
        found = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        return None
    if not found.is_finite():
        return None
    return found.scaleb(-2) if text.endswith("%") else found


def _of_list(values: list[Any], depth: int) -> Scores | None:
    """Numbers in the order of the classes, pairs of label and score, or a list of one that holds either."""
    numbers = [number(value) for value in values]
    if values and all(one is not None and not isinstance(value, str) for one, value in zip(numbers, values)):
        return {place: one for place, one in enumerate(numbers) if one is not None}
    pairs = [_pair(value) if isinstance(value, Mapping) else None for value in values]
    if values and all(pairs):
        return dict(pair for pair in pairs if pair)
    return read(values[0], depth + 1) if len(values) == 1 else None


def _pair(value: Mapping[str, Any]) -> tuple[Class, Decimal] | None:
    label = next((value[key] for key in _LABELS if isinstance(value.get(key), (str, int))), None)
    score = next((one for key in _SCORES if (one := number(value.get(key))) is not None), None)
    return (label, score) if label is not None and score is not None else None


def _side_by_side(labels: Iterable[Any], scores: Iterable[Any]) -> Scores | None:
    found: Scores = {}
    for label, score in zip(_flat(labels), _flat(scores)):
        one = number(score)
        if one is None:
            return None
        found[label if isinstance(label, int) else str(label)] = one
    return found


def _flat(values: Any) -> list[Any]:
    """The list in a list of one picture."""
    return values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)


def _by_label(value: Mapping[str, Any]) -> Scores | None:
    found = {label: number(score) for label, score in value.items() if not isinstance(score, str)}
    is_all = len(found) == len(value) and found and all(score is not None for score in found.values())
    return {label: score for label, score in found.items() if score is not None} if is_all else None


def _only_list(value: Mapping[str, Any], depth: int) -> Scores | None:
    """The scores in the only list of a mapping, as TensorFlow Serving names its outputs."""
    lists = [one for one in value.values() if isinstance(one, list)]
    return read(lists[0], depth + 1) if len(lists) == 1 else None
