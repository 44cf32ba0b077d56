"""What a backfill stores is what the function stores, whichever versions of its packages Beam asks for."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backfill.objects import object_store
from backfill.pipeline.failure import Failure
from emulator import CloudStorage, Sink, StoredObject
from emulator.processes import running_function
from predictor import Classifier
from results.outcome import Outcome
from results.recorder import Recorder
from storage.deadline import Deadline
from storage.location import Location
from storage.upload import Upload
from tests.backfill import runs
from tests.conftest import ROOT
from tests.service.upload.pictures import half_a_jpeg

DEPLOYED = ROOT / ".venv-runtime" / "bin" / "python"
PATIENCE = 60.0  # seconds for what takes three
PREFIX = Location("results", "labels")


def photograph(kind: str, **options: int) -> bytes:
    """A picture of noise and a ramp, in colour."""
    noise = np.random.default_rng(0).integers(0, 120, (90, 160, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise + np.arange(160, dtype=np.uint8)[:, None] % 120).save(file, kind, **options)
    return file.getvalue()


PICTURES: dict[str, tuple[bytes, str | None]] = {
    **{f"{digit}.png": (data, None) for digit, data in enumerate(runs.DIGITS)},
    "photograph.jpg": (photograph("JPEG", quality=90), None),
    "progressive.jpg": (photograph("JPEG", progressive=1), None),
    "lossy.webp": (photograph("WEBP", quality=50), None),
    "packed.bmp": (gzip.compress(photograph("BMP"), mtime=0), "gzip"),
    "half.jpg": (half_a_jpeg(), None),
    "not packed.png": (runs.DIGITS[1], "gzip"),
    "text.png": (runs.TEXT, None),
    "empty.png": (b"", None),
    "large.png": (b"\0" * 50_000, None),
    "ü" * 510: (runs.DIGITS[2], None),
}
"""The bytes and the encoding of each object."""
MAX_BYTES = 40_000 + len(PICTURES["packed.bmp"][0])


def kept(storage: CloudStorage, bucket: str) -> Iterator[tuple[str, object]]:
    """All that is stored there, less the moment that it says."""
    for name in storage.names(bucket):
        stored = storage.get(bucket, name)
        assert isinstance(stored, StoredObject)
        document = json.loads(stored.data)
        moment = document["classified_at"].encode()
        yield name, (stored.data.replace(moment, b""), stored.metadata, stored.attributes["contentType"])


@pytest.mark.skipif(not DEPLOYED.exists(), reason="make test sets up what is deployed")
def test_the_same_as_the_function(digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte by byte, with name, metadata and type: labels, scores, and records of what is no picture."""
    variables = {"MODEL": str(digits_model.resolve()), "RESULTS": "gs://function/labels", "MAX_BYTES": str(MAX_BYTES)}
    with CloudStorage(["photos", "function", "results"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        object_store.cloud_storage.cache_clear()
        variables |= {"STORAGE_EMULATOR_HOST": storage.url}
        with running_function("classify_upload", variables, python=DEPLOYED) as url:
            sink = storage.deliver("photos", Sink(url))
            for name, (data, encoding) in PICTURES.items():
                storage.put("photos", name, data, "image/png", encoding=encoding)
            assert all(delivery.accepted for delivery in sink.wait(PATIENCE))
        runs.run(runs.job_of(digits_model, max_bytes=MAX_BYTES))
        theirs, ours = (dict(kept(storage, bucket)) for bucket in ("function", "results"))
    object_store.cloud_storage.cache_clear()
    assert len(theirs) == len(PICTURES)
    assert ours == theirs


def upload_of(storage: CloudStorage, name: str) -> Upload:
    """A new picture, as a listing tells of it."""
    runs.put(storage, name, 3)
    picture = storage.get("photos", name)
    assert picture is not None
    return Upload("photos", name, picture.generation, "image/png", picture.size, {})


def test_relabel(storage: CloudStorage, classifier: Classifier, digits_model: Path) -> None:
    """Without it only records of faults are replaced; with it also what another model found out, and nothing else."""
    other = replace(classifier.info, version="another")
    ours, theirs = (Recorder(object_store.cloud_storage(), PREFIX, info) for info in (classifier.info, other))
    found, deadline = classifier.classify(runs.DIGITS[9]), Deadline.after(PATIENCE)
    failure = Failure(Outcome.FAILED, 503, "It could not be classified: it was slow")
    refusal = Failure(Outcome.REFUSED, 415, "It is no picture.")
    for whose, recorder in (("ours", ours), ("theirs", theirs)):
        recorder.labels(upload_of(storage, f"{whose} labelled.png"), found, deadline)
        for name, what in (("failed", failure), ("refused", refusal)):
            upload = upload_of(storage, f"{whose} {name}.png")
            recorder.error(upload, what.outcome, what.code, what.reason, deadline)
    first = runs.run(runs.job_of(digits_model))
    assert first.outcomes == {Outcome.IGNORED: 4, Outcome.LABELLED: 2}
    staying: dict[str, str | int] = {"ours labelled.png": "9", "ours refused.png": 415}
    retried: dict[str, str | int] = {"ours failed.png": "3", "theirs failed.png": "3"}
    others: dict[str, str | int] = {"theirs labelled.png": "9", "theirs refused.png": 415}
    assert {name: runs.says(document) for name, document in runs.results(storage).items()} == staying | retried | others
    second = runs.run(runs.job_of(digits_model, relabels=True))
    assert second.outcomes == {Outcome.IGNORED: 4, Outcome.LABELLED: 2}
    replaced = dict.fromkeys(others, "3")
    documents = runs.results(storage)
    assert {name: runs.says(document) for name, document in documents.items()} == staying | retried | replaced
    assert {document["model"]["version"] for document in documents.values()} == {classifier.info.version}
    assert runs.run(runs.job_of(digits_model, relabels=True)).outcomes == {Outcome.IGNORED: 6}
