"""The command status: what serves, with which model, how events come, and what went wrong."""

from __future__ import annotations

import shlex
from typing import Any

from deployment import dead_letters, service, streams, traffic
from deployment.arguments import Arguments
from deployment.errors import CommandFailed, DeploymentError
from deployment.gcloud import ask, changing
from deployment.service import Service
from deployment.target import Target
from settings.setting import BOTH, UPLOAD

SHOWN_REVISIONS = 5
"""Of those without traffic."""
SHOWN_ERRORS = 5
FRESHNESS = "7d"
"""How far back errors are looked for."""
MOST_CHARACTERS = 300
"""Of an error that is shown."""


def run(arguments: Arguments) -> None:
    """Print it for the functions that are there; DeploymentError where none is."""
    target = Target(arguments, changing(is_dry=False))
    names = {arguments.name_of(function): function for function in BOTH}
    found = service.find(target, *names)
    if not found:
        raise DeploymentError(f"{' and '.join(names)}: there is no such function in {target.where}.")
    for one in found:
        _show_revisions(one)
        if names[one.name] == UPLOAD:
            _show_events(target, one.name)
        _show_errors(target, one.name)
    for name in names.keys() - {one.name for one in found}:
        streams.show(f"{name}: not there")


def errors_of(name: str) -> str:
    """The filter of Cloud Logging that selects the errors of a function."""
    return f'resource.type="cloud_run_revision" AND resource.labels.service_name="{name}" AND severity>=ERROR'


def _show_revisions(found: Service) -> None:
    streams.show(f"{found.name}  {found.url}")
    known = {revision.name: revision for revision in found.revisions}
    for name, percent in found.percents.items():
        revision = known.get(name)
        _line("traffic", f"{percent} % {name}, {f'{revision.created}, {revision.model}' if revision else 'unknown'}")
    rest = [revision for revision in found.revisions if revision.name not in found.percents]
    for revision in rest[:SHOWN_REVISIONS]:
        state = "" if revision.is_ready else ", never became ready"
        _line("revision", f"{revision.name}, {revision.created}, {revision.model}{state}")
    if len(rest) > SHOWN_REVISIONS:
        _line("", f"and {len(rest) - SHOWN_REVISIONS} older ones")
    if found.is_pinned:
        _line("pinned", traffic.notice(found))


def _show_events(target: Target, name: str) -> None:
    try:
        trigger = dead_letters.trigger_of(target, name)
        subscription = ask("pubsub", "subscriptions", "describe", trigger.subscription, target.in_project)
    except CommandFailed:
        _line("trigger", "cannot be seen; gcloud says why. If it is not there, the same deployment again makes it.")
    else:
        _line("trigger", f"{trigger.name}, events of gs://{trigger.bucket}")
        _show_subscription(subscription)
    topic = dead_letters.topic_of(name)
    streams.say(f"Looking into {topic}.")
    try:
        count = dead_letters.waiting(target, name)
    except CommandFailed:
        _line("dead letters", "cannot be seen; gcloud says why.")
        return
    look = f"gcloud pubsub subscriptions pull {topic} {target.in_project} --limit={dead_letters.MOST_SEEN}"
    _line("dead letters", f"at least {count}: {look}" if count else "none seen")


def _show_subscription(subscription: Any) -> None:
    seconds, policy = subscription.get("ackDeadlineSeconds"), subscription.get("deadLetterPolicy", {})
    wanted = "" if seconds == dead_letters.ACK_SECONDS else f", not {dead_letters.ACK_SECONDS}: deploy it again"
    _line("ack deadline", f"{seconds} s{wanted}")
    if policy:
        _line("given up", f"after {policy.get('maxDeliveryAttempts')} deliveries, to {policy.get('deadLetterTopic')}")
    else:
        _line("given up", "nowhere: what is given up is lost. Deploy it again")


def _show_errors(target: Target, name: str) -> None:
    words = ("logging", "read", errors_of(name), target.in_project, f"--freshness={FRESHNESS}")
    limited = (*words, f"--limit={SHOWN_ERRORS}")
    try:
        entries = ask(*limited) or []
    except CommandFailed:
        _line("errors", "cannot be seen; gcloud says why.")
        return
    for entry in entries:
        _line("error", f"{entry.get('timestamp')} {_printable(_message(entry))}")
    _line("errors" if entries else "no errors", shlex.join(["gcloud", *limited]))


def _message(entry: Any) -> str:
    payload = entry.get("jsonPayload", {})
    return str(payload.get("message") or entry.get("textPayload") or entry.get("protoPayload") or "")


def _printable(text: str) -> str:
    """One line without what a terminal would obey: the names of objects are anybody's."""
    return "".join(c if c.isprintable() else " " for c in text[:MOST_CHARACTERS])


def _line(head: str, text: str) -> None:
    streams.show(f"  {head:<13}{text}")
