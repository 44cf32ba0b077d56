"""Identities of the functions, with no more roles than they need."""

from __future__ import annotations

from deployment.options import MODEL
from deployment.target import Deployment
from storage.location import GS, Location

VIEWER = "roles/storage.objectViewer"
USER = "roles/storage.objectUser"


def make_account(deployment: Deployment, name: str) -> str:
    """An identity that may do nothing yet; its address."""
    email = f"{name}@{deployment.project}.iam.gserviceaccount.com"
    accounts = ("iam", "service-accounts")
    deployment.cloud.make(
        (*accounts, "describe", email, deployment.in_project),
        (*accounts, "create", name, deployment.in_project, f"--display-name=Image classifier {name}"),
    )
    return email


def grant(deployment: Deployment, member: str, role: str, *words: str, condition: str = "") -> None:
    """Give an account a role on the resource that the words name; `None` is a condition, too."""
    conditions = [f"--condition={condition}"] if condition else []
    command = (*words, f"--member=serviceAccount:{member}", f"--role={role}", *conditions)
    deployment.cloud.grant(member, role, command)


def grant_in_project(deployment: Deployment, member: str, role: str) -> None:
    """Give an account a role in the whole project."""
    grant(deployment, member, role, "projects", "add-iam-policy-binding", deployment.project, condition="None")


def grant_on_bucket(deployment: Deployment, location: Location, member: str, role: str) -> None:
    """Give an account a role below the prefix, if there is one, and nowhere else."""
    resource = f"projects/_/buckets/{location.bucket}/objects/{location.below}"
    below = f'^|^title=below-prefix|expression=resource.name.startsWith("{resource}")'
    words = ("storage", "buckets", "add-iam-policy-binding", f"{GS}{location.bucket}")
    grant(deployment, member, role, *words, condition=below if location.name else "None")


def grant_model(deployment: Deployment, member: str) -> None:
    """Let an account read the bucket of a model that is not sent along."""
    model = deployment.arguments[MODEL]
    if model.startswith(GS):
        grant_on_bucket(deployment, Location(Location.parse(model).bucket, ""), member, VIEWER)
