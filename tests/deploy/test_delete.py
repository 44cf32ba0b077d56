"""`deploy.sh delete`: what it takes away, in which order, and what it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.google_cloud import PROJECT
from tests.deploy.lifecycle import (
    DEAD_LETTERS,
    IN_PLACE,
    PULL,
    REVISIONS,
    SERVICES,
    Documents,
    deployed,
    operate,
    revision,
    service,
    together,
)

ACCOUNT = f"classify@{PROJECT}.iam.gserviceaccount.com"
UPLOAD_ACCOUNT = f"classify-upload@{PROJECT}.iam.gserviceaccount.com"
ACCOUNTS = "iam service-accounts list"
TOPIC = f"pubsub topics describe {DEAD_LETTERS}"
DESCRIBED, DESCRIBED_HTTP = "functions describe classify-upload", "functions describe classify"
SENT = {"MODEL": "model.onnx", "BUCKET": "pictures", "RESULTS": "gs://labels/pets"}
EVERYWHERE = "run services list everywhere"
EXPRESSION = 'resource.name.startsWith("projects/_/buckets/labels/objects/pets/")'
IN_PROJECT = f"--project={PROJECT}"


def made(name: str) -> dict[str, str]:
    """An identity that a deployment made."""
    email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
    return {"email": email, "displayName": f"Image classifier {name}"}


def policy(role: str, member: str, **more: Any) -> Any:
    """A policy with one binding."""
    return {"bindings": [{"role": role, "members": [f"serviceAccount:{member}", "user:me@example.org"], **more}]}


def uploads(**variables: str) -> Documents:
    """The upload function with its roles."""
    sent = SENT | variables
    condition = {"title": "below-prefix", "expression": EXPRESSION}
    on_bucket = "storage buckets get-iam-policy gs://"
    return deployed(2, name="classify-upload") | {
        f"{REVISIONS} classify-upload": [revision(n, name="classify-upload", **sent) for n in (1, 2)],
        f"{on_bucket}pictures": policy("roles/storage.objectViewer", UPLOAD_ACCOUNT),
        f"{on_bucket}labels": policy("roles/storage.objectUser", UPLOAD_ACCOUNT, condition=condition),
        f"projects get-iam-policy {PROJECT}": policy("roles/eventarc.eventReceiver", UPLOAD_ACCOUNT),
        ACCOUNTS: [made("classify-upload"), made("classify")],
    }


def without(member: str, role: str, condition: str) -> list[str]:
    return [f"--member=serviceAccount:{member}", f"--role={role}", f"--condition={condition}"]


UNBOUND = [
    [
        *("storage", "buckets", "remove-iam-policy-binding", "gs://pictures"),
        *without(UPLOAD_ACCOUNT, "roles/storage.objectViewer", "None"),
    ],
    [
        *("storage", "buckets", "remove-iam-policy-binding", "gs://labels"),
        *without(UPLOAD_ACCOUNT, "roles/storage.objectUser", f"^|^title=below-prefix|expression={EXPRESSION}"),
    ],
    [
        *("projects", "remove-iam-policy-binding", PROJECT),
        *without(UPLOAD_ACCOUNT, "roles/eventarc.eventReceiver", "None"),
    ],
]
FUNCTION = ["functions", "delete", "classify", "--gen2", *IN_PLACE, "--quiet"]
UPLOAD_FUNCTION = ["functions", "delete", "classify-upload", "--gen2", *IN_PLACE, "--quiet"]
IDENTITY = ["iam", "service-accounts", "delete", ACCOUNT, IN_PROJECT, "--quiet"]
UPLOAD_IDENTITY = ["iam", "service-accounts", "delete", UPLOAD_ACCOUNT, IN_PROJECT, "--quiet"]
DEAD = [
    ["pubsub", "subscriptions", "delete", DEAD_LETTERS, IN_PROJECT, "--quiet"],
    ["pubsub", "topics", "delete", DEAD_LETTERS, IN_PROJECT, "--quiet"],
]
ALL = [FUNCTION, IDENTITY, *UNBOUND, UPLOAD_FUNCTION, UPLOAD_IDENTITY, *DEAD]
BOTH = together(deployed(1), uploads())


def test_order(project: Path, tmp_path: Path) -> None:
    """Roles go before the function that says which, the identity after both, empty dead letters last; buckets never."""
    run = operate(project, tmp_path, BOTH, "delete", "--yes")
    assert (run.code, run.calls) == (0, ALL), run.errors
    assert "Buckets, results and dead letters that hold messages stay" in run.errors


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "Yes\n"])
def test_yes(project: Path, tmp_path: Path, answer: str) -> None:
    """It asks, and yes is yes."""
    run = operate(project, tmp_path, BOTH, "delete", stdin=answer)
    assert (run.code, run.calls) == (0, ALL)


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "yesterday\n"])
def test_no(project: Path, tmp_path: Path, answer: str) -> None:
    """Anything else deletes nothing, and neither does the end of the input."""
    run = operate(project, tmp_path, BOTH, "delete", stdin=answer)
    assert (run.code, run.calls) == (1, [])
    assert run.errors.endswith("deploy.sh: nothing was deleted; --yes deletes without asking.\n")


def test_dry_run(project: Path, tmp_path: Path) -> None:
    """A dry run asks nobody and prints the commands."""
    run = operate(project, tmp_path, BOTH, "delete", "--dry-run")
    assert (run.code, run.calls, len(run.output.splitlines())) == (0, [], len(ALL))


def test_one_of_two(project: Path, tmp_path: Path) -> None:
    """One of the functions can go alone."""
    run = operate(project, tmp_path, BOTH, "delete", "--yes", "--only", "http")
    assert (run.code, run.calls) == (0, [FUNCTION, IDENTITY])


def test_dead_letters_stay(project: Path, tmp_path: Path) -> None:
    """Dead letters that hold messages stay, and their messages are given back."""
    run = operate(project, tmp_path, uploads() | {PULL: [{"ackId": "a"}]}, "delete", "--yes", "--only", "upload")
    given_back = ["pubsub", "subscriptions", "modify-message-ack-deadline", DEAD_LETTERS, IN_PROJECT]
    expected = [*UNBOUND, UPLOAD_FUNCTION, UPLOAD_IDENTITY]
    assert run.calls == [*expected, [*given_back, "--ack-ids=a", "--ack-deadline=0", "--format=json"]]
    assert f"{DEAD_LETTERS} holds at least 1 messages, so it stays" in run.errors


def test_dead_letters_that_cannot_be_seen(project: Path, tmp_path: Path) -> None:
    """Where nobody knows whether there are messages, all stays."""
    run = operate(project, tmp_path, uploads() | {PULL: None}, "delete", "--yes", "--only", "upload")
    assert (run.code, run.calls) == (0, [*UNBOUND, UPLOAD_FUNCTION, UPLOAD_IDENTITY])


def test_roles_of_every_revision(project: Path, tmp_path: Path) -> None:
    """Roles that an older revision needed are taken back too, each once."""
    documents = uploads()
    old = revision(1, name="classify-upload", BUCKET="pictures", RESULTS="gs://old")
    documents[f"{REVISIONS} classify-upload"][0] = old
    documents["storage buckets get-iam-policy gs://old"] = policy("roles/storage.objectUser", UPLOAD_ACCOUNT)
    run = operate(project, tmp_path, documents, "delete", "--yes", "--only", "upload")
    removed = [call[3] for call in run.calls if "remove-iam-policy-binding" in call and call[0] == "storage"]
    assert sorted(removed) == ["gs://labels", "gs://old", "gs://pictures"]


ABSENT = {
    "other condition": {"condition": {"expression": "resource.name.startsWith('elsewhere')"}},
    "no condition": {},
}


@pytest.mark.parametrize("more", ABSENT.values(), ids=ABSENT.keys())
def test_binding_of_another_kind(project: Path, tmp_path: Path, more: dict[str, Any]) -> None:
    """A binding that is not there with the very condition is left alone, as gcloud would fail for it."""
    other = policy("roles/storage.objectUser", UPLOAD_ACCOUNT, **more)
    documents = uploads() | {"storage buckets get-iam-policy gs://labels": other}
    run = operate(project, tmp_path, documents, "delete", "--yes", "--only", "upload")
    assert run.calls == [UNBOUND[0], UNBOUND[2], UPLOAD_FUNCTION, UPLOAD_IDENTITY, *DEAD]


def test_bucket_that_is_gone(project: Path, tmp_path: Path) -> None:
    """A bucket that cannot be seen is named, and the rest is deleted."""
    documents = uploads() | {"storage buckets get-iam-policy gs://labels": None}
    run = operate(project, tmp_path, documents, "delete", "--yes", "--only", "upload")
    assert run.calls == [UNBOUND[0], UNBOUND[2], UPLOAD_FUNCTION, UPLOAD_IDENTITY, *DEAD]
    assert f"The roles on gs://labels cannot be seen: if it is there, look for {UPLOAD_ACCOUNT} yourself." in run.errors


def test_identity_of_somebody_else(project: Path, tmp_path: Path) -> None:
    """An identity that was not made here stays with its roles, whatever its name."""
    foreign = service({"classify-00001-abc": 100}, "classify-00001-abc")
    foreign["spec"]["template"]["spec"]["serviceAccountName"] = "me@example.org"
    run = operate(project, tmp_path / "a", deployed(1) | {SERVICES: [foreign]}, "delete", "--yes", "--only", "http")
    assert run.calls == [FUNCTION]
    assert "me@example.org was not made here: it stays, with its roles." in run.errors
    same = deployed(1) | {ACCOUNTS: [{"email": ACCOUNT, "displayName": "ours"}]}
    assert operate(project, tmp_path / "b", same, "delete", "--yes", "--only", "http").calls == [FUNCTION]


def test_other_region(project: Path, tmp_path: Path) -> None:
    """What a function of the same name in another region shares with it stays."""
    other = service({}, "", name="classify-upload")
    other["metadata"]["labels"]["cloud.googleapis.com/location"] = "us-east1"
    run = operate(project, tmp_path, uploads() | {EVERYWHERE: [other]}, "delete", "--yes", "--only", "upload")
    assert run.calls == [UPLOAD_FUNCTION]
    assert "classify-upload in us-east1 shares identity and dead letters with classify-upload: those stay." in (
        run.errors
    )


def test_rest_of_an_interrupted_one(project: Path, tmp_path: Path) -> None:
    """Where the function is gone already, what is left of it is deleted."""
    documents = {SERVICES: [], DESCRIBED: None, ACCOUNTS: [made("classify-upload")]}
    run = operate(project, tmp_path, documents, "delete", "--yes", "--only", "upload")
    assert (run.code, run.calls) == (0, [UPLOAD_IDENTITY, *DEAD])


def test_rest_of_dead_letters(project: Path, tmp_path: Path) -> None:
    """A topic whose subscription is gone holds nothing, and is deleted."""
    documents = {SERVICES: [], f"pubsub subscriptions describe {DEAD_LETTERS}": None, DESCRIBED: None}
    run = operate(project, tmp_path, documents, "delete", "--yes", "--only", "upload")
    assert (run.code, run.calls) == (0, DEAD[1:])


def test_deployment_that_failed(project: Path, tmp_path: Path) -> None:
    """A function that has no service, as its first deployment failed, goes with its roles."""
    config = {"serviceAccountEmail": UPLOAD_ACCOUNT, "environmentVariables": SENT}
    documents = uploads() | {SERVICES: [], DESCRIBED: {"serviceConfig": config}}
    run = operate(project, tmp_path, documents, "delete", "--yes", "--only", "upload")
    assert (run.code, run.calls) == (0, [*UNBOUND, UPLOAD_FUNCTION, UPLOAD_IDENTITY, *DEAD])


def test_settings_that_cannot_be_read(project: Path, tmp_path: Path) -> None:
    """A revision with settings of another version is named with what is wrong, and the rest is deleted."""
    documents = uploads()
    documents[f"{REVISIONS} classify-upload"].append(revision(3, name="classify-upload", RESULTS="nowhere"))
    run = operate(project, tmp_path, documents, "delete", "--yes", "--only", "upload")
    assert run.calls == [*UNBOUND, UPLOAD_FUNCTION, UPLOAD_IDENTITY, *DEAD]
    assert "A revision of classify-upload cannot be read (RESULTS " in run.errors


def test_twice(project: Path, tmp_path: Path) -> None:
    """Where nothing is left, nothing is asked or sent."""
    run = operate(project, tmp_path, {SERVICES: [], TOPIC: None, DESCRIBED: None, DESCRIBED_HTTP: None}, "delete")
    assert (run.code, run.calls) == (0, [])
    assert run.errors.endswith(
        "Nothing to do: nothing of classify and classify-upload is in demo-proj, europe-west1.\n"
    )


@pytest.mark.parametrize("unseen", [SERVICES, ACCOUNTS, EVERYWHERE])
def test_what_cannot_be_seen(project: Path, tmp_path: Path, unseen: str) -> None:
    """Where it cannot be seen what is there, nothing is deleted."""
    run = operate(project, tmp_path, BOTH | {unseen: None}, "delete", "--yes")
    assert (run.code, run.calls) == (1, [])


def test_foreign_option(project: Path, tmp_path: Path) -> None:
    """`--yes` belongs to this command alone."""
    run = operate(project, tmp_path, BOTH, "split", "5", "--yes")
    assert (run.code, run.errors) == (2, "deploy.sh: --yes belongs to delete.\n")
