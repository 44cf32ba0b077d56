"""The commands http, upload and both."""

from __future__ import annotations

from pathlib import Path

from deployment import account, apis, environment, http_function, staging, streams, traffic, trial, upload_function
from deployment.arguments import Arguments
from deployment.errors import Refused
from deployment.gcloud import changing
from deployment.options import DRY_RUN, MODEL
from deployment.target import Deployment
from settings.setting import HTTP, UPLOAD
from storage.location import GS

STEPS = {HTTP: http_function.deploy, UPLOAD: upload_function.deploy}


def run(arguments: Arguments, functions: tuple[str, ...]) -> None:
    """Collect and try the files, and deploy the functions one after the other; or print how."""
    check(arguments, functions)
    is_dry = arguments.is_on(DRY_RUN)
    number = "PROJECT_NUMBER" if is_dry else account.check(arguments, functions)
    with staging.temporary("classifier", stays=is_dry) as folder:
        staging.collect(folder, None if arguments[MODEL].startswith(GS) else Path(arguments[MODEL]))
        model = trial.run(arguments, folder, functions)
        deployment = Deployment(arguments, changing(is_dry=is_dry), folder, number, model)
        apis.enable(deployment, functions)
        pins = [] if is_dry else traffic.pins(deployment, functions)
        for function in functions:
            STEPS[function](deployment)
    for pin in pins:
        streams.say(pin)
    if is_dry:
        streams.say(f"Nothing was sent. The files stay in {folder} for you to look at.")
        if UPLOAD in functions:
            streams.say("PROJECT_NUMBER, TRIGGER and SUBSCRIPTION stand for what gcloud would answer.")


def check(arguments: Arguments, functions: tuple[str, ...]) -> None:
    """Refused for what the functions would refuse, before anything is collected."""
    model = arguments[MODEL]
    if not model.startswith(GS) and not Path(model).is_file():
        raise Refused(f"There is no model file {model}.")
    for function in functions:
        environment.check(arguments, function)
    if UPLOAD in functions:
        upload_function.check(arguments)
