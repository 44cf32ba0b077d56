"""`deploy.sh rollback` and `split`: what they send, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.lifecycle import (
    IN_PLACE,
    PLACE,
    REVISIONS,
    SERVICES,
    Documents,
    deployed,
    operate,
    revision,
    service,
    together,
)
from tests.deploy.runs import run_deploy

UPDATE = ["run", "services", "update-traffic", "classify", *IN_PLACE]
HTTP, UPLOAD = deployed(3), deployed(2, name="classify-upload")
BOTH = together(HTTP, UPLOAD)

SENT = {
    "the one before": (HTTP, "rollback", "--to-revisions=classify-00002-abc=100"),
    "the one before what serves": (deployed(3, r2=100), "rollback", "--to-revisions=classify-00001-abc=100"),
    "the older one of a split": (deployed(3, r2=90, r3=10), "rollback", "--to-revisions=classify-00002-abc=100"),
    "the older one of halves": (deployed(3, r1=50, r3=50), "rollback", "--to-revisions=classify-00001-abc=100"),
    "a named one": (HTTP, "rollback classify-00001-abc", "--to-revisions=classify-00001-abc=100"),
    "the one that serves, pinned": (HTTP, "rollback classify-00003-abc", "--to-revisions=classify-00003-abc=100"),
    "one of two functions": (BOTH, "rollback --only http", "--to-revisions=classify-00002-abc=100"),
    "a named one of two": (BOTH, "rollback classify-00001-abc", "--to-revisions=classify-00001-abc=100"),
    "a tenth": (HTTP, "split 10", "--to-revisions=classify-00003-abc=10,classify-00002-abc=90"),
    "a tenth of a pin": (deployed(3, r1=100), "split 10", "--to-revisions=classify-00003-abc=10,classify-00001-abc=90"),
    "half of a split": (
        deployed(3, r1=90, r3=10),
        "split 50",
        "--to-revisions=classify-00003-abc=50,classify-00001-abc=50",
    ),
    "all": (deployed(3, r1=90, r3=10), "split 100", "--to-latest"),
    "the end of a pin": (deployed(3, r3=100), "split 100", "--to-latest"),
}


@pytest.mark.parametrize(("documents", "words", "change"), SENT.values(), ids=SENT.keys())
def test_sent(project: Path, tmp_path: Path, documents: Documents, words: str, change: str) -> None:
    """One change of traffic is sent, and nothing else."""
    run = operate(project, tmp_path, documents, *words.split())
    assert (run.code, run.calls) == (0, [[*UPDATE, change]]), run.errors


def test_dry_run(project: Path, tmp_path: Path) -> None:
    """A dry run looks at what is there and prints the change."""
    run = operate(project, tmp_path, HTTP, "split", "10", "--dry-run")
    change = "--to-revisions=classify-00003-abc=10,classify-00002-abc=90"
    assert (run.code, run.calls, run.output) == (0, [], f"{' '.join(['gcloud', *UPDATE, change])}\n")


def test_what_it_says(project: Path, tmp_path: Path) -> None:
    """A rollback says which model serves now, what it leaves as it is, and that traffic stays there."""
    run = operate(project, tmp_path, HTTP, "rollback")
    assert "100 % of classify: classify-00002-abc, model pets 000000000002." in run.errors
    assert "Roles, the trigger and its subscription are not rolled back" in run.errors
    assert "what is deployed next gets none until ./deploy.sh split 100" in run.errors


def test_no_revision_that_never_worked(project: Path, tmp_path: Path) -> None:
    """Neither the one before nor a named one is a revision that never became ready."""
    revisions = [revision(1), revision(2, is_ready=False), revision(3)]
    documents = HTTP | {f"{REVISIONS} classify": revisions}
    run = operate(project, tmp_path / "a", documents, "rollback")
    assert run.calls == [[*UPDATE, "--to-revisions=classify-00001-abc=100"]]
    run = operate(project, tmp_path / "b", documents, "rollback", "classify-00002-abc")
    assert (run.code, run.calls) == (2, [])
    assert run.errors == "deploy.sh: classify-00002-abc cannot serve: it never became ready.\n"


NOTHING_TO_DO = {
    "rolled back": (deployed(3, r2=100), "rollback classify-00002-abc"),
    "split": (deployed(3, r2=90, r3=10), "split 10"),
    "unpinned": (HTTP, "split 100"),
}


@pytest.mark.parametrize(("documents", "words"), NOTHING_TO_DO.values(), ids=NOTHING_TO_DO.keys())
def test_twice(project: Path, tmp_path: Path, documents: Documents, words: str) -> None:
    """The same again sends nothing."""
    run = operate(project, tmp_path, documents, *words.split())
    assert (run.code, run.calls) == (0, [])
    assert run.errors.startswith("Nothing to do: ")


FIRST = "classify-00001-abc"
ABSENT = "classify and classify-upload: there is no such function in demo-proj, europe-west1."
REFUSED = {
    "no percent": (HTTP, "split", 2, "split needs PERCENT."),
    "none of it": (HTTP, "split 0", 2, "PERCENT is '0', not a whole number above zero."),
    "more than all": (HTTP, "split 101", 2, "PERCENT is '101', more than 100."),
    "a part of a percent": (HTTP, "split 0.5", 2, "PERCENT is '0.5', not a whole number above zero."),
    "two percents": (HTTP, "split 5 6", 2, "There is no argument '6'; ./deploy.sh --help lists them."),
    "no such revision": (
        HTTP,
        "rollback classify-00009-abc",
        2,
        "classify and classify-upload have no revision 'classify-00009-abc'; ./deploy.sh status lists them.",
    ),
    "two functions": (
        BOTH,
        "rollback",
        2,
        "classify and classify-upload are both there: say --only http or --only upload.",
    ),
    "other function": (HTTP, "split 5 --only web", 2, "--only is 'web', not http or upload."),
    "foreign option": (HTTP, "split 5 --model m.onnx", 2, "--model belongs to http, upload and both."),
    "nothing there": ({SERVICES: []}, "rollback", 1, ABSENT),
    "nothing there to split": ({}, "split 5", 1, ABSENT),
    "the first one": (
        deployed(1),
        "rollback",
        1,
        f"classify has no revision before {FIRST} that can serve.",
    ),
    "alone": (deployed(1), "split 5", 1, f"classify has no revision beside {FIRST} that can serve."),
}


@pytest.mark.parametrize(("documents", "words", "code", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(project: Path, tmp_path: Path, documents: Documents, words: str, code: int, sentence: str) -> None:
    """One sentence says what is wrong, and nothing is sent."""
    run = operate(project, tmp_path, documents, *words.split())
    assert (run.code, run.calls, run.errors) == (code, [], f"deploy.sh: {sentence}\n")


def test_what_cannot_be_seen(project: Path, tmp_path: Path) -> None:
    """Where gcloud may not list what is there, its sentence stays and nothing is sent."""
    run = operate(project, tmp_path, {SERVICES: None}, "rollback")
    assert (run.code, run.calls, run.errors) == (1, [], "ERROR: there is no run services list\n")


def test_place_is_required(project: Path, tmp_path: Path) -> None:
    """Without a project nothing is asked."""
    run = run_deploy(project, tmp_path, "rollback", *PLACE[2:])
    assert (run.code, run.calls, run.errors) == (2, [], "deploy.sh: --project is missing: the Google Cloud project.\n")


def test_tags_and_parts_of_one_revision(project: Path, tmp_path: Path) -> None:
    """A revision with a tag and a share is counted once; an entry without percent gets nothing."""
    one = service({"classify-00002-abc": 100}, "classify-00003-abc", is_pinned=True)
    one["status"]["traffic"].append({"revisionName": "classify-00003-abc", "tag": "new"})
    run = operate(project, tmp_path, HTTP | {SERVICES: [one]}, "rollback", "classify-00002-abc")
    assert (run.code, run.calls) == (0, [])
