"""`python -m backfill --drift`: whether pictures still look as they did."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from backfill import option_values, preconditions
from backfill.compare.pictures import Pictures
from backfill.drift import sample, summary
from backfill.drift.drift import Drift
from backfill.drift.observation import Observation, Observer
from backfill.drift.output import DriftOutput
from backfill.drift.sample import Sample
from backfill.errors import BadOption
from backfill.objects.in_turn import in_turn
from backfill.report.progress import told
from predictor import Decoding, Limits
from storage.location import Location
from storage.upload import Upload

SAMPLES = 1000
"""Pictures of --samples that are read at most; all may be of one day."""
NOWHERE = Location("-", "-")
"""No bucket can be called so; a result that was stored among the pictures is known by its metadata."""


@dataclass(frozen=True)
class Stream:
    """The pictures that are looked at, and those they are compared with: earlier ones, or samples."""

    pictures: Pictures
    samples: Pictures | None
    since: datetime | None
    a_day: int
    observer: Observer

    @classmethod
    def of(
        cls,
        since: datetime | None,
        samples: str | None,
        *,
        pictures: str,
        results: str | None,
        model: str | None,
        exclude: tuple[str, ...],
        limit: int | None,
        timeout: float,
        max_bytes: int,
        max_pixels: int,
        **_: object,  # options about labels: there are none
    ) -> Stream:
        """That of the options; BadOption for what cannot be read."""
        if since and samples:
            raise BadOption("--since", "pictures are compared with --samples, or with those before; not with both.")
        pattern, settings = option_values.pattern(pictures), ("--model", model, max_bytes, max_pixels, timeout)
        place = option_values.place("--results", results) if results else NOWHERE
        decoding = option_values.loaded("--model", option_values.settings(*settings)).info.decoding if model else None
        known = option_values.pattern(samples, "--samples") if samples else None
        return cls(
            Pictures(pattern, place, option_values.excluded(pattern, exclude), None, timeout),
            Pictures(known, place, (), None, timeout) if known else None,
            since.replace(tzinfo=timezone.utc) if since else None,
            limit or sample.A_DAY,
            Observer(decoding or Decoding(), Limits(max_bytes, max_pixels), timeout),
        )


def run(stream: Stream, output: DriftOutput) -> bool:
    """Look and print; whether pictures could be judged, and no change was found."""
    if output.report and not output.report.absolute().parent.is_dir():
        raise BadOption("--report", f"{output.report.absolute().parent}: there is no such folder to write to.")
    drift, unread = _looked(stream)
    print(json.dumps(summary.document(drift, unread)) if output.as_json else "\n".join(summary.lines(drift, unread)))
    if output.report:
        from backfill.drift import page  # with Jinja

        page.write(output.report, drift, stream.observer.decoding, stream.observer.limits)
    return drift.is_judged and not any(drift.episodes())


def _looked(stream: Stream) -> tuple[Drift, int]:
    """What is compared, and how many pictures could not be read."""
    with preconditions.reached("--input", stream.pictures.pattern):
        found, unread = _observed(Sample.of(stream.pictures, stream.a_day), stream.observer)
    if stream.samples:
        with preconditions.reached("--samples", stream.samples.pattern):
            known, more = _observed(Sample.of(stream.samples, SAMPLES), stream.observer)
        return Drift(known, found), unread + more
    if stream.since is None:
        return Drift.of_stream(found), unread
    before = [one for one in found if sample.moment(one.upload) < stream.since]
    return Drift(before, [one for one in found if sample.moment(one.upload) >= stream.since]), unread


def _observed(uploads: Iterable[Upload], observer: Observer) -> tuple[list[Observation], int]:
    found, unread = [], 0
    with told(sys.stderr) as tell:
        for number, (_, observation) in enumerate(in_turn(uploads, observer.observe), 1):
            tell(number)
            if observation:
                found.append(observation)
            else:
                unread += 1
    return found, unread
