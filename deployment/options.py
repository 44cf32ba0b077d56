"""The options of `deploy.sh` in one table, which its arguments, checks and `--help` are made from.

Each setting of the functions is an option too, of its own name, unless a line here says more about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from settings import TABLE, common, http, upload, values
from settings.setting import BOTH, HTTP, UPLOAD, NoDefault, Setting
from settings.values import BadValue, shown

MOST_EVENT_SECONDS = 540
"""That Google gives a function for one event: https://cloud.google.com/functions/docs/configuring/timeout."""
INGRESSES = ("all", "internal-only", "internal-and-gclb")
EGRESSES = ("private-ranges-only", "all")
FUNCTION_NAMES = {"http": HTTP, "upload": UPLOAD}
"""The functions, as commands and options name them."""


@dataclass(frozen=True)
class Option:
    """An option, as a text; `metavar` stands for it, and is empty for a switch."""

    flag: str
    metavar: str
    meaning: str
    default: str = ""
    """The text that holds where nothing is said."""
    check: Callable[[str], object] = str
    """Raises BadValue for a text that cannot be meant; the functions' own code checks settings."""
    functions: tuple[str, ...] = BOTH
    """Those that it says something about."""
    is_required: bool = False
    setting: Setting[Any] | None = None
    """The environment variable in which the functions get it."""


