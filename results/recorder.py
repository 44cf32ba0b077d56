"""Where what is known about an upload is stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from predictor import ModelInfo, Prediction
from results import documents, stored
from results.outcome import Outcome
from storage.calls import ObjectRetained
from storage.deadline import Deadline
from storage.location import Location
from storage.result_version import FileSource, ResultVersion
from storage.upload import Upload

_log = logging.getLogger(__name__)


class Results(Protocol):
    """Keeps results; `storage/client.py` has the one in Cloud Storage."""

    def store(
        self,
        target: Location,
        document: Mapping[str, Any],
        result_version: ResultVersion,
        facts: Mapping[str, str],
        deadline: Deadline,
    ) -> bool:
        """Store a result, with the facts in its metadata where there are any; False when a better one is there.

        Better is a newer one, and one that is final while this is not: it stays.
        """


@dataclass(frozen=True)
class Recorder:
    """Stores labels, or why there are none, so that the newest generation has the last word."""

    kept: Results
    prefix: Location
    info: ModelInfo | None
    """Of the model that was asked; None where none could be loaded."""
    relabels: bool = False
    """Whether labels that another model gave to the same generation are replaced."""
    folder: str = ""
    """The beginning of files' names that the names of their results do without."""

    def labels(self, upload: Upload, found: Sequence[Prediction], deadline: Deadline) -> Outcome:
        """Store an upload's labels, the best first; SUPERSEDED when a newer generation has its result."""
        answer = documents.predictions(found) | documents.decision(found, self.info)
        return self._store(upload, Outcome.LABELLED, answer, deadline)

    def error(self, upload: Upload, outcome: Outcome, code: int, reason: str, deadline: Deadline) -> Outcome:
        """Store why an upload has no labels: the outcome, or SUPERSEDED as above, or when its labels are there."""
        return self._store(upload, outcome, {"error": {"code": code, "message": reason}}, deadline)

    def result_version(self, upload: Upload, outcome: Outcome) -> ResultVersion:
        """The version that decides which of two results stays."""
        version = self.info.version if self.info else ""
        return ResultVersion(
            upload.generation, outcome is not Outcome.FAILED, version, self.relabels, FileSource.of(upload)
        )

    def _store(self, upload: Upload, outcome: Outcome, found: dict[str, Any], deadline: Deadline) -> Outcome:
        document, result_version = stored.document(upload, found, self.info), self.result_version(upload, outcome)
        facts = documents.facts(outcome.value, found)

        def store(place: Location) -> bool:
            return self.kept.store(place, document, result_version, facts, deadline)

        is_newest = put(self.prefix, upload, result_version, ".json", store, self.folder)
        return outcome if is_newest else Outcome.SUPERSEDED


def put(
    prefix: Location,
    upload: Upload,
    result_version: ResultVersion,
    suffix: str,
    put_at: Callable[[Location], bool],
    folder: str = "",
) -> bool:
    """Put something about an upload at its place, or beside it where a retention policy or a hold keeps what is there.

    What `put_at` gives; raises ObjectRetained when what is beside it may not be replaced either.
    """
    try:
        return put_at(stored.location(prefix, upload, suffix, folder))
    except ObjectRetained as error:
        place, reason = stored.location_beside(prefix, upload, result_version, suffix, folder), error.sentence
    is_newest = put_at(place)
    _log.warning("%s: what is stored about it lies at %s: %s", upload, place, reason)
    return is_newest
