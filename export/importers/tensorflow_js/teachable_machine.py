"""`metadata.json`, in which Teachable Machine describes the model beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.errors import NotAClassifier
from export.importers.tensorflow_js.document import read_json

METADATA = "metadata.json"


@dataclass(frozen=True)
class TeachableMachine:
    """The contents of the file. labels: in the order of the scores. package: of image, audio or pose models."""

    path: Path
    labels: tuple[str, ...]
    package: str
    hears_words: bool

    @classmethod
    def beside(cls, model: Path) -> TeachableMachine | None:
        """The description of the model at a path; None where there is none, or one of another origin."""
        path = model.parent / METADATA
        content = read_json(path) if path.is_file() else None
        if not isinstance(content, dict) or not {"tmVersion", "packageName", "labels", "wordLabels"} & content.keys():
            return None
        labels = content.get("labels")
        package = content.get("packageName")
        return cls(path, _texts(labels), package if isinstance(package, str) else "", "wordLabels" in content)

    def check(self) -> None:
        """Refuse what classifies no pictures."""
        if self.hears_words or self.package.endswith("/audio"):
            raise NotAClassifier("The model classifies sounds, not pictures: its metadata.json says so.")
        if self.package.endswith("/pose"):
            raise NotAClassifier(
                "The model classifies poses that another network has found in a picture: its metadata.json says so."
            )


def _texts(value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return tuple(item.strip() for item in value) if is_list else ()
