"""While uploads are labelled by the function: whatever happens in whatever order, no result goes backwards."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from functions_framework import create_app
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from backfill.pipeline.inference import _answer
from backfill.pipeline.reading import Picture, Read
from backfill.pipeline.storing import Store
from backfill.pipeline.survey import survey
from emulator import CloudStorage, Reset, Sink, Status
from emulator.events import Event, finalized_event
from emulator.processes import running_function
from predictor import Classifier
from results.outcome import Outcome
from storage.upload import Upload
from tests.backfill import runs
from tests.conftest import ROOT
from tests.service.upload.pictures import deliver

OBJECTS = 120
REPLACED = 60  # of them, while the backfill runs
PATIENCE = 60  # seconds for what takes three
EXAMPLES = int(os.environ.get("BACKFILL_EXAMPLES", "50"))
"""How many histories."""


class Written(Sink):
    """Keeps, in order, which generation each write of a result is about."""

    def __init__(self) -> None:
        super().__init__("http://localhost")
        self.generations: dict[str, list[int]] = {}
        self.first = threading.Event()

    def accept(self, event: Event) -> None:
        """Note a write."""
        resource = json.loads(event.body)
        generation = int(resource["metadata"]["source-generation"])
        self.generations.setdefault(resource["name"], []).append(generation)
        self.first.set()


def test_uploads_meanwhile(storage: CloudStorage, digits_model: Path) -> None:
    """Of what is replaced while a backfill and the function run, the newest has its result, and none went backwards."""
    digits = {f"{number:03}.png": number % 10 for number in range(OBJECTS)}
    for name, digit in digits.items():
        runs.put(storage, name, digit)
    written = storage.deliver("results", Written())
    assert isinstance(written, Written)
    variables = {"MODEL": str(digits_model.resolve()), "RESULTS": "gs://results/labels"}
    with running_function("classify_upload", variables | {"STORAGE_EMULATOR_HOST": storage.url}) as url:
        sink = storage.deliver("photos", Sink(url, copies=2, parallel=4))
        backfill = threading.Thread(target=runs.run, args=(runs.job_of(digits_model),))
        backfill.start()
        assert written.first.wait(PATIENCE)
        for name in random.Random(1).choices(list(digits), k=REPLACED):
            digits[name] = (digits[name] + 1) % 10
            runs.put(storage, name, digits[name])
        backfill.join()
        assert all(delivery.accepted for delivery in sink.wait(PATIENCE))
    assert runs.run(runs.job_of(digits_model)).outcomes == {Outcome.IGNORED: OBJECTS}
    assert all(generations == sorted(generations) for generations in written.generations.values())
    newest = {name: stored.generation for name in digits if (stored := storage.get("photos", name))}
    documents = runs.results(storage)
    assert {name: int(found["source"]["generation"]) for name, found in documents.items()} == newest
    assert {name: runs.says(found) for name, found in documents.items()} == {n: str(d) for n, d in digits.items()}
    assert any(len(generations) > 1 for generations in written.generations.values())


NAMES = ("a.png", "b.png")
CONTENTS = {"three": (runs.DIGITS[3], "3"), "seven": (runs.DIGITS[7], "7"), "text": (runs.TEXT, 415)}
"""The bytes, and what the result has to say: a label, or the code of its error."""


@pytest.fixture
def machine(
    storage: CloudStorage, digits_model: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], RuleBasedStateMachine]:
    """Makes the world of the property test: a backfill taken apart into its steps, and a function."""
    for name, value in {
        "FUNCTION_TARGET": "classify_upload",
        "MODEL": str(digits_model),
        "RESULTS": "gs://results/labels",
    }.items():
        monkeypatch.setenv(name, value)
    function = create_app("classify_upload", str(ROOT / "main.py"), "cloudevent").test_client()
    job = runs.job_of(digits_model, timeout=10)
    read, store = Read(job), Store(job)
    read.setup()
    store.setup()

    class Backfills(RuleBasedStateMachine):
        """Uploads, deletions and deliveries between any two steps of several backfills."""

        def __init__(self) -> None:
            super().__init__()
            storage.faults.clear()
            for bucket in ("photos", "results"):
                for name in storage.names(bucket):
                    storage.delete(bucket, name)
            self.events: list[Event] = []
            self.contents: dict[int, str] = {}  # by generation
            self.listed: list[Upload] = []
            self.read: list[tuple[Upload, Picture]] = []
            self.seen: dict[str, int] = {}  # the generation that each result described last
            self.may_be_given_up: set[int] = set()

        @rule(name=st.sampled_from(NAMES), content=st.sampled_from(sorted(CONTENTS)))
        def upload(self, name: str, content: str) -> None:
            put = storage.put("photos", name, CONTENTS[content][0], "image/png")
            self.contents[put.generation] = content
            self.events.append(finalized_event(put, storage.url))

        @rule(name=st.sampled_from(NAMES))
        def delete(self, name: str) -> None:
            storage.delete("photos", name)

        @precondition(lambda self: self.events)
        @rule(data=st.data())
        def deliver(self, data: st.DataObject) -> None:
            """Any event, in no order, and more than once."""
            deliver(function, data.draw(st.sampled_from(self.events), "event"))

        @rule()
        def list(self) -> None:
            """A backfill looks what there is to do."""
            self.listed += [found for found in survey(job) if isinstance(found, Upload)]

        @precondition(lambda self: self.listed)
        @rule(data=st.data(), is_denied=st.booleans())
        def read_one(self, data: st.DataObject, is_denied: bool) -> None:
            """It reads one picture that it found at some time before, or may not."""
            upload = data.draw(st.sampled_from(self.listed), "upload")
            if is_denied:
                storage.faults.add(Status(403), "read_media")
                self.may_be_given_up.add(upload.generation)
            self.read.append(read.work(upload))
            storage.faults.clear()

        @precondition(lambda self: self.read)
        @rule(data=st.data(), is_reset=st.booleans())
        def store_one(self, data: st.DataObject, is_reset: bool) -> None:
            """It stores what came of one that it read at some time before."""
            if is_reset:
                storage.faults.add(Reset(), "write")
            self.finish(data.draw(st.sampled_from(self.read), "read"))
            storage.faults.clear()

        @precondition(lambda self: self.listed)
        @rule(data=st.data(), content=st.sampled_from(sorted(CONTENTS)), is_delivered=st.booleans())
        def overtake(self, data: st.DataObject, content: str, is_delivered: bool) -> None:
            """The picture is replaced between the two, and the newer one's event may be done before."""
            upload = data.draw(st.sampled_from(self.listed), "upload")
            found = read.work(upload)
            self.upload(upload.name, content)
            if is_delivered:
                deliver(function, self.events[-1])
            self.finish(found)

        def finish(self, found: tuple[Upload, Picture]) -> None:
            upload, picture = found
            store.work((upload, _answer(classifier, picture), b""))

        @invariant()
        def results_are_right_and_only_get_newer(self) -> None:
            for name, document in runs.results(storage).items():
                generation = int(document["source"]["generation"])
                assert generation >= self.seen.get(name, 0)
                self.seen[name] = generation
                is_right = runs.says(document) == CONTENTS[self.contents[generation]][1]
                assert is_right or (runs.says(document) == 403 and generation in self.may_be_given_up)

        def teardown(self) -> None:
            """What is under way ends in any order; one more run, and the promise must hold."""
            for found in self.read:
                self.finish(found)
            self.results_are_right_and_only_get_newer()
            for found in survey(job):
                if isinstance(found, Upload):
                    self.finish(read.work(found))
            self.results_are_right_and_only_get_newer()
            documents = runs.results(storage)
            for name in storage.names("photos"):
                generation = storage.get("photos", name).generation  # type: ignore[union-attr]
                assert int(documents[name]["source"]["generation"]) == generation
                assert runs.says(documents[name]) == CONTENTS[self.contents[generation]][1]

    return Backfills


def test_promise(machine: Callable[[], RuleBasedStateMachine]) -> None:
    """Backfills overtaken anywhere by uploads, deletions, faults, each other, and the function."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
