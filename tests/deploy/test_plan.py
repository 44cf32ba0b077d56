"""`deploy.sh plan`: what it shows for a review."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from deployment.plan import DEPLOYERS
from settings.setting import HTTP
from tests.deploy.lifecycle import deployed
from tests.deploy.runs import ROOT, UPLOAD, Deploy, Run
from tests.deploy.test_deploy import CREATED, HTTP_CALL, UPLOAD_ACCOUNT, UPLOAD_CALLS

NOT_THERE = {"GCLOUD_FRESH": "1"}
DESCRIBED = "functions describe classify"


def remarks(run: Run) -> list[str]:
    """The comments."""
    return [line[2:] for line in run.output.splitlines() if line.startswith("# ")]


def shown(run: Run) -> list[list[str]]:
    """The commands, without `gcloud`."""
    found = [shlex.split(line) for line in run.output.splitlines() if line and not line.startswith("#")]
    assert {words[0] for words in found} <= {"gcloud"}
    return [[word for word in words[1:] if not word.startswith("--source=")] for words in found]


def test_fresh(deploy: Deploy) -> None:
    """Where nothing is there, the commands are those that a deployment runs, each behind its reason."""
    run = deploy("plan", "both", *UPLOAD, **NOT_THERE)
    assert (run.code, run.calls) == (0, [])
    assert [call[:4] for call in shown(run) if "create" in call] == CREATED
    assert [call for call in shown(run) if "create" not in call] == [HTTP_CALL, *UPLOAD_CALLS]
    lines = run.output.splitlines()
    assert all(lines[number - 1].startswith("# ") for number, line in enumerate(lines) if line.startswith("gcloud"))
    assert "classify: is not there: it would be made" in remarks(run)


def test_what_would_change(deploy: Deploy) -> None:
    """Of a function that is there, what would change is shown, and nothing else."""
    environment = {"THREADS": "2", "MODEL": "model.onnx", "MAX_PIXELS": "5", "WARMUP": "1", "DEPLOYED_MODEL": "pets 1"}
    config = {"availableMemory": "2Gi", "availableCpu": "1", "maxInstanceCount": 20, "maxInstanceRequestConcurrency": 2}
    function = {
        "buildConfig": {"runtime": "python313"},
        "serviceConfig": config | {"environmentVariables": environment},
    }
    documents = deployed(2, r1=100) | {DESCRIBED: function}
    run = deploy("plan", "http", GCLOUD_DOCUMENTS=json.dumps(documents))
    assert [line for line in remarks(run) if line.startswith("classify: ")] == [
        "classify: is there, with model pets 1; a new revision would be made",
        "classify:   --max-instances: 20 -> 10",
        "classify:   MAX_PIXELS: 5 -> 36000000",
        "classify:   WARMUP: 1 -> not set",
    ]
    assert "The traffic of classify is pinned" in run.errors


def test_what_is_there(deploy: Deploy) -> None:
    """An identity and a role that are there are named, without a command."""
    binding = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{UPLOAD_ACCOUNT}"]}
    documents = {"storage buckets get-iam-policy gs://pictures": {"bindings": [binding]}}
    run = deploy("plan", "upload", *UPLOAD, GCLOUD_DOCUMENTS=json.dumps(documents))
    assert f"is granted: roles/storage.objectViewer on gs://pictures for {UPLOAD_ACCOUNT}" in remarks(run)
    assert "is there: iam service-accounts classify-upload" in remarks(run)
    assert shown(run) == UPLOAD_CALLS[1:]


def test_apis_and_roles(deploy: Deploy) -> None:
    """APIs and the roles of who deploys are those of the functions that are meant."""
    http, both = (remarks(deploy("plan", *words)) for words in (("http",), ("both", *UPLOAD)))
    assert not any("eventarc" in line for line in http)
    assert any("eventarc.googleapis.com" in line for line in both)
    roles = [line.strip() for line in http if line.startswith("  roles/")]
    assert roles == [role for role, functions in DEPLOYERS if HTTP in functions]


def test_table_of_deployers() -> None:
    """The table in docs/operations.md has the same roles."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.split("| role | on | for |")[1].split("\n\n")[0]
    assert re.findall(r"`(roles/[^`]+)`", table) == [role for role, _ in DEPLOYERS]


@pytest.mark.parametrize("missing", ["auth print-access-token", "storage buckets describe gs://labels"])
def test_not_ready(deploy: Deploy, missing: str) -> None:
    """What would keep a deployment from its beginning ends a plan, too."""
    run = deploy("plan", "upload", *UPLOAD, GCLOUD_MISSING=missing)
    assert (run.code, run.output, run.calls) == (1, "", [])
