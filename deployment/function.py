"""The part of a deployment that is the same for both functions."""

from __future__ import annotations

from deployment import environment
from deployment.environment import AT_ONCE, DELIMITER
from deployment.options import CPU, FORWARDED, MAX_INSTANCES, MEMORY, MIN_INSTANCES, RUNTIME, TO_LATEST
from deployment.service import SENT_MODEL
from deployment.target import Deployment

SIZE = (MEMORY, CPU, MIN_INSTANCES, MAX_INSTANCES)


def deploy(deployment: Deployment, function: str, name: str, account: str, *flags: str) -> None:
    """Send the files as a function of that name, which has the account's roles."""
    arguments = deployment.arguments
    found = environment.variables(arguments, function)
    if deployment.model:
        found[SENT_MODEL] = deployment.model
    variables = [f"{variable}={text}" for variable, text in found.items()]
    deployment.cloud.run(
        *("functions", "deploy", name, "--gen2", deployment.in_project, deployment.in_region),
        *(f"--runtime={arguments[RUNTIME]}", f"--source={deployment.folder}", f"--entry-point={function}"),
        f"--service-account={account}",
        *(f"{option.flag}={arguments[option]}" for option in SIZE),
        f"--concurrency={arguments[AT_ONCE[function]]}",
        f"--set-env-vars=^{DELIMITER}^{DELIMITER.join(variables)}",
        *(f"{option.flag}={text}" for option in FORWARDED if (text := arguments[option])),
        *(["--serve-all-traffic-latest-revision"] if arguments.is_on(TO_LATEST) else []),
        *flags,
        *arguments.passed_on,
    )
