"""The command delete: functions, their roles, identities, triggers, and dead letters that hold nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployment import dead_letters, roles, service, streams
from deployment.arguments import Arguments
from deployment.errors import CommandFailed, DeploymentError
from deployment.gcloud import ask, changing, exists
from deployment.options import DRY_RUN, FUNCTION_NAMES, ONLY, YES
from deployment.roles import Grant
from deployment.service import Service
from deployment.target import Target
from settings import BadSetting
from settings.setting import BOTH, HTTP, UPLOAD

KEPT = "Buckets, results and dead letters that hold messages stay, and so does the role of Cloud Storage's agent."


@dataclass(frozen=True)
class Remains:
    """All that is there of one function."""

    name: str
    function: str
    account: str
    """The identity that it has; empty where it is not there."""
    variables: Sequence[Mapping[str, str]]
    """The environment variables that each of its revisions has."""
    has_account: bool
    """Whether the identity that was made for it is there, and no other service has it."""
    has_dead_letters: bool

    def __bool__(self) -> bool:
        return bool(self.account or self.has_account or self.has_dead_letters)


def run(arguments: Arguments) -> None:
    """Delete what a deployment has made, for the functions that are there; what was deleted before is passed over."""
    target = Target(arguments, changing(is_dry=arguments.is_on(DRY_RUN)))
    functions = [FUNCTION_NAMES[said]] if (said := arguments[ONLY]) else BOTH
    names = {arguments.name_of(function): function for function in functions}
    found = {one.name: one for one in service.find(target, *names)}
    doomed = [one for name in names if (one := _remains(target, name, names[name], found.get(name)))]
    if not doomed:
        streams.say(f"Nothing to do: nothing of {' and '.join(names)} is in {target.where}.")
        return
    _confirm(target, [one.name for one in doomed])
    for one in doomed:
        _delete(target, one)
    streams.say(KEPT)


def _remains(target: Target, name: str, function: str, found: Service | None) -> Remains:
    sharing = service.sharing(target, name, roles.email_of(target, name))
    if sharing:
        streams.say(f"{', '.join(sharing)} shares identity and dead letters with {name}: those stay.")
    account, variables = _deployed(found) if found else _begun(target, name)
    return Remains(
        *(name, function, account, variables),
        has_account=not sharing and _is_made_here(target, name),
        has_dead_letters=not sharing and function == UPLOAD and _has_dead_letters(target, name),
    )


def _deployed(found: Service) -> tuple[str, list[Mapping[str, str]]]:
    return found.account, [revision.variables for revision in found.revisions]


def _begun(target: Target, name: str) -> tuple[str, list[Mapping[str, str]]]:
    """Identity and variables of a function whose first deployment failed, so that it has no service."""
    words = ("functions", "describe", name, "--gen2", target.in_project, target.in_region)
    config = (ask(*words) or {}).get("serviceConfig", {}) if exists(*words) else {}
    return config.get("serviceAccountEmail", ""), [config.get("environmentVariables", {})]


def _confirm(target: Target, names: list[str]) -> None:
    """DeploymentError unless somebody says yes."""
    streams.say(f"To be deleted in {target.where}: {', '.join(names)}, with triggers, roles and identities. {KEPT}")
    if target.arguments.is_on(YES) or target.arguments.is_on(DRY_RUN):
        return
    streams.say("Events that are waiting for the trigger are lost. Say yes to delete:")
    if sys.stdin is None or sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DeploymentError(f"nothing was deleted; {YES.flag} deletes without asking.")


def _delete(target: Target, one: Remains) -> None:
    """Roles first: the deployed settings say which there are, and go with the function."""
    account = roles.email_of(target, one.name)
    if one.account not in ("", account):
        streams.say(f"{one.account} was not made here: it stays, with its roles.")
    elif one.account and one.has_account:
        _unbind(target, _roles_of(target, one))
    if one.account:
        target.cloud.run("functions", "delete", one.name, "--gen2", target.in_project, target.in_region, "--quiet")
    if one.has_account:
        target.cloud.run("iam", "service-accounts", "delete", account, target.in_project, "--quiet")
    if one.has_dead_letters:
        _delete_dead_letters(target, one.name)


def _roles_of(target: Target, one: Remains) -> list[Grant]:
    """Those that any revision has needed, each once."""
    grants: list[Grant] = []
    for variables in one.variables:
        try:
            if one.function == HTTP:
                grants += roles.of_http(one.account, variables)
            else:
                grants += roles.of_upload(target.project, one.account, variables)
        except BadSetting as error:
            streams.say(
                f"A revision of {one.name} cannot be read ({error}): roles that only it had are not taken back."
            )
    return list(dict.fromkeys(grants))


def _unbind(target: Target, grants: list[Grant]) -> None:
    """Take back those that are there: gcloud fails for others."""
    policies: dict[tuple[str, ...], Any] = {}
    for grant in grants:
        if grant.asking not in policies:
            policies[grant.asking] = _policy(grant)
        if grant.is_in(policies[grant.asking]):
            target.cloud.run_quietly(*grant.removing)


def _policy(grant: Grant) -> Any:
    try:
        return ask(*grant.asking)
    except CommandFailed:
        streams.say(f"The roles on {grant.name} cannot be seen: if it is there, look for {grant.member} yourself.")
        return {}


def _is_made_here(target: Target, name: str) -> bool:
    """Whether there is an identity of the function's name with the title that deployments give."""
    email = roles.email_of(target, name)
    words = ("iam", "service-accounts", "list", target.in_project, f"--filter=email={email}")
    return any(
        one.get("email") == email and one.get("displayName") == roles.title_of(name) for one in ask(*words) or []
    )


def _has_dead_letters(target: Target, name: str) -> bool:
    return exists("pubsub", "topics", "describe", dead_letters.topic_of(name), target.in_project)


def _delete_dead_letters(target: Target, name: str) -> None:
    """Delete the topic and its subscription, unless there is a message, or nobody knows."""
    topic = dead_letters.topic_of(name)
    kinds = ["subscriptions", "topics"]
    if not exists("pubsub", "subscriptions", "describe", topic, target.in_project):
        del kinds[0]  # a topic holds nothing itself
    elif not _are_empty(target, name, topic):
        return
    for kind in kinds:
        target.cloud.run("pubsub", kind, "delete", topic, target.in_project, "--quiet")


def _are_empty(target: Target, name: str, topic: str) -> bool:
    """Whether somebody has looked, and nothing is there."""
    streams.say(f"Looking into {topic}.")
    try:
        count = dead_letters.waiting(target, name)
    except CommandFailed:
        streams.say(f"{topic} cannot be looked into, so it stays.")
        return False
    if count:
        streams.say(f"{topic} holds at least {count} messages, so it stays: delete it when they are dealt with.")
    return not count
