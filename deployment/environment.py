"""The environment variables that each function gets, checked by the functions' own code."""

from __future__ import annotations

from deployment.arguments import Arguments
from deployment.errors import Refused
from deployment.options import CONCURRENCY, MODEL, OPTIONS, SETTINGS, UPLOAD_CONCURRENCY, Option
from settings import BadSetting, HttpSettings, Settings, UploadSettings, wants_warm_up
from settings.setting import HTTP, UPLOAD
from storage.location import GS

STAGED_MODEL = "model.onnx"
DELIMITER = "|"
"""Between the variables in gcloud's arguments: its own comma may stand in the name of an object."""
AT_ONCE: dict[str, Option] = {HTTP: CONCURRENCY, UPLOAD: UPLOAD_CONCURRENCY}
"""The options that say how much a function does at a time."""
# The C library gives threads up to 8 arenas of memory a processor, and each keeps what it once had. It reads this when
# a process starts: Python comes too late to say it.
_OF_PROCESS = {UPLOAD: {"MALLOC_ARENA_MAX": "2"}}
_FUNCTIONS = {HTTP: HttpSettings.from_environ, UPLOAD: UploadSettings.from_environ}


def variables(arguments: Arguments, function: str) -> dict[str, str]:
    """The environment variables of a function; first those of both."""
    # THREADS is what functions-framework serves at a time; below gcloud's --concurrency, requests would queue unseen.
    found = {"THREADS": arguments[AT_ONCE[function]]} | _OF_PROCESS.get(function, {})
    for option in sorted(OPTIONS.values(), key=lambda option: HTTP not in option.functions):
        is_read = function == UPLOAD or HTTP in option.functions
        if option.setting and is_read and (text := arguments[option]):
            found[option.setting.name] = text
    if not arguments[MODEL].startswith(GS):
        found["MODEL"] = STAGED_MODEL
    return found


def check(arguments: Arguments, function: str) -> None:
    """Refused for the first variable that the function would refuse, or gcloud could not hand on."""
    found = variables(arguments, function)
    try:
        for read in (Settings.from_environ, wants_warm_up, _FUNCTIONS[function]):
            read(found)
    except BadSetting as error:
        option = SETTINGS[error.name]
        raise Refused(f"{arguments.called(option)} {error.reason}.") from error
    for name, text in found.items():
        if DELIMITER in text:
            raise Refused(f"{arguments.called(SETTINGS[name])} cannot hold {DELIMITER}.")


def uploads(arguments: Arguments) -> UploadSettings:
    """The variables as the upload function understands them."""
    return UploadSettings.from_environ(variables(arguments, UPLOAD))
