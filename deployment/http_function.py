"""The function for HTTP requests."""

from __future__ import annotations

from deployment import environment, function, roles
from deployment.options import ALLOW_UNAUTHENTICATED, NAME, SERVICE_ACCOUNT
from deployment.target import Deployment
from settings.setting import HTTP

SECONDS = 60
"""For one request."""


def deploy(deployment: Deployment) -> None:
    """Deploy it; unless it was said otherwise, callers need permission."""
    arguments = deployment.arguments
    account = arguments[SERVICE_ACCOUNT] or roles.make_account(deployment, arguments[NAME])
    variables = environment.variables(arguments, HTTP)
    roles.give(deployment, *roles.of_http(account, variables))
    access = "--allow-unauthenticated" if arguments.is_on(ALLOW_UNAUTHENTICATED) else "--no-allow-unauthenticated"
    function.deploy(deployment, HTTP, arguments[NAME], account, "--trigger-http", access, f"--timeout={SECONDS}s")
