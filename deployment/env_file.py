"""Files with settings as lines NAME=VALUE."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from deployment.errors import Refused
from deployment.options import SETTINGS
from settings.values import shown


def read(path: str) -> Iterator[tuple[str, str, str]]:
    """The name of each setting, its text, and the place where it stands; Refused for what is no setting.

    A byte order mark and carriage returns, as Windows writes them, are no part of the text.
    """
    for number, line in enumerate(_text(path).split("\n"), start=1):
        origin = f"{path}, line {number}"
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = re.fullmatch(r"\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)", line)
        if not found:
            raise Refused(f"{origin}: {shown(line)} is not of the form NAME=VALUE.")
        name, text = found.groups()
        if name not in SETTINGS:
            raise Refused(f"{origin}: there is no setting {name}.{_nearest(name)} README lists them.")
        if re.search(r"\s#", text):
            raise Refused(f"{origin}: {name} is {shown(text)}; a comment has a line of its own.")
        yield name, text, origin


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is not a text in UTF-8.") from None
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.upper(), SETTINGS, 1)
    return f" Is {near[0]} meant?" if near else ""
