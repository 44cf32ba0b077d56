"""The estimate of a backfill: objects are listed, some pictures are tried, and nothing is written."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from backfill.job import Job
from backfill.objects.object_store import AT_ONCE, PAGE, object_store_for
from backfill.pipeline.finished import Finished
from backfill.pipeline.survey import survey
from backfill.report.prices import Cost, cost
from backfill.report.progress import Show
from backfill.report.summary import Summary
from backfill.report.tally import Tally
from predictor import Classifier
from storage.calls import MissingRole
from storage.deadline import Deadline
from storage.upload import Upload

MOST_TRIED = 20
SECONDS_TO_TRY = 10.0
SECONDS_TO_START = 8.0
"""The seconds that Beam and its workers take to begin and to end."""


@dataclass(frozen=True)
class Speed:
    """The speed as measured on so many pictures: seconds to read one, and to classify it."""

    tried: int
    reading: float
    classifying: float

    def seconds(self, pictures: int, workers: int) -> float:
        """The seconds for so many; a worker reads several at once while it classifies one."""
        return SECONDS_TO_START + pictures * max(self.classifying, self.reading / AT_ONCE) / workers


@dataclass
class Survey:
    """The objects that are there; sizes in bytes."""

    found: int = 0
    to_do: int = 0
    size: int = 0
    """Of what is to do."""
    ended: Summary = field(default_factory=Summary)
    """The objects that are left alone, and those that cannot even be looked at."""
    first: list[Upload] = field(default_factory=list)

    def add(self, found: Upload | Finished) -> None:
        """Count one object."""
        self.found += 1
        if isinstance(found, Finished):
            self.ended.add(found)
            return
        self.to_do += 1
        self.size += found.size
        if len(self.first) < MOST_TRIED:
            self.first.append(found)

    def cost(self, job: Job) -> Cost:
        """Dollars; what is on this machine costs none."""
        reads = bool(job.pictures.bucket)
        writes = bool(job.results.bucket) and job.output == "objects"  # of files with many lines there are few
        pages = math.ceil(self.to_do / PAGE)
        return cost(
            listed=self.found * (reads + writes),
            pages=pages * (reads + writes),
            read=self.to_do * reads,
            written=self.to_do * writes,
            size=self.size * reads,
        )


def look(job: Job, show: Show) -> Survey:
    """Look at all that is asked for, up to the job's limit."""
    found = Survey()
    for one in survey(job):
        found.add(one)
        show(Tally(found.to_do, found.found - found.to_do))
        if found.to_do == job.limit:
            break
    return found


def measure(job: Job, classifier: Classifier, uploads: list[Upload]) -> Speed | None:
    """How fast this machine reads and classifies some of the pictures; None when none of them could be."""
    ends = time.monotonic() + SECONDS_TO_TRY
    reading = classifying = 0.0
    tried = 0
    for number, upload in enumerate([*uploads[:1], *uploads]):
        if time.monotonic() > ends:
            break
        try:
            read, classified = _times(job, classifier, upload)
        except (MissingRole, GoogleAPIError, GoogleAuthError):  # which all of them meet
            raise
        except Exception:  # noqa: S112 # what cannot be labelled, the run itself tells
            continue
        if number == 0 and len(uploads) > 1:  # the first is slower than all others
            continue
        reading, classifying, tried = reading + read, classifying + classified, tried + 1
    return Speed(tried, reading / tried, classifying / tried) if tried else None


def _times(job: Job, classifier: Classifier, upload: Upload) -> tuple[float, float]:
    started = time.monotonic()
    store = object_store_for(upload.location)
    data = store.read(upload.location, upload.generation, job.limits, Deadline.after(job.timeout))
    between = time.monotonic()
    classifier.classify(data)
    return between - started, time.monotonic() - between
