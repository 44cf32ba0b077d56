"""Identities of the functions, with no more roles than they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployment.target import Deployment, Target
from settings import HttpSettings, Settings, UploadSettings
from storage.location import GS, Location

VIEWER = "roles/storage.objectViewer"
USER = "roles/storage.objectUser"
RECEIVER = "roles/eventarc.eventReceiver"
INVOKER = "roles/run.invoker"
PUBLISHER = "roles/pubsub.publisher"
SUBSCRIBER = "roles/pubsub.subscriber"
_BUCKETS, _PROJECTS = ("storage", "buckets"), ("projects",)


@dataclass(frozen=True)
class Grant:
    """A role that a service account has on a resource; `kind` and `where` are the words that gcloud takes for it."""

    member: str
    role: str
    kind: tuple[str, ...]
    name: str
    where: tuple[str, ...] = ()
    condition: str = ""
    """As gcloud takes it; `None` says that there is none, where policies may have conditions."""

    @property
    def adding(self) -> tuple[str, ...]:
        """The command that grants it."""
        return self._changing("add-iam-policy-binding")

    @property
    def removing(self) -> tuple[str, ...]:
        """The command that takes it back; gcloud finds a binding by its condition too."""
        return self._changing("remove-iam-policy-binding")

    @property
    def asking(self) -> tuple[str, ...]:
        """The command that tells who may do what with the resource."""
        return (*self.kind, "get-iam-policy", self.name, *self.where)

    @property
    def expression(self) -> str:
        """The expression of its condition, as a policy has it."""
        return self.condition.partition("|expression=")[2]

    def is_in(self, policy: Any) -> bool:
        """Whether a policy has it, with the very condition."""
        return any(
            binding.get("role") == self.role
            and f"serviceAccount:{self.member}" in binding.get("members", [])
            and binding.get("condition", {}).get("expression", "") == self.expression
            for binding in (policy or {}).get("bindings", [])
        )

    def _changing(self, verb: str) -> tuple[str, ...]:
        conditions = [f"--condition={self.condition}"] if self.condition else []
        who = (f"--member=serviceAccount:{self.member}", f"--role={self.role}")
        return (*self.kind, verb, self.name, *self.where, *who, *conditions)


def of_http(account: str, variables: Mapping[str, str]) -> tuple[Grant, ...]:
    """The roles of the HTTP function with these environment variables."""
    buckets = HttpSettings.from_environ(variables).read_buckets
    reads = [on_bucket(Location(bucket, ""), account, VIEWER) for bucket in buckets]
    return tuple(dict.fromkeys([*_of_model(account, variables), *reads]))


def of_upload(project: str, account: str, variables: Mapping[str, str]) -> tuple[Grant, ...]:
    """The roles of the upload function with these environment variables."""
    settings = UploadSettings.from_environ(variables)
    role = USER if settings.annotate else VIEWER
    watched = [on_bucket(Location(settings.bucket, ""), account, role)] if settings.bucket else []
    stores = [on_bucket(location, account, USER) for location in (settings.results, settings.failed) if location]
    events = in_project(project, account, RECEIVER)
    return tuple(dict.fromkeys([*_of_model(account, variables), *watched, *stores, events]))


def in_project(project: str, member: str, role: str) -> Grant:
    """A role in the whole project."""
    return Grant(member, role, _PROJECTS, project, condition="None")


def on_bucket(location: Location, member: str, role: str) -> Grant:
    """A role below the prefix, if there is one, and nowhere else."""
    resource = f"projects/_/buckets/{location.bucket}/objects/{location.below}"
    below = f'^|^title=below-prefix|expression=resource.name.startsWith("{resource}")'
    return Grant(member, role, _BUCKETS, f"{GS}{location.bucket}", condition=below if location.name else "None")


def email_of(target: Target, name: str) -> str:
    """The address of the identity that is made for a function."""
    return f"{name}@{target.project}.iam.gserviceaccount.com"


def title_of(name: str) -> str:
    """By which an identity is known as made here."""
    return f"Image classifier {name}"


def make_account(deployment: Deployment, name: str) -> str:
    """An identity that may do nothing yet; its address."""
    email = email_of(deployment, name)
    accounts = ("iam", "service-accounts")
    deployment.cloud.make(
        (*accounts, "describe", email, deployment.in_project),
        (*accounts, "create", name, deployment.in_project, f"--display-name={title_of(name)}"),
    )
    return email


def give(deployment: Deployment, *grants: Grant) -> None:
    """Grant them, one after the other."""
    for grant in grants:
        deployment.cloud.grant(grant)


def _of_model(account: str, variables: Mapping[str, str]) -> list[Grant]:
    """Of a model that is not sent along, the bucket is read."""
    model = Settings.from_environ(variables).model
    return [on_bucket(Location(Location.parse(model).bucket, ""), account, VIEWER)] if model.startswith(GS) else []
