"""`deploy.sh status`: what it shows of what is there."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.deploy.google_cloud import PROJECT
from tests.deploy.lifecycle import (
    DEAD_LETTERS,
    FUNCTION,
    PULL,
    REVISIONS,
    SERVICES,
    SUBSCRIPTION,
    TRIGGER,
    deployed,
    events,
    operate,
    revision,
    together,
)

UPLOAD = deployed(2, name="classify-upload") | events()
QUERY = 'resource.type="cloud_run_revision" AND resource.labels.service_name="classify" AND severity>=ERROR'
BOTH = together(deployed(3, r1=90, r3=10), UPLOAD)


def lines_of(output: str, head: str) -> list[str]:
    """The lines with that heading, without it."""
    return [line[15:] for line in output.splitlines() if line.startswith(f"  {head:<13}")]


def test_revisions(project: Path, tmp_path: Path) -> None:
    """Each revision that serves is shown with its share, its time and its model; so are others, and a pin."""
    run = operate(project, tmp_path, BOTH, "status")
    assert (run.code, run.calls) == (0, [])
    assert lines_of(run.output, "traffic") == [
        "90 % classify-00001-abc, 2026-11-01T08:00:00Z, pets 000000000001",
        "10 % classify-00003-abc, 2026-11-03T08:00:00Z, pets 000000000003",
        "100 % classify-upload-00002-abc, 2026-11-02T08:00:00Z, pets 000000000002",
    ]
    assert "classify-00002-abc, 2026-11-02T08:00:00Z, pets 000000000002" in lines_of(run.output, "revision")
    (pinned,) = lines_of(run.output, "pinned")
    assert pinned.startswith("The traffic of classify is pinned (90 % to classify-00001-abc, 10 % to")


def test_models(project: Path, tmp_path: Path) -> None:
    """A model that was not sent along is shown by its address; many revisions are counted, broken ones named."""
    revisions = [revision(number, is_ready=number != 8) for number in range(1, 9)]
    revisions.append(revision(9, DEPLOYED_MODEL="", MODEL="gs://models/m.onnx"))
    run = operate(project, tmp_path, deployed(9) | {f"{REVISIONS} classify": revisions}, "status")
    assert lines_of(run.output, "traffic") == ["100 % classify-00009-abc, 2026-11-09T08:00:00Z, gs://models/m.onnx"]
    first = lines_of(run.output, "revision")[0]
    assert first == "classify-00008-abc, 2026-11-08T08:00:00Z, pets 000000000008, never became ready"
    assert lines_of(run.output, "")[-1] == "and 3 older ones"


def test_events(project: Path, tmp_path: Path) -> None:
    """The upload function's trigger, ack deadline and dead-letter topic are shown."""
    run = operate(project, tmp_path, BOTH, "status")
    assert lines_of(run.output, "trigger") == [f"{TRIGGER}, events of gs://pictures"]
    assert lines_of(run.output, "ack deadline") == ["600 s"]
    assert lines_of(run.output, "given up") == [f"after 100 deliveries, to projects/{PROJECT}/topics/{DEAD_LETTERS}"]
    assert lines_of(run.output, "dead letters") == ["none seen"]


def test_events_that_are_lost(project: Path, tmp_path: Path) -> None:
    """A subscription as Eventarc leaves it is shown as what it is."""
    bare = {f"pubsub subscriptions describe {SUBSCRIPTION}": {"ackDeadlineSeconds": 10}}
    run = operate(project, tmp_path, UPLOAD | bare, "status")
    assert lines_of(run.output, "ack deadline") == ["10 s, not 600: deploy it again"]
    assert lines_of(run.output, "given up") == ["nowhere: what is given up is lost. Deploy it again"]


def test_no_trigger(project: Path, tmp_path: Path) -> None:
    """A trigger that somebody deleted is said, and the rest is shown."""
    run = operate(project, tmp_path, UPLOAD | {f"eventarc triggers describe {TRIGGER}": None}, "status")
    assert run.code == 0
    assert lines_of(run.output, "trigger")[0].startswith("cannot be seen")
    assert lines_of(run.output, "dead letters") == ["none seen"]


def test_dead_letters(project: Path, tmp_path: Path) -> None:
    """Dead letters are counted and given back at once, so that whoever pulls them next gets them."""
    pulled = [{"ackId": "a", "message": {}}, {"ackId": "b", "message": {}}]
    run = operate(project, tmp_path, UPLOAD | {PULL: pulled}, "status")
    look = f"gcloud pubsub subscriptions pull {DEAD_LETTERS} --project={PROJECT} --limit=10"
    assert lines_of(run.output, "dead letters") == [f"at least 2: {look}"]
    given_back = ["pubsub", "subscriptions", "modify-message-ack-deadline", DEAD_LETTERS, f"--project={PROJECT}"]
    assert run.calls == [[*given_back, "--ack-ids=a,b", "--ack-deadline=0", "--format=json"]]


def test_errors(project: Path, tmp_path: Path) -> None:
    """The last errors are shown on a line each, without what a terminal obeys, and the query that shows more."""
    entries = [
        {"timestamp": "2026-11-03T09:00:00Z", "jsonPayload": {"message": "photos/\x1b[2Ja.png: failed\nagain"}},
        {"timestamp": "2026-11-03T08:00:00Z", "textPayload": "x" * 1000},
    ]
    run = operate(project, tmp_path, deployed(1) | {f"logging read {QUERY}": entries}, "status")
    assert lines_of(run.output, "error") == [
        "2026-11-03T09:00:00Z photos/ [2Ja.png: failed again",
        f"2026-11-03T08:00:00Z {'x' * 300}",
    ]
    (query,) = lines_of(run.output, "errors")
    options = [f"--project={PROJECT}", "--freshness=7d", "--limit=5"]
    assert shlex.split(query) == ["gcloud", "logging", "read", QUERY, *options]


def test_errors_that_cannot_be_seen(project: Path, tmp_path: Path) -> None:
    """Where the log may not be read, that is said, and the rest is shown."""
    run = operate(project, tmp_path, deployed(1) | {f"logging read {QUERY}": None}, "status")
    assert (run.code, lines_of(run.output, "errors")) == (0, ["cannot be seen; gcloud says why."])


def test_one_of_two(project: Path, tmp_path: Path) -> None:
    """A function that is not there is named."""
    assert "classify-upload: not there\n" in operate(project, tmp_path, deployed(1), "status").output


def test_nothing_there(project: Path, tmp_path: Path) -> None:
    """Where neither function is there it ends with 1."""
    run = operate(project, tmp_path, {SERVICES: []}, "status", "--name", "no-such", "--upload-name", "none-either")
    sentence = f"deploy.sh: no-such and none-either: there is no such function in {PROJECT}, europe-west1.\n"
    assert (run.code, run.output, run.errors) == (1, "", sentence)


def test_function_of_another_kind(project: Path, tmp_path: Path) -> None:
    """A function without a trigger says that none can be seen."""
    run = operate(project, tmp_path, UPLOAD | {FUNCTION: None}, "status")
    assert lines_of(run.output, "trigger")[0].startswith("cannot be seen")
