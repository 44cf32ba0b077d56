"""The command plan: what a deployment would do and why, as a commented script; nothing is changed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from deployment import account, apis, deploy, environment, processes, service, streams, traffic
from deployment.arguments import Arguments
from deployment.environment import AT_ONCE
from deployment.errors import CommandFailed
from deployment.gcloud import ask, exists
from deployment.options import CPU, MAX_INSTANCES, MEMORY, MIN_INSTANCES, RUNTIME
from deployment.roles import Grant
from deployment.service import SENT_MODEL
from deployment.target import Deployment, Target
from settings.setting import HTTP, UPLOAD

FOLDER = "FOLDER"
"""Stands for the collected files."""
SIZE = {
    "availableMemory": MEMORY,
    "availableCpu": CPU,
    "minInstanceCount": MIN_INSTANCES,
    "maxInstanceCount": MAX_INSTANCES,
}
"""What a function's description calls its size."""
DEPLOYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("roles/cloudfunctions.developer", (HTTP, UPLOAD)),
    ("roles/iam.serviceAccountUser", (HTTP, UPLOAD)),
    ("roles/iam.serviceAccountAdmin", (HTTP, UPLOAD)),
    ("roles/run.admin", (HTTP, UPLOAD)),
    ("roles/storage.admin", (HTTP, UPLOAD)),
    ("roles/resourcemanager.projectIamAdmin", (UPLOAD,)),
    ("roles/pubsub.admin", (UPLOAD,)),
    ("roles/eventarc.viewer", (UPLOAD,)),
    ("roles/logging.viewer", (HTTP, UPLOAD)),
    ("roles/serviceusage.serviceUsageAdmin", (HTTP, UPLOAD)),
)
"""The roles of who deploys, and for which functions; docs/operations.md says on what and for what."""


class Planned:
    """Asks what is there, and shows the commands for what is not, each with its reason."""

    def run(self, *words: str) -> None:
        """Show a command that a deployment runs each time."""
        _remark(f"each time: {' '.join(words[:3])}")
        streams.show(shlex.join(["gcloud", *words]))

    def run_quietly(self, *words: str) -> None:
        """Show the command."""
        self.run(*words)

    def make(self, describe: Sequence[str], create: Sequence[str]) -> None:
        """Show how something is made, unless it is there."""
        name = " ".join(create[:2]) + f" {create[3]}"
        if exists(*describe):
            _remark(f"is there: {name}")
            return
        _remark(f"is not there: {name}")
        streams.show(shlex.join(["gcloud", *create]))

    def grant(self, grant: Grant) -> None:
        """Show how a role is granted, unless it is."""
        what = f"{grant.role} on {grant.name} for {grant.member}{' below a prefix' if grant.expression else ''}"
        if grant.is_in(_policy(grant)):
            _remark(f"is granted: {what}")
            return
        _remark(f"is not granted, or cannot be seen: {what}")
        streams.show(shlex.join(["gcloud", *grant.adding]))

    def answer(self, placeholder: str, *words: str) -> str:
        """The answer, or the placeholder for what is not there before the deployment."""
        return (processes.output(["gcloud", *words])[1] if exists(*words) else "") or placeholder


def run(arguments: Arguments, functions: tuple[str, ...]) -> None:
    """Show all of it; DeploymentError for what would keep a deployment from its beginning."""
    deploy.check(arguments, functions)
    number = account.check(arguments, functions)
    deployment = Deployment(arguments, Planned(), Path(FOLDER), number)
    names = [arguments.name_of(function) for function in functions]
    _remark(f"Plan for {' and '.join(names)} in {deployment.where}. Nothing was changed.")
    _remark(f"{FOLDER} stands for the files that a deployment collects and tries first; it adds {SENT_MODEL}.")
    _remark(f"APIs that have to be enabled: {', '.join(apis.needed(functions))}")
    _remark("Who deploys needs these roles (docs/operations.md says on what):")
    for role, of in DEPLOYERS:
        if set(of) & set(functions):
            _remark(f"  {role}")
    found = {one.name for one in service.find(deployment, *names, with_revisions=False)}
    apis.enable(deployment, functions)
    for function, name in zip(functions, names):
        streams.show("")
        for line in _changes(deployment, function) if name in found else ["is not there: it would be made"]:
            _remark(f"{name}: {line}")
        deploy.STEPS[function](deployment)
    traffic.pins(deployment, functions)


def _changes(target: Target, function: str) -> Iterator[str]:
    """What a deployment would change of a function that is there."""
    name = target.arguments.name_of(function)
    try:
        there = _described(ask("functions", "describe", name, "--gen2", target.in_project, target.in_region), function)
    except CommandFailed:
        yield "is there, and cannot be seen as a function; gcloud says why"
        return
    arguments = target.arguments
    planned = {option.flag: arguments[option] for option in (*SIZE.values(), AT_ONCE[function], RUNTIME)}
    planned |= environment.variables(arguments, function)
    different = [key for key in {**there, **planned} if there.get(key) != planned.get(key) and key != SENT_MODEL]
    yield f"is there, with model {there.get(SENT_MODEL) or there.get('MODEL')}; a new revision would be made"
    for key in different:
        yield f"  {key}: {there.get(key, 'not set')} -> {planned.get(key, 'not set')}"


def _described(document: Any, function: str) -> dict[str, str]:
    """The settings of a function that is there, by their options and variables."""
    config = document.get("serviceConfig", {})
    size = {option.flag: str(config.get(field, 0)) for field, option in SIZE.items()}
    size[AT_ONCE[function].flag] = str(config.get("maxInstanceRequestConcurrency", 1))
    size[RUNTIME.flag] = document.get("buildConfig", {}).get("runtime", "")
    return {**size, **config.get("environmentVariables", {})}


def _policy(grant: Grant) -> Any:
    try:
        return ask(*grant.asking)
    except CommandFailed:
        return {}


def _remark(text: str) -> None:
    """Show a comment: what others named must not end it."""
    streams.show(f"# {''.join(c if c.isprintable() else ' ' for c in text)}")
