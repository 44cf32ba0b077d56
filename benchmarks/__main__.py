"""`python -m benchmarks`: measure, and print a table."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import click

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from benchmarks import (
    backfill,
    bounds,
    cold_start,
    cost,
    export,
    growth,
    in_process,
    load,
    memory,
    models,
    over_http,
    parsing,
    size,
    table,
    upload_rate,
)
from benchmarks.rounds import Comparison

BENCHMARKS = {
    # While this process is small: Linux counts what a process held before it began to run another program.
    "export": export.measure,
    "cold-start": cold_start.measure,
    "in-process": in_process.measure,
    "over-http": over_http.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "parsing": parsing.measure,
    "size": size.measure,
    "cost": cost.measure,
    "uploads": upload_rate.measure,
    "backfill": backfill.measure,
    "bounds": bounds.measure,
}
SENDING = ("over-http", "growth", "cost")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--rounds", type=click.IntRange(min=1), help="How often each contestant is measured.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, with every value, in place of tables.")
def main(names: tuple[str, ...], rounds: int | None, as_json: bool) -> None:
    """Measure what NAMES say, or all, on a machine that does nothing else meanwhile."""
    chosen = names or tuple(BENCHMARKS)
    if set(chosen) & set(SENDING) and not load.is_installed():
        raise click.UsageError(f"{', '.join(SENDING)} send their requests with {load.TOOL}: apt install {load.TOOL}")
    models.make_all()
    comparisons = _measure(chosen, rounds)
    if as_json:
        click.echo(
            json.dumps({"machine": table.machine(), "comparisons": [each.as_document() for each in comparisons]})
        )
        return
    for name, value in table.machine().items():
        click.echo(f"- {name}: {value}")
    for row in table.rows(comparisons):
        click.echo(row)


def _measure(names: tuple[str, ...], rounds: int | None) -> Iterator[Comparison]:
    for name in names:
        yield from BENCHMARKS[name](rounds)


if __name__ == "__main__":
    main()
