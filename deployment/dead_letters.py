"""Dead letters: events that the platform gives up are kept for seven days, where somebody can pull them."""

from __future__ import annotations

from deployment import roles
from deployment.target import Deployment

MOST_ATTEMPTS = 100
"""That a dead-letter topic allows."""
ACK_SECONDS = 600
"""In which an event is answered before it comes again; the most that Pub/Sub allows. Eventarc leaves 10."""
KEPT = ("--expiration-period=never", "--message-retention-duration=7d")


def keep(deployment: Deployment, name: str, location: str) -> None:
    """Let the subscription of the function's trigger hand what it gives up to a topic with one of its own."""
    cloud, in_project, topic = deployment.cloud, deployment.in_project, f"{name}-dead-letters"
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
