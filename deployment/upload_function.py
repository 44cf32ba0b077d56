"""The function for uploads to a bucket."""

from __future__ import annotations

from deployment import dead_letters, environment, function, roles
from deployment.arguments import Arguments
from deployment.errors import Refused
from deployment.options import (
    FAILED,
    NAME,
    REGION,
    RESULTS,
    TIMEOUT,
    TRIGGER_LOCATION,
    UPLOAD_NAME,
    UPLOAD_SERVICE_ACCOUNT,
)
from deployment.target import Deployment
from settings.setting import UPLOAD
from settings.values import BadValue
from storage.location import Location


def check(arguments: Arguments) -> None:
    """Refused for what is no name here, and for places that would end the text of a role's condition."""
    name = name_of(arguments)
    try:
        UPLOAD_NAME.check(name)
    except BadValue as error:
        raise Refused(f"{UPLOAD_NAME.flag} {error}.") from error
    settings = environment.uploads(arguments)
    for option, location in ((RESULTS, settings.results), (FAILED, settings.failed)):
        if location and set(location.name) & set('"\\'):
            raise Refused(f'{arguments.called(option)} is {location}, which has a " or \\ in its prefix.')


def name_of(arguments: Arguments) -> str:
    """The name of the function."""
    return arguments[UPLOAD_NAME] or f"{arguments[NAME]}-upload"


def location_of(arguments: Arguments) -> str:
    """Where the bucket is, and with it the events."""
    return arguments[TRIGGER_LOCATION] or arguments[REGION]


def deploy(deployment: Deployment) -> None:
    """Deploy it with its roles, its trigger, and a topic for what the platform gives up."""
    arguments, name = deployment.arguments, name_of(deployment.arguments)
    account = arguments[UPLOAD_SERVICE_ACCOUNT] or roles.make_account(deployment, name)
    _grant(deployment, account)
    settings = environment.uploads(arguments)
    # Without --retry an event is dropped when its first delivery fails. The trigger lives where the bucket does.
    function.deploy(
        *(deployment, UPLOAD, name, account),
        "--trigger-event-filters=type=google.cloud.storage.object.v1.finalized",
        f"--trigger-event-filters=bucket={settings.bucket}",
        f"--trigger-location={location_of(arguments)}",
        f"--trigger-service-account={account}",
        *("--retry", f"--timeout={arguments[TIMEOUT]}s"),
    )
    service = ("run", "services", "add-iam-policy-binding", name, deployment.in_project, deployment.in_region)
    roles.grant(deployment, account, "roles/run.invoker", *service)
    dead_letters.keep(deployment, name, location_of(arguments))


def _grant(deployment: Deployment, account: str) -> None:
    settings = environment.uploads(deployment.arguments)
    assert settings.bucket
    roles.grant_model(deployment, account)
    watched = Location(settings.bucket, "")
    roles.grant_on_bucket(deployment, watched, account, roles.USER if settings.annotate else roles.VIEWER)
    for location in filter(None, (settings.results, settings.failed)):
        roles.grant_on_bucket(deployment, location, account, roles.USER)
    roles.grant_in_project(deployment, account, "roles/eventarc.eventReceiver")
    storage = f"service-{deployment.project_number}@gs-project-accounts.iam.gserviceaccount.com"
    roles.grant_in_project(deployment, storage, "roles/pubsub.publisher")
