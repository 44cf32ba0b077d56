"""All settings: `deploy.sh`, README's table, and the tests read what is said of them."""

from __future__ import annotations

from typing import Any

from settings import common, http, upload
from settings.setting import Setting

TABLE: tuple[Setting[Any], ...] = (*common.SETTINGS, *http.SETTINGS, *upload.SETTINGS)
