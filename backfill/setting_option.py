"""Options that are settings of the functions too: read by the same code, and from the same variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from settings import BadSetting, Setting

F = TypeVar("F", bound=Callable[..., Any])


def setting_option(name: str, setting: Setting[Any], default: object, help: str) -> Callable[[F], F]:  # noqa: A002
    """An option that the setting's variable stands for where it is not given."""

    def read(value: object) -> Any:
        try:
            return setting.parse(value) if isinstance(value, str) else value  # a default is none to be read
        except BadSetting as error:
            raise click.BadParameter(f"It {error.reason}.") from error

    return click.option(
        name,
        type=read,
        metavar="NUMBER",
        envvar=setting.name,
        show_envvar=True,
        default=default,
        show_default=True,
        help=help,
    )
