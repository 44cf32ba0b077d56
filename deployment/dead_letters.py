"""Dead letters: events that the platform gives up are kept for seven days, where somebody can pull them."""

from __future__ import annotations

from dataclasses import dataclass

from deployment import roles
from deployment.gcloud import ask
from deployment.target import Deployment, Target

MOST_ATTEMPTS = 100
"""That a dead-letter topic allows."""
ACK_SECONDS = 600
"""In which an event is answered before it comes again; the most that Pub/Sub allows. Eventarc leaves 10."""
KEPT = ("--expiration-period=never", "--message-retention-duration=7d")


MOST_SEEN = 10
"""Dead letters that are looked at to see whether there are some."""


@dataclass(frozen=True)
class Trigger:
    """The trigger of a function, the bucket whose events it hands on, and the subscription that it has for that."""

    name: str
    bucket: str
    subscription: str


def topic_of(name: str) -> str:
    """The topic of dead letters, and its subscription, of the function of that name."""
    return f"{name}-dead-letters"


def trigger_of(target: Target, name: str) -> Trigger:
    """The trigger of a function that is there; CommandFailed."""
    event = ask("functions", "describe", name, "--gen2", target.in_project, target.in_region).get("eventTrigger", {})
    trigger = event.get("trigger", "")
    buckets = [one.get("value", "") for one in event.get("eventFilters", []) if one.get("attribute") == "bucket"]
    described = ask("eventarc", "triggers", "describe", trigger, target.in_project)
    return Trigger(trigger, "".join(buckets), described["transport"]["pubsub"]["subscription"])


def waiting(target: Target, name: str) -> int:
    """How many dead letters are seen, of at most MOST_SEEN; they are given back at once. CommandFailed."""
    topic, in_project = topic_of(name), target.in_project
    pulled = ask("pubsub", "subscriptions", "pull", topic, in_project, f"--limit={MOST_SEEN}") or []
    if pulled:
        ids = ",".join(message["ackId"] for message in pulled)
        words = ("pubsub", "subscriptions", "modify-message-ack-deadline", topic, in_project)
        ask(*words, f"--ack-ids={ids}", "--ack-deadline=0")
    return len(pulled)


def keep(deployment: Deployment, name: str, location: str) -> None:
    """Let the subscription of the function's trigger hand what it gives up to a topic with one of its own."""
    cloud, in_project, topic = deployment.cloud, deployment.in_project, topic_of(name)
    cloud.make(
        ("pubsub", "topics", "describe", topic, in_project),
        ("pubsub", "topics", "create", topic, in_project),
    )
    cloud.make(
        ("pubsub", "subscriptions", "describe", topic, in_project),
        ("pubsub", "subscriptions", "create", topic, in_project, f"--topic={topic}", *KEPT),
    )
    subscription = _subscription_of_trigger(deployment, name, location)
    agent = f"service-{deployment.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    place = (in_project,)
    roles.give(
        deployment,
        roles.Grant(agent, roles.PUBLISHER, ("pubsub", "topics"), topic, place),
        roles.Grant(agent, roles.SUBSCRIBER, ("pubsub", "subscriptions"), subscription, place),
    )
    cloud.run(
        *("pubsub", "subscriptions", "update", subscription, in_project),
        f"--dead-letter-topic={topic}",
        f"--dead-letter-topic-project={deployment.project}",
        f"--max-delivery-attempts={MOST_ATTEMPTS}",
        f"--ack-deadline={ACK_SECONDS}",
    )


def _subscription_of_trigger(deployment: Deployment, name: str, location: str) -> str:
    cloud, in_project = deployment.cloud, deployment.in_project
    function = ("functions", "describe", name, "--gen2", in_project, deployment.in_region)
    trigger = cloud.answer("TRIGGER", *function, "--format=value(eventTrigger.trigger)")
    described = ("eventarc", "triggers", "describe", trigger, in_project, f"--location={location}")
    return cloud.answer("SUBSCRIPTION", *described, "--format=value(transport.pubsub.subscription)")
