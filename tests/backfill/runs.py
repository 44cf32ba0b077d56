"""Backfills that run here: the pipeline in this process, or the command line in one of its own."""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import apache_beam as beam
import psutil
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from backfill.job import Job
from backfill.objects.pattern import Pattern
from backfill.pipeline.pipeline import build
from backfill.report.summary import Summary
from emulator import CloudStorage
from predictor import Classifier, Limits
from storage.location import Location
from tests.conftest import ROOT, SAMPLES

WORKERS = 2
TEXT = b"milk, eggs, flour"
DIGITS = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]
"""Pictures by the digit on them."""


def job_of(model: Path, *, relabels: bool = False, timeout: float = 60.0, max_bytes: int = Limits.max_bytes) -> Job:
    """All of the bucket photos, with the results where the function has them by default."""
    return Job(
        Pattern.parse("gs://photos/**"),
        Location.parse("gs://results/labels"),
        os.path.abspath(model),
        Classifier.load(model).info,
        Limits(max_bytes=max_bytes),
        relabels=relabels,
        timeout=timeout,
    )


def run(job: Job) -> Summary:
    """The whole pipeline, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "summary"
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            _ = build(job, pipeline) | beam.Map(_save, path)
        summary: Summary = pickle.loads(path.read_bytes())
    return summary


def _save(summary: Summary, path: Path) -> None:
    path.write_bytes(pickle.dumps(summary))


@contextmanager
def running(storage: CloudStorage, model: Path, *options: str) -> Iterator[psutil.Popen]:
    """`python -m backfill` with two workers; all that is left of it is ended, also when it is not the test's fault."""
    command = [sys.executable, "-m", "backfill", "--input", "gs://photos/**", "--results", "gs://results/labels"]
    command += ["--model", os.path.abspath(model), "--workers", str(WORKERS), *options]
    environment = os.environ | {"STORAGE_EMULATOR_HOST": storage.url}
    process = psutil.Popen(command, cwd=ROOT, env=environment, start_new_session=True, stdout=DEVNULL, stderr=DEVNULL)
    left: list[psutil.Process] = []
    try:
        yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            left += [*process.children(recursive=True), process]
        for each in left:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()


def put(storage: CloudStorage, name: str, digit: int) -> None:
    """Upload a picture of a digit."""
    storage.put("photos", name, DIGITS[digit], "image/png")


def results(storage: CloudStorage) -> dict[str, dict[str, Any]]:
    """The documents of all results, by the name of the picture; no two are about the same."""
    stored = [storage.get("results", name) for name in storage.names("results")]
    documents = [json.loads(one.data) for one in stored if one]
    found = {document["source"]["name"]: document for document in documents}
    assert len(found) == len(documents)
    return found


def says(document: dict[str, Any]) -> str | int:
    """The best label, or the code of the error."""
    found: str | int = document["predictions"][0]["label"] if "predictions" in document else document["error"]["code"]
    return found


def reads(storage: CloudStorage) -> Counter[str | None]:
    """How often each picture was read."""
    return Counter(call.name for call in storage.requests if call.operation == "read_media")
