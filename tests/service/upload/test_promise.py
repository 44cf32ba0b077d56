"""The promise: whatever happens in whatever order, the newest generation has exactly one result, and it is right."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest
from google.auth.transport.requests import AuthorizedSession
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from emulator import CloudStorage, Reset, Status
from emulator.events import Event, finalized_event
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import SEVEN, TEXT, THREE, deliver

NAMES = ("a.png", "b.png", "ü" * 510)
CONTENTS = {
    "three": (THREE, None, "3"),
    "packed seven": (gzip.compress(SEVEN), "gzip", "7"),
    "text": (TEXT, None, 415),
    "too large": (b"\0" * 5000, None, 413),
    "empty": (b"", None, 400),
}
"""The stored bytes, their encoding, and what the result has to say: a label, or the code of its error."""
EXAMPLES = int(os.environ.get("PROMISE_EXAMPLES", "40"))
"""How many histories; `make soak` has more."""
GIVEN_UP = (403, 503)
BEFORE_OR_AFTER = st.sampled_from(["before", "after"])
MAX_CALLS = 6  # of one delivery, and a few more than there are


class WorkerCrash(BaseException):
    """The worker ends in the middle of an event; no handler of ours runs."""


@dataclass
class Interruption:
    """Something that happens at one of the storage calls of a delivery, before the call is sent or after its answer."""

    countdown: int
    when: Literal["before", "after"]
    act: Callable[[], None]

    @contextmanager
    def around(self) -> Iterator[None]:
        """The call; only the one that the countdown means is interrupted."""
        self.countdown -= 1
        is_due = self.countdown == 0
        if is_due and self.when == "before":
            self.act()
        yield
        if is_due and self.when == "after":
            self.act()


class Calls:
    """The storage calls of the thread that delivers, where an interruption may be due."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._local = threading.local()
        request = AuthorizedSession.request

        def interrupted(session: AuthorizedSession, *arguments: Any, **options: Any) -> Any:
            interruption = getattr(self._local, "interruption", None)
            if interruption is None:
                return request(session, *arguments, **options)
            with interruption.around():
                return request(session, *arguments, **options)

        monkeypatch.setattr(AuthorizedSession, "request", interrupted)

    @contextmanager
    def interrupted_by(self, interruption: Interruption) -> Iterator[None]:
        """Let it happen during the block, in this thread."""
        self._local.interruption = interruption
        try:
            yield
        finally:
            self._local.interruption = None


def crash() -> None:
    raise WorkerCrash


def in_another_thread(action: Callable[[], object]) -> None:
    """What another instance of the function, or a user, does meanwhile."""
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


