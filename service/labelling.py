"""The flow of the upload function: an uploaded picture in, its labels stored.

To return is to be done with the event; to raise is to ask for it again.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass

from predictor import BadImage, Classifier, Scores
from results import predicted_labels, selection
from results.errors import status_of
from results.outcome import Outcome, rule_for
from results.recorder import Recorder, put
from service.lazy import Lazy
from service.workers import Workers
from settings import UploadSettings
from storage.calls import ObjectNotFound
from storage.client import Storage
from storage.deadline import Deadline, Schedule
from storage.encoding import unpack
from storage.upload import Upload

_log = logging.getLogger(__name__)

READ_SHARE = 0.5
"""The part of what is left until an upload has to be classified in which it is read."""


@dataclass(frozen=True)
class Labeller:
    """Labels uploads; what follows from an error is in the table of `results/outcome.py`."""

    classifier: Lazy[Classifier]
    storage: Lazy[Storage]
    settings: UploadSettings
    timeout: float
    """Seconds for one event."""
    workers: Workers
    """Where models are loaded and pictures classified, which nothing can stop: an event waits no longer than it may.

    And for room there for its file.
    """

    def label(self, upload: Upload) -> Outcome:
        """Classify one upload and store what came of it; raises what a later delivery may not meet again."""
        started, schedule = time.monotonic(), Schedule.of(self.timeout)
        try:
            outcome, detail = self._attempt(upload, schedule)
        except Exception as error:
            severity = logging.ERROR if self._is_too_old(upload) else logging.WARNING
            _report(upload, Outcome.RETRIED, str(error), started, severity)
            raise
        _report(upload, outcome, detail, started, logging.ERROR if outcome is Outcome.FAILED else logging.INFO)
        return outcome

    def _attempt(self, upload: Upload, schedule: Schedule) -> tuple[Outcome, str]:
        """The outcome and what to say of it; raises what the table says is to be retried, while it is young enough."""
        try:
            reason = self._reason_against(upload)
            if reason is None and not upload.is_described:
                upload = self.storage().describe(upload, schedule.classified)
                reason = self._reason_against(upload)
            return (Outcome.IGNORED, reason) if reason else self._classify(upload, schedule)
        except Exception as error:
            rule = rule_for(error)
            if rule.outcome is Outcome.SUPERSEDED:
                return rule.outcome, str(error)
            if isinstance(error, BadImage):
                return self._record(upload, rule.outcome, status_of(error), error.reason, schedule.recorded)
            if not self._is_too_old(upload):
                raise
            reason = f"It could not be classified before its event became too old: {error}"
            return self._record(upload, Outcome.FAILED, rule.code, reason, schedule.recorded)

    def _reason_against(self, upload: Upload) -> str | None:
        self.settings.check_watched(upload.bucket)
        return selection.reason_against(upload.bucket, upload.name, upload.metadata, self.settings)

    def _classify(self, upload: Upload, schedule: Schedule) -> tuple[Outcome, str]:
        classifier = self.classifier.made() or self.workers.wait_for(self.classifier, schedule.classified)
        scores = self._scores(upload, classifier, schedule.classified)
        info, settings = classifier.info, self.settings
        stored = predicted_labels.best(scores, info, settings.top_k, settings.min_score)
        labels = predicted_labels.predicted(scores, info, settings.min_score)
        outcome = self._recorder().labels(upload, stored, schedule.stored)
        if outcome is Outcome.LABELLED and self.settings.annotate:
            keys = predicted_labels.metadata(labels, info) | {"classified-by": f"{info.name} {info.version}"}
            self.storage().annotate(upload.location, upload.generation, keys, schedule.stored)
        return outcome, predicted_labels.in_words(labels)

    def _scores(self, upload: Upload, classifier: Classifier, deadline: Deadline) -> Scores:
        """The scores of an upload; its file is held no longer, and unpacked by who decodes it."""
        limits = classifier.limits
        limits.check_bytes(upload.size)
        room = self.workers.room
        room.take(upload.size, deadline)
        try:
            share = deadline.share(READ_SHARE)
            packed = self.storage().fetch(upload.location, upload.generation, limits, share)
            return self.workers.wait_for(
                lambda: classifier.scores(classifier.decode(unpack(*packed, limits))), deadline
            )
        finally:
            room.give_back(upload.size)

    def _record(
        self, upload: Upload, outcome: Outcome, code: int, reason: str, deadline: Deadline
    ) -> tuple[Outcome, str]:
        """Store why there are no labels, and where that is wanted a copy of the picture for a person to look at."""
        recorder = self._recorder()
        stored = recorder.error(upload, outcome, code, reason, deadline)
        if self.settings.failed and stored is outcome:
            result_version, storage = recorder.result_version(upload, outcome), self.storage()
            with suppress(ObjectNotFound):  # then there is nothing to look at
                put(
                    self.settings.failed,
                    upload,
                    result_version,
                    "",
                    lambda place: storage.copy(upload.location, place, upload.content_type, result_version, deadline),
                )
        return stored, reason

    def _recorder(self) -> Recorder:
        classifier = self.classifier.made()
        return Recorder(self.storage(), self.settings.results, classifier.info if classifier else None)

    def _is_too_old(self, upload: Upload) -> bool:
        return upload.age() > self.settings.max_event_age


def _report(upload: Upload, outcome: Outcome, detail: str, started: float, severity: int) -> None:
    """One line for each delivery: what came of it, of which object, and how long it took."""
    fields = {
        "event_id": upload.event_id,
        "bucket": upload.bucket,
        "object": upload.name,
        "generation": str(upload.generation),
        "outcome": outcome.value,
        "seconds": round(time.monotonic() - started, 3),
        "event_age_seconds": round(upload.age(), 3),
    }
    _log.log(severity, "%s: %s: %s", upload, outcome.value, detail, extra=fields)
