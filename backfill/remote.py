"""The pipeline where Beam's --runner says: Dataflow, Flink, Spark."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from backfill import running, workers
from backfill.errors import BackfillError, BadOption, EndedEarly, Interrupted, sentence
from backfill.job import Job
from backfill.summary import Summary


def run(job: Job, runner: str, flags: Sequence[str], *, debug: bool = False) -> Summary:
    """Send the job there and wait for its end; what the runner says of its state is printed."""
    flags = [f"--runner={runner}", *flags]
    folder = PipelineOptions(flags).view_as(GoogleCloudOptions).temp_location
    if not folder:
        raise BadOption("--temp_location", f"{runner} needs it: a folder that all workers reach.")
    for option, place in (("--input", job.pictures), ("--results", job.results)):
        if not place.bucket:
            raise BadOption(option, f"the workers of {runner} cannot reach a folder of this machine; name a bucket.")
    _show_states()
    try:
        with workers.equipped(job, folder) as (equipped, more):
            return running.run(equipped, [*flags, *more], folder)
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped waiting; what {runner} has begun goes on there.", None, job.output) from None
    except BackfillError:
        raise
    except Exception as error:
        if debug:
            raise
        raise EndedEarly(f"It did not go on: {sentence(error)}.", None, job.output) from error


def _show_states() -> None:
    """Print the job's address and states as Dataflow's runner logs them, and of others what is wrong."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    logging.getLogger("apache_beam.runners.dataflow").setLevel(logging.INFO)
