"""The environment variables that configure the functions, read in this one place."""

from settings.common import Settings, wants_warm_up
from settings.http import HttpSettings
from settings.lookalikes import warn_of_lookalikes
from settings.setting import BadSetting, Setting
from settings.table import TABLE
from settings.upload import UploadSettings
from settings.values import MAX_PREFIX

__all__ = [
    "MAX_PREFIX",
    "TABLE",
    "BadSetting",
    "HttpSettings",
    "Setting",
    "Settings",
    "UploadSettings",
    "wants_warm_up",
    "warn_of_lookalikes",
]
