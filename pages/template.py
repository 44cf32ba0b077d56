"""Templates of pages that are one file, with the style they share."""

from __future__ import annotations

from pathlib import Path

import jinja2


def in_folder(folder: Path, name: str) -> jinja2.Template:
    """A template, which may include what lies beside this; what it is given is text, never a part of the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