def _name(text: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", text):
        raise BadValue(f"is {shown(text)}, not 6 to 30 lower-case letters, digits and dashes")


def _ingress(text: str) -> None:
    if text not in INGRESSES:
        raise BadValue(f"is {shown(text)}, none of {', '.join(INGRESSES)}")


def _egress(text: str) -> None:
    if text not in EGRESSES:
        raise BadValue(f"is {shown(text)}, none of {', '.join(EGRESSES)}")


def _runtime(text: str) -> None:
    if not re.fullmatch(r"python3[0-9]{1,2}", text):
        raise BadValue(f"is {shown(text)}, not like python313")


def _whole(text: str) -> None:
    if text != "0":
        values.count(text)


def _event_seconds(text: str) -> None:
    if values.count(text) > MOST_EVENT_SECONDS:
        raise BadValue(
            f"is {shown(text)}: Google gives an event at most {MOST_EVENT_SECONDS} seconds"
            f" (an HTTP request {common.MOST_SECONDS})"
        )


def _function(text: str) -> None:
    if text not in FUNCTION_NAMES:
        raise BadValue(f"is {shown(text)}, not {' or '.join(FUNCTION_NAMES)}")


_METAVARS: dict[Callable[..., object], str] = {
    values.switch: "",
    values.count: "N",
    values.score: "NUMBER",
    values.seconds: "SECONDS",
    values.prefix: "gs://B/PREFIX",
    values.patterns: "PATTERNS",
    values.buckets: "BUCKETS",
    values.origins: "ORIGINS",
}


def _of(setting: Setting[Any]) -> Option:
    """The option that stands for a setting, as the settings' table has it."""
    return Option(
        flag=f"--{setting.name.lower().replace('_', '-')}",
        metavar=_METAVARS.get(setting.read, "VALUE"),
        meaning=setting.meaning.removeprefix("1: "),
        functions=setting.readers,
        is_required=setting.default is NoDefault.REQUIRED,
        setting=setting,
    )


PROJECT = Option("--project", "P", "the Google Cloud project", is_required=True)
REGION = Option("--region", "R", "the region of the functions, such as europe-west1", is_required=True)
MODEL = replace(
    _of(common.MODEL),
    metavar="MODEL",
    meaning="a model.onnx to send along, or gs://BUCKET/OBJECT to read at the first request",
)
RESULTS = replace(_of(upload.RESULTS), meaning="where the labels go; what lies under it is never classified")
BUCKET = replace(_of(upload.BUCKET), metavar="B", meaning="the bucket to watch", is_required=True)
TRIGGER_LOCATION = Option(
    "--trigger-location",
    "L",
    "the location of the watched bucket, when it is not R (such as eu)",
    functions=(UPLOAD,),
)
ENV_FILE = Option("--env-file", "FILE", "settings as lines NAME=VALUE, of those in README's table")

# An upload that ends an instance is delivered again, and would end the next one: two pictures at a time of that many
# pixels took 1.6 GB at their worst (WebP; ordinary JPEGs: 0.3 GB). Raise --max-pixels and --memory, or neither.
MAX_PIXELS = replace(_of(common.MAX_PIXELS), default="36000000")
TIMEOUT = replace(
    _of(common.TIMEOUT_SECONDS),
    flag="--timeout",
    metavar="SECONDS",
    meaning="the time for one event",
    default="240",
    check=_event_seconds,
    functions=(UPLOAD,),
)
# 100 deliveries are all that a dead-letter topic allows; with pauses of up to 10 minutes they last for some 16 hours.
# An event has to be given up, with a record, before that.
MAX_EVENT_AGE = replace(_of(upload.MAX_EVENT_AGE), default="43200")
FAILED = _of(upload.FAILED)
MAX_PICTURES = replace(_of(http.MAX_INSTANCES), flag="--max-pictures")

NAME = Option("--name", "NAME", "the HTTP function's name", "classify", _name)
UPLOAD_NAME = Option("--upload-name", "NAME", "the upload function's name; default: NAME-upload", "", _name, (UPLOAD,))
RUNTIME = Option("--runtime", "RUNTIME", "the functions' Python", "python313", _runtime)
MEMORY = Option("--memory", "SIZE", "the memory of one instance", "2Gi")
CPU = Option("--cpu", "N", "the processors of one instance", "1")
# Two at a time gave 77 small pictures a second on one CPU, one at a time 55; four no more, unless senders were slow.
CONCURRENCY = Option("--concurrency", "N", "requests at a time in one instance", "2", values.count, (HTTP,))
# An upload mostly waits for storage (`make bench ARGS=uploads`); at once, processors decode one each.
UPLOAD_CONCURRENCY = Option(
    "--upload-concurrency", "N", "uploads at a time in one instance", "8", values.count, (UPLOAD,)
)
MIN_INSTANCES = Option("--min-instances", "N", "instances that are always there", "0", _whole)
# A flood of requests or uploads meets this limit before it meets the budget.
MAX_INSTANCES = Option("--max-instances", "N", "the most instances", "10", values.count)
SERVICE_ACCOUNT = Option(
    "--service-account",
    "EMAIL",
    "the identity of the HTTP function; default: one of its own, made here",
    functions=(HTTP,),
)
UPLOAD_SERVICE_ACCOUNT = Option(
    "--upload-service-account",
    "E",
    "the identity of the upload function; default: one of its own, made here",
    functions=(UPLOAD,),
)
ALLOW_UNAUTHENTICATED = Option(
    "--allow-unauthenticated",
    "",
    "anybody may call it; without this flag callers need permission",
    functions=(HTTP,),
)
LABELS = Option("--update-labels", "K=V,...", "labels of the functions, by which bills can be split")
INGRESS = Option("--ingress-settings", "WHO", f"who reaches the functions: {', '.join(INGRESSES)}", "", _ingress)
VPC_CONNECTOR = Option("--vpc-connector", "NAME", "the connector through which the functions reach a private network")
EGRESS = Option("--egress-settings", "WHAT", f"what goes through it: {', '.join(EGRESSES)}", "", _egress)
KMS_KEY = Option("--kms-key", "KEY", "the key of your own that what is stored of the functions is encrypted with")
REPOSITORY = Option("--docker-repository", "NAME", "the Artifact Registry repository for their images; KEY needs one")
BUILD_ACCOUNT = Option("--build-service-account", "NAME", "the identity that builds: projects/P/serviceAccounts/EMAIL")
FORWARDED = (LABELS, INGRESS, VPC_CONNECTOR, EGRESS, KMS_KEY, REPOSITORY, BUILD_ACCOUNT)
"""Options of `gcloud functions deploy`, which are handed on as they are where they are said."""
TO_LATEST = Option("--to-latest", "", "give the new revision all traffic, also where rollback or split has pinned it")
ENABLE_APIS = Option("--enable-apis", "", "enable the APIs that are used, where they are not")
DRY_RUN = Option("--dry-run", "", "print the gcloud commands and send nothing; the files are collected and tried")
ONLY = Option("--only", "FUNCTION", "http or upload, where both are there", "", _function, ())
YES = Option("--yes", "", "delete without asking", functions=())
HELP = Option("--help", "", "show this text")

_NAMED = {option.setting: option for option in globals().values() if isinstance(option, Option) and option.setting}
_PLACES = (PROJECT, REGION, MODEL, RESULTS, BUCKET, TRIGGER_LOCATION, ENV_FILE)
_SETTINGS = tuple(_NAMED.get(setting) or _of(setting) for setting in TABLE if not setting.set_by)
_FUNCTION = (
    *(NAME, UPLOAD_NAME, RUNTIME, MEMORY, CPU, CONCURRENCY, UPLOAD_CONCURRENCY, MIN_INSTANCES, MAX_INSTANCES),
    *(SERVICE_ACCOUNT, UPLOAD_SERVICE_ACCOUNT, ALLOW_UNAUTHENTICATED, *FORWARDED),
    *(TO_LATEST, ENABLE_APIS, DRY_RUN, HELP),
)

SETTINGS: dict[str, Option] = {option.setting.name: option for option in _SETTINGS if option.setting}
"""By the name of the variable."""
OPERATED = (PROJECT, REGION, NAME, UPLOAD_NAME, HELP)
"""Those that say which functions are meant."""
GROUPS = (_PLACES, tuple(option for option in _SETTINGS if option not in _PLACES), _FUNCTION, (ONLY, YES))
"""All, as `--help` shows them."""
OPTIONS = {option.flag: option for group in GROUPS for option in group}
DEPLOYED = {option.setting: option.default for option in _SETTINGS if option.setting and option.default}
"""The values that are sent for settings without an option."""
