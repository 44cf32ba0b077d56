"""The environment variables that configure the functions, read in this one place."""

from service.settings.functions import HttpSettings, Settings, UploadSettings, wants_warm_up
from service.settings.lookalikes import warn_of_lookalikes
from service.settings.table import BadSetting, Setting
from service.settings.values import MAX_PREFIX

__all__ = [
    "MAX_PREFIX",
    "BadSetting",
    "HttpSettings",
    "Setting",
    "Settings",
    "UploadSettings",
    "wants_warm_up",
    "warn_of_lookalikes",
]
