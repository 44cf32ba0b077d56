"""The function for uploads to a bucket."""

from __future__ import annotations

from deployment import dead_letters, environment, function, roles
from deployment.arguments import Arguments
from deployment.errors import Refused
from deployment.options import (
    FAILED,
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


def check(arguments: Arguments) -> None:
    """Refused for what is no name here, and for places that would end the text of a role's condition."""
    name = arguments.name_of(UPLOAD)
    try:
        UPLOAD_NAME.check(name)
    except BadValue as error:
        raise Refused(f"{UPLOAD_NAME.flag} {error}.") from error
    settings = environment.uploads(arguments)
    for option, location in ((RESULTS, settings.results), (FAILED, settings.failed)):
        if location and set(location.name) & set('"\\'):
            raise Refused(f'{arguments.called(option)} is {location}, which has a " or \\ in its prefix.')


def location_of(arguments: Arguments) -> str:
    """Where the bucket is, and with it the events."""
    return arguments[TRIGGER_LOCATION] or arguments[REGION]


def deploy(deployment: Deployment) -> None:
    """Deploy it with its roles, its trigger, and a topic for what the platform gives up."""
    arguments, name = deployment.arguments, deployment.arguments.name_of(UPLOAD)
    account = arguments[UPLOAD_SERVICE_ACCOUNT] or roles.make_account(deployment, name)
    storage = f"service-{deployment.project_number}@gs-project-accounts.iam.gserviceaccount.com"
    roles.give(
        deployment,
        *roles.of_upload(deployment.project, account, environment.variables(arguments, UPLOAD)),
        roles.in_project(deployment.project, storage, roles.PUBLISHER),
    )
    bucket = environment.uploads(arguments).bucket
    # Without --retry an event is dropped when its first delivery fails. The trigger lives where the bucket does.
    function.deploy(
        *(deployment, UPLOAD, name, account),
        "--trigger-event-filters=type=google.cloud.storage.object.v1.finalized",
        f"--trigger-event-filters=bucket={bucket}",
        f"--trigger-location={location_of(arguments)}",
        f"--trigger-service-account={account}",
        *("--retry", f"--timeout={arguments[TIMEOUT]}s"),
    )
    place = (deployment.in_project, deployment.in_region)
    roles.give(deployment, roles.Grant(account, roles.INVOKER, ("run", "services"), name, place))
    dead_letters.keep(deployment, name, location_of(arguments))
