"""`python -m backfill --input 'gs://photos/2024/**' --results gs://results/labels --model model.onnx`."""

from __future__ import annotations

import logging
import os
import pickle
import tempfile
from pathlib import Path

import apache_beam as beam
import click
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from backfill.job import Job
from backfill.pattern import Pattern
from backfill.pipeline import build
from backfill.summary import Summary
from predictor import Classifier, Limits
from service.location import GS, Location


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--input", "pictures", required=True)
@click.option("--results", required=True)
@click.option("--model", required=True)
@click.option("--workers", type=int, default=2)
@click.argument("beam_options", nargs=-1, type=click.UNPROCESSED)
def main(pictures: str, results: str, model: str, workers: int, beam_options: tuple[str, ...]) -> None:
    """Label what is there."""
    logging.getLogger().setLevel(logging.WARNING)
    info = Classifier.load(model).info
    where = Location.parse(results) if results.startswith(GS) else Location.of_path(results)
    job = Job(Pattern.parse(pictures), where, os.path.abspath(model), info, Limits())
    local = ["--runner=DirectRunner", "--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
    options = PipelineOptions([*local, *beam_options])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/summary"
        with beam.Pipeline(options=options) as p:
            build(job, p) | beam.Map(_save, path)
        summary = pickle.loads(Path(path).read_bytes())  # noqa: S301
    print(summary)


def _save(summary: Summary, path: str) -> None:
    with FileSystems.create(path) as file:
        file.write(pickle.dumps(summary))


if __name__ == "__main__":
    main()
