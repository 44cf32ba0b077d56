"""A deployed function as a service of Cloud Run: its revisions, and the traffic that each gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployment.gcloud import ask
from deployment.options import REGION
from deployment.target import Target

MODEL, SENT_MODEL = "MODEL", "DEPLOYED_MODEL"
"""The variables that tell which model a revision has: where it is, and name and version of one that was sent along."""
LOCATION = "cloud.googleapis.com/location"
"""The label of a service that names its region."""


@dataclass(frozen=True)
class Revision:
    """One deployment of a function, which stays as it is."""

    name: str
    created: str
    is_ready: bool
    variables: Mapping[str, str]

    @property
    def model(self) -> str:
        """Its model: name and version where it was sent along, else its address."""
        return self.variables.get(SENT_MODEL) or self.variables.get(MODEL) or "unknown"


@dataclass(frozen=True)
class Service:
    """A function that is there."""

    name: str
    url: str
    account: str
    latest: str
    """The newest revision that can serve."""
    is_pinned: bool
    """Whether traffic goes to named revisions, so that what is deployed next gets none."""
    percents: Mapping[str, int]
    """The traffic of the revisions that get some."""
    revisions: Sequence[Revision]
    """The newest first."""

    @property
    def serving(self) -> str:
        """The revision with the most traffic."""
        return max(self.percents, key=lambda name: self.percents[name], default=self.latest)

    def older(self) -> Revision | None:
        """The revision to go back to: of several that serve the older one, else the one before that can serve."""
        serving = [revision for revision in self.revisions if revision.name in self.percents]
        if len(serving) > 1:
            return max(serving[1:], key=lambda revision: self.percents[revision.name])
        names = [revision.name for revision in self.revisions]
        behind = self.revisions[names.index(self.serving) + 1 :] if self.serving in names else []
        return next((revision for revision in behind if revision.is_ready), None)

    def revision(self, name: str) -> Revision | None:
        """The revision of that name."""
        return next((revision for revision in self.revisions if revision.name == name), None)


def find(target: Target, *names: str, with_revisions: bool = True) -> list[Service]:
    """Those of the functions that are there; CommandFailed where that cannot be seen."""
    place = (target.in_project, target.in_region)
    # A list fails where nothing may be seen, and is empty where nothing is there; `describe` fails for both.
    # A filter would be the client's own work, with a warning.
    documents = ask("run", "services", "list", *place)
    found = {document["metadata"]["name"]: document for document in documents or []}
    there = [name for name in names if name in found]
    return [_service(found[name], _revisions(target, name) if with_revisions else []) for name in there]


def sharing(target: Target, name: str, account: str) -> list[str]:
    """The other services of the project, in any region, that have the same name or identity; CommandFailed."""
    here = (name, target.arguments[REGION])
    found = []
    for document in ask("run", "services", "list", target.in_project) or []:
        metadata = document["metadata"]
        place = (metadata["name"], metadata.get("labels", {}).get(LOCATION, ""))
        template = document.get("spec", {}).get("template", {}).get("spec", {})
        if place != here and (place[0] == name or template.get("serviceAccountName") == account):
            found.append(f"{place[0]} in {place[1]}")
    return found


def _revisions(target: Target, name: str) -> list[Revision]:
    listed = ask("run", "revisions", "list", f"--service={name}", target.in_project, target.in_region)
    return sorted(map(_revision, listed or []), key=lambda revision: revision.created, reverse=True)


def _service(document: Any, revisions: Sequence[Revision]) -> Service:
    name, status = document["metadata"]["name"], document.get("status", {})
    percents: dict[str, int] = {}
    for part in status.get("traffic", []):
        if percent := part.get("percent", 0):
            percents[part["revisionName"]] = percents.get(part["revisionName"], 0) + percent
    wanted = [part for part in document.get("spec", {}).get("traffic", []) if part.get("percent")]
    template = document.get("spec", {}).get("template", {}).get("spec", {})
    return Service(
        name=name,
        url=status.get("url", ""),
        account=template.get("serviceAccountName", ""),
        latest=status.get("latestReadyRevisionName", ""),
        is_pinned=bool(wanted) and not any(part.get("latestRevision") for part in wanted),
        percents=percents,
        revisions=revisions,
    )


def _revision(document: Any) -> Revision:
    conditions = {one.get("type"): one.get("status") for one in document.get("status", {}).get("conditions", [])}
    containers = document.get("spec", {}).get("containers", [])
    variables = {one["name"]: one.get("value", "") for container in containers[:1] for one in container.get("env", [])}
    metadata = document["metadata"]
    created = metadata.get("creationTimestamp", "")
    return Revision(metadata["name"], created, conditions.get("Ready") == "True", variables)
