"""What gcloud answers about functions that are there, in the shape of its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.deploy.google_cloud import PROJECT, REGION
from tests.deploy.runs import Run, run_deploy

PLACE = ("--project", PROJECT, "--region", REGION)
IN_PLACE = [f"--project={PROJECT}", f"--region={REGION}"]
TRIGGER = f"projects/{PROJECT}/locations/{REGION}/triggers/t-1"
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/s-1"
DEAD_LETTERS = "classify-upload-dead-letters"
SERVICES = "run services list"
REVISIONS = "run revisions list"
FUNCTION = "functions describe classify-upload"
PULL = f"pubsub subscriptions pull {DEAD_LETTERS}"

Documents = dict[str, Any]


def revision(number: int, *, name: str = "classify", is_ready: bool = True, **variables: str) -> Any:
    """A revision; those with higher numbers are newer."""
    metadata = {"name": f"{name}-{number:05}-abc", "creationTimestamp": f"2026-11-{number:02}T08:00:00Z"}
    sent = {"DEPLOYED_MODEL": f"pets {number:012}", "MODEL": "model.onnx"} | variables
    env = [{"name": variable, "value": value} for variable, value in sent.items()]
    conditions = [{"type": "Ready", "status": str(is_ready)}]
    return {"metadata": metadata, "spec": {"containers": [{"env": env}]}, "status": {"conditions": conditions}}


def service(traffic: Mapping[str, int], latest: str, *, name: str = "classify", is_pinned: bool = False) -> Any:
    """A service whose traffic goes to these revisions; a pinned one names them."""
    status = [{"revisionName": one, "percent": percent} for one, percent in traffic.items()]
    wanted = status if is_pinned else [{"latestRevision": True, "percent": 100}]
    account = {"serviceAccountName": f"{name}@{PROJECT}.iam.gserviceaccount.com"}
    return {
        "metadata": {"name": name, "labels": {"cloud.googleapis.com/location": REGION}},
        "spec": {"traffic": wanted, "template": {"spec": account}},
        "status": {"url": f"https://{name}.example", "latestReadyRevisionName": latest, "traffic": status},
    }


def deployed(count: int, *, name: str = "classify", **traffic: int) -> Documents:
    """A function with so many revisions; the newest has all traffic, unless numbers say who has it (`r1=90`)."""
    latest = f"{name}-{count:05}-abc"
    percents = {f"{name}-{int(one[1:]):05}-abc": percent for one, percent in traffic.items()} or {latest: 100}
    return {
        SERVICES: [service(percents, latest, name=name, is_pinned=bool(traffic))],
        f"{REVISIONS} {name}": [revision(number, name=name) for number in range(1, count + 1)],
    }


def together(*parts: Documents) -> Documents:
    """What gcloud answers where all of these are there."""
    found: Documents = {}
    for part in parts:
        found |= part | {SERVICES: [*found.get(SERVICES, []), *part[SERVICES]]}
    return found


def events() -> Documents:
    """The trigger of the upload function, and its subscription, as a deployment leaves them."""
    filters = [{"attribute": "bucket", "value": "pictures"}]
    policy = {"deadLetterTopic": f"projects/{PROJECT}/topics/{DEAD_LETTERS}", "maxDeliveryAttempts": 100}
    return {
        FUNCTION: {"eventTrigger": {"trigger": TRIGGER, "eventFilters": filters}},
        f"eventarc triggers describe {TRIGGER}": {"transport": {"pubsub": {"subscription": SUBSCRIPTION}}},
        f"pubsub subscriptions describe {SUBSCRIPTION}": {"ackDeadlineSeconds": 600, "deadLetterPolicy": policy},
    }


def operate(project: Path, folder: Path, documents: Documents, *arguments: str, **changes: str) -> Run:
    """Run a command of deploy.sh where gcloud answers with these documents."""
    answers = {"GCLOUD_DOCUMENTS": json.dumps(documents)} | changes
    return run_deploy(project, folder, *arguments, *PLACE, **answers)
