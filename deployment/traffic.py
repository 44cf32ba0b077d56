"""The commands rollback and split: which revision of a function gets how much of its traffic."""

from __future__ import annotations

from collections.abc import Sequence

from deployment import service, streams
from deployment.arguments import Arguments
from deployment.errors import CommandFailed, DeploymentError, Refused
from deployment.gcloud import changing
from deployment.options import DRY_RUN, FUNCTION_NAMES, ONLY, TO_LATEST
from deployment.service import Service
from deployment.target import Target
from settings.setting import BOTH
from settings.values import BadValue, count, shown

ALL = 100
"""Percent."""


def rollback(arguments: Arguments) -> None:
    """Give all traffic to one revision: the one that was said, or the one that served before the newest that serves."""
    target, name = _target(arguments), arguments.operand
    if name:
        found = _having(target, name)
    else:
        found = _only(target)
        older = found.older()
        if not older:
            raise DeploymentError(f"{found.name} has no revision before {found.serving} that can serve.")
        name = older.name
    _direct(target, found, {name: ALL})


def split(arguments: Arguments) -> None:
    """Give the newest revision some percent of the traffic, and the rest to the one that serves beside it."""
    percent = _percent(arguments.operand)
    target = _target(arguments)
    found = _only(target)
    if percent == ALL:
        _to_latest(target, found)
        return
    others = {name: part for name, part in found.percents.items() if name != found.latest}
    older = found.older()
    base = max(others, key=lambda name: others[name]) if others else older.name if older else ""
    if not base:
        raise DeploymentError(f"{found.name} has no revision beside {found.latest} that can serve.")
    _direct(target, found, {found.latest: percent, base: ALL - percent})


def pins(target: Target, functions: Sequence[str]) -> list[str]:
    """The sentences about pins that a deployment does not end; they are said before it, and again behind it."""
    if target.arguments.is_on(TO_LATEST):
        return []
    names = [target.arguments.name_of(function) for function in functions]
    try:
        found = service.find(target, *names, with_revisions=False)
    except CommandFailed:  # who may deploy need not be allowed to list
        streams.say(f"Whether traffic is pinned cannot be seen; {TO_LATEST.flag} gives it to what is deployed.")
        return []
    notices = [notice(one) for one in found if one.is_pinned]
    for sentence in notices:
        streams.say(sentence)
    return notices


def notice(found: Service) -> str:
    """The sentence about a pin, so that nobody forgets it."""
    shares = ", ".join(f"{percent} % to {name}" for name, percent in found.percents.items())
    return (
        f"The traffic of {found.name} is pinned ({shares}): what is deployed gets none until ./deploy.sh split {ALL},"
        f" or a deployment with {TO_LATEST.flag}."
    )


def _target(arguments: Arguments) -> Target:
    return Target(arguments, changing(is_dry=arguments.is_on(DRY_RUN)))


def _percent(text: str) -> int:
    try:
        percent = count(text)
    except BadValue as error:
        raise Refused(f"PERCENT {error}.") from error
    if percent > ALL:
        raise Refused(f"PERCENT is {shown(text)}, more than {ALL}.")
    return percent


def _only(target: Target) -> Service:
    """The one function that is meant."""
    functions = [FUNCTION_NAMES[said]] if (said := target.arguments[ONLY]) else BOTH
    names = [target.arguments.name_of(function) for function in functions]
    found = service.find(target, *names)
    if not found:
        raise DeploymentError(f"{' and '.join(names)}: there is no such function in {target.where}.")
    if len(found) > 1:
        raise Refused(
            f"{' and '.join(names)} are both there: say {ONLY.flag} {f' or {ONLY.flag} '.join(FUNCTION_NAMES)}."
        )
    return found[0]


def _having(target: Target, name: str) -> Service:
    """The function that has a revision of that name, which can serve."""
    names = [target.arguments.name_of(function) for function in BOTH]
    for found in service.find(target, *names):
        if revision := found.revision(name):
            if not revision.is_ready:
                raise Refused(f"{name} cannot serve: it never became ready.")
            return found
    raise Refused(f"{' and '.join(names)} have no revision {shown(name)}; ./deploy.sh status lists them.")


def _direct(target: Target, found: Service, wanted: dict[str, int]) -> None:
    """Send the traffic to named revisions, unless it goes there already."""
    if found.is_pinned and found.percents == wanted:
        streams.say(f"Nothing to do: {notice(found)}")
        return
    parts = ",".join(f"{name}={percent}" for name, percent in wanted.items())
    _update(target, found, f"--to-revisions={parts}")
    for name, percent in wanted.items():
        revision = found.revision(name)
        streams.say(f"{percent} % of {found.name}: {name}, model {revision.model if revision else 'unknown'}.")
    streams.say("Roles, the trigger and its subscription are not rolled back: those are of the last deployment.")
    streams.say(f"Traffic is pinned: what is deployed next gets none until ./deploy.sh split {ALL}.")


def _to_latest(target: Target, found: Service) -> None:
    """Send all traffic to the newest revision, and to each that is deployed from now on."""
    if not found.is_pinned and found.percents in ({}, {found.latest: ALL}):
        streams.say(f"Nothing to do: all traffic of {found.name} goes to its newest revision, {found.latest}.")
        return
    _update(target, found, "--to-latest")
    streams.say(f"All traffic of {found.name} goes to its newest revision, now {found.latest}, and to later ones.")


def _update(target: Target, found: Service, change: str) -> None:
    target.cloud.run(
        *("run", "services", "update-traffic", found.name, target.in_project, target.in_region, change),
    )
