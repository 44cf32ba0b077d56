"""A summary as JSON, as it comes back from wherever the pipeline ran."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections import Counter
from typing import Any

from backfill.pipeline.finished import Finished
from backfill.report.summary import Summary
from results.outcome import Outcome
from storage.location import Location


def to_json(summary: Summary) -> str:
    """The document."""
    document = {
        "outcomes": {outcome.value: number for outcome, number in summary.outcomes.items()},
        "reasons": [[outcome.value, reason, number] for (outcome, reason), number in summary.reasons.items()],
        "labels": summary.labels,
        "least_certain": [_document(one) for found in summary.least_certain.values() for one in found],
        "without_labels": [_document(one) for found in summary.without_labels.values() for one in found],
    }
    return json.dumps(document)  # in ASCII: names of files may hold what is not Unicode


def from_json(text: str | bytes) -> Summary:
    """The summary that `to_json` wrote."""
    document = json.loads(text)
    summary = Summary(
        Counter({Outcome(value): number for value, number in document["outcomes"].items()}),
        Counter({(Outcome(value), reason): number for value, reason, number in document["reasons"]}),
        Counter(document["labels"]),
    )
    for one in map(_finished, document["least_certain"]):
        summary.least_certain.setdefault(one.label, []).append(one)
    for one in map(_finished, document["without_labels"]):
        summary.without_labels.setdefault(one.outcome, []).append(one)
    return summary


def _document(finished: Finished) -> dict[str, Any]:
    thumbnail = base64.b64encode(finished.thumbnail).decode()
    return dataclasses.asdict(finished) | {"outcome": finished.outcome.value, "thumbnail": thumbnail}


def _finished(document: dict[str, Any]) -> Finished:
    return Finished(
        source=Location(**document["source"]),
        outcome=Outcome(document["outcome"]),
        reason=document["reason"],
        label=document["label"],
        score=document["score"],
        thumbnail=base64.b64decode(document["thumbnail"]),
    )
