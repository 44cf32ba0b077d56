"""The options of Beam that say where to run."""

from __future__ import annotations

import difflib
import io
import re
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr

from apache_beam.options.pipeline_options import PipelineOptions

from backfill.errors import BadOption


def check(flags: Sequence[str], ours: Iterable[str]) -> None:
    """BadOption for what Beam does not know either; `ours` are options that may have been meant."""
    parsers: list[ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=parsers.append)
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            _, unknown = parsers[0].parse_known_args(list(flags))
    except SystemExit:
        last = said.getvalue().strip().splitlines()[-1]
        raise BadOption("Beam's options", last.partition("error: ")[2]) from None
    if unknown:
        name = unknown[0].partition("=")[0]
        known = [*ours, *re.findall(r"--\w+", parsers[0].format_help())]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        raise BadOption(name, f"neither an option of this command nor of Beam{f': {near[0]}?' if near else '.'}")