@pytest.fixture
def machine(
    storage: CloudStorage, start: Start, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], RuleBasedStateMachine]:
    """Makes the world of the property test: one storage and one function, emptied for each example."""
    calls = Calls(monkeypatch)
    function = start(MAX_BYTES="4000", TIMEOUT_SECONDS="10", ANNOTATE="1", EXCLUDE="unwanted/**")

    class Uploads(RuleBasedStateMachine):
        """Uploads, deletions, and deliveries in any order, interrupted anywhere."""

        def __init__(self) -> None:
            super().__init__()
            storage.faults.clear()
            for bucket in ("photos", "results"):
                for name in storage.names(bucket):
                    storage.delete(bucket, name)
            self.events: list[Event] = []
            self.pending: list[Event] = []
            self.contents: dict[str, dict[int, str]] = {name: {} for name in NAMES}  # by name and generation
            self.seen: dict[str, int] = {}  # the generation that each result described last
            self.may_be_given_up: set[int] = set()

        @rule(name=st.sampled_from(NAMES), content=st.sampled_from(sorted(CONTENTS)))
        def upload(self, name: str, content: str) -> None:
            data, encoding, _ = CONTENTS[content]
            put = storage.put("photos", name, data, "image/png", encoding=encoding)
            self.contents[name][put.generation] = content
            event = finalized_event(put, storage.url)
            self.events.append(event)
            self.pending.append(event)

        @rule(name=st.sampled_from(NAMES))
        def delete(self, name: str) -> None:
            storage.delete("photos", name)

        @precondition(lambda self: self.events)
        @rule(data=st.data())
        def deliver(self, data: st.DataObject) -> None:
            """Any event, also one that is done already: in no order, and more than once."""
            self.post(self.draw_event(data))

        @precondition(lambda self: self.events)
        @rule(data=st.data(), call=st.integers(1, MAX_CALLS), when=BEFORE_OR_AFTER)
        def crash(self, data: st.DataObject, call: int, when: Literal["before", "after"]) -> None:
            """The worker ends at some storage call."""
            with calls.interrupted_by(Interruption(call, when, crash)), suppress(WorkerCrash):
                self.post(self.draw_event(data))

        @precondition(lambda self: self.events)
        @rule(data=st.data(), call=st.integers(1, MAX_CALLS), when=BEFORE_OR_AFTER)
        def race(self, data: st.DataObject, call: int, when: Literal["before", "after"]) -> None:
            """Another delivery runs from its start to its end between two calls of this one."""
            first, second = self.draw_event(data), self.draw_event(data)
            other = Interruption(call, when, lambda: in_another_thread(lambda: self.post(second)))
            with calls.interrupted_by(other):
                self.post(first)

        @precondition(lambda self: self.events)
        @rule(
            data=st.data(),
            call=st.integers(1, MAX_CALLS),
            when=BEFORE_OR_AFTER,
            content=st.sampled_from(sorted(CONTENTS)),
        )
        def overwrite(
            self,
            data: st.DataObject,
            call: int,
            when: Literal["before", "after"],
            content: str,
        ) -> None:
            """The picture is overwritten between two calls, and the newer one's event may be done before this one's."""
            event, is_delivered = self.draw_event(data), data.draw(st.booleans(), "delivered")
            name = json.loads(event.body)["name"]

            def newer() -> None:
                self.upload(name, content)
                if is_delivered:
                    self.post(self.events[-1])

            with calls.interrupted_by(Interruption(call, when, lambda: in_another_thread(newer))):
                self.post(event)

        @precondition(lambda self: self.events)
        @rule(data=st.data(), operation=st.sampled_from(["read_media", "write", "patch", "read_metadata"]))
        def deny(self, data: st.DataObject, operation: Any) -> None:
            """A call is refused, and the platform gives the event up or not."""
            event = self.draw_event(data)
            if data.draw(st.booleans(), "too old"):
                event = replace(event, headers={**event.headers, "ce-time": "2020-01-01T00:00:00Z"})
                self.may_be_given_up.add(int(json.loads(event.body)["generation"]))
            storage.faults.add(Status(403), operation)
            self.post(event)
            storage.faults.clear()

        @precondition(lambda self: self.events)
        @rule(data=st.data(), operation=st.sampled_from(["read_media", "write", "patch", "read_metadata"]))
        def reset(self, data: st.DataObject, operation: Any) -> None:
            """A connection is reset."""
            storage.faults.add(Reset(), operation)
            self.post(self.draw_event(data))
            storage.faults.clear()

        def draw_event(self, data: st.DataObject) -> Event:
            return data.draw(st.sampled_from(self.events), "event")

        def post(self, event: Event) -> None:
            if deliver(function, event) == 200:
                self.pending = [other for other in self.pending if other.headers["ce-id"] != event.headers["ce-id"]]

        @invariant()
        def results_are_right_and_only_get_newer(self) -> None:
            for stored_name in storage.names("results"):
                result = storage.get("results", stored_name)
                assert result is not None
                document = json.loads(result.data)
                name, generation = document["source"]["name"], int(document["source"]["generation"])
                assert result.metadata["source-generation"] == str(generation)
                assert generation >= self.seen.get(name, 0)
                self.seen[name] = generation
                self.check(document, self.contents[name][generation], generation)

        def check(self, document: dict[str, Any], content: str, generation: int) -> None:
            says = document["predictions"][0]["label"] if "predictions" in document else document["error"]["code"]
            if says in GIVEN_UP:
                assert generation in self.may_be_given_up
            else:
                assert says == CONTENTS[content][2]

        def teardown(self) -> None:
            """The platform delivers what is pending until it is done; then the promise must hold."""
            storage.faults.clear()
            for event in list(self.pending):
                assert deliver(function, event) == 200
            self.results_are_right_and_only_get_newer()
            described = {
                json.loads(storage.get("results", name).data)["source"]["name"]  # type: ignore[union-attr]
                for name in storage.names("results")
            }
            assert len(described) == len(storage.names("results"))
            for name in storage.names("photos"):
                assert self.seen[name] == max(self.contents[name])

    return Uploads


def test_promise(machine: Callable[[], RuleBasedStateMachine]) -> None:
    """Uploads, overwrites, deletions, duplicates, reordering, races, faults and crashes anywhere."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
