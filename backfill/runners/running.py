"""Runs the pipeline where Beam's options say."""

from __future__ import annotations

from collections.abc import Sequence

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from backfill.job import Job
from backfill.pipeline.pipeline import build
from backfill.report import summary_file
from backfill.report.summary import Summary


def run(job: Job, flags: Sequence[str], path: str) -> None:
    """Do the job and wait for its end; whoever runs it, here or elsewhere, leaves the summary at the path."""
    with beam.Pipeline(options=PipelineOptions(list(flags))) as pipeline:
        build(job, pipeline) | "Save the summary" >> beam.Map(_save, path)


def _save(summary: Summary, path: str) -> None:
    with FileSystems.create(path) as file:
        file.write(summary_file.to_json(summary).encode())
