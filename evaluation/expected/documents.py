"""JSON with answers: what it is of, and of which pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.expected import scores
from evaluation.expected.answers import ExpectedAnswer

_NAMES = ("file", "filename", "image", "picture", "path", "uri", "gcs_uri", "imageGcsUri", "key", "name")
_IN_INSTANCE = ("content", "gcsUri", "imageGcsUri", "image_url", "key", "file", "name", *_NAMES)
UNNAMED = "predictions"
"""The only field of an endpoint's answer, which names no pictures."""
LONGEST_NAME = 2048
"""Characters of a name; a longer text is the picture itself, in base64."""

VERTEX, OURS, NAMED, BY_NAME = (
    "batch predictions of Vertex AI",
    "results of this software",
    "answers with the names of their pictures",
    "a JSON object by the name of the picture",
)

Found = tuple[str, "ExpectedAnswer | str"]
"""The kind of a document, and an answer of it, or what is said where there is none."""


def read(document: Any) -> Iterator[Found]:
    """All answers of a document; nothing where it has none that are understood."""
    if isinstance(document, list):
        for item in document:
            yield from _one(item)
    elif isinstance(document, Mapping):
        found = list(_one(document))
        yield from found or _by_name(document)


def _one(item: Any) -> Iterator[Found]:
    """The answer of a document about one picture."""
    if not isinstance(item, Mapping):
        return
    kind, name = _name(item)
    if not name:
        return
    if "error" in item or ("errorMessage" in item):
        yield kind, f"{name}: {_shown(item.get('error', item.get('errorMessage')))}"
        return
    rest = {key: value for key, value in item.items() if key not in ("instance", "source", "model", *_NAMES)}
    if found := scores.read(rest):
        yield kind, ExpectedAnswer(name, found)


def _name(item: Mapping[str, Any]) -> tuple[str, str]:
    """The kind of a document about one picture, and the picture's name; empty where it has none."""
    source, instance = item.get("source"), item.get("instance")
    if isinstance(source, Mapping) and isinstance(source.get("name"), str):
        bucket = source.get("bucket")
        return OURS, f"gs://{bucket}/{source['name']}" if bucket else source["name"]
    if isinstance(instance, str):
        return VERTEX, _named(instance)
    if isinstance(instance, Mapping):
        return VERTEX, next((name for key in _IN_INSTANCE if (name := _named(instance.get(key)))), "")
    return NAMED, next((name for key in _NAMES if (name := _named(item.get(key)))), "")


def _by_name(document: Mapping[str, Any]) -> Iterator[Found]:
    if UNNAMED in document:
        return
    for name, value in document.items():
        if found := scores.read(value):
            yield BY_NAME, ExpectedAnswer(name, found)


def _named(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME else ""


def _shown(error: Any) -> str:
    message = error.get("message", error) if isinstance(error, Mapping) else error
    return str(message)[:200]
