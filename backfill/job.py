"""The job of a backfill: the same for everyone who works on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from backfill.objects.pattern import Pattern
from predictor import Limits, ModelInfo
from settings import UploadSettings
from storage.location import Location

Output = Literal["objects", "jsonl"]
PREDICTIONS, ERRORS = "predictions", "errors"
"""The beginning of the names of jsonl files."""


@dataclass(frozen=True)
class Job:
    """One backfill, as it is sent to each worker."""

    pictures: Pattern
    results: Location
    model: str
    """Path or `gs://` address of the model, as a worker reaches it."""
    info: ModelInfo
    """The model's description of itself: all results name it."""
    limits: Limits
    output: Output = "objects"
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    """The most pictures that are labelled."""
    relabels: bool = False
    timeout: float = 60.0
    """Seconds after which a storage operation is given up."""
    top_k: int | None = None
    """The most labels of a picture that are stored."""
    min_score: float | None = None
    """The least score of a label that is given and stored; None: as `results/predicted_labels.py` has it."""
    thumbnails: bool = False
    """Whether pictures are made small for the report."""
    journal: str = ""
    """The folder in which workers on the same machine note how far they are; empty where nobody looks."""

    @property
    def folder(self) -> str:
        """The folder that the results of files leave out of their names, so that files and results can be moved."""
        return "" if self.pictures.bucket else self.pictures.folder

    @property
    def settings(self) -> UploadSettings:
        """The settings that select objects, as for the upload function."""
        return UploadSettings(
            results=self.results,
            bucket=self.pictures.bucket or None,
            exclude=self.exclude,
            max_event_age=math.inf,
        )
