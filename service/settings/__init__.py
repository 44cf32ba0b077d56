"""The environment variables that configure the functions, read in this one place."""

from service.settings.common import Settings, wants_warm_up
from service.settings.http import HttpSettings
from service.settings.lookalikes import warn_of_lookalikes
from service.settings.setting import BadSetting, Setting
from service.settings.table import TABLE
from service.settings.upload import UploadSettings
from service.settings.values import MAX_PREFIX

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
