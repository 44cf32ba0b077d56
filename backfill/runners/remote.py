"""The pipeline where Beam's --runner says: Dataflow, Flink, Spark."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.runner import create_runner

from backfill.errors import BackfillError, BadOption, EndedEarly, Interrupted, sentence
from backfill.job import Job
from backfill.report import summary_file
from backfill.report.summary import Summary
from backfill.runners import running, workers
from storage.location import GS


def run(job: Job, runner: str, flags: Sequence[str], *, debug: bool = False) -> Summary:
    """Send the job there and wait for its end; what the runner says of its state is printed."""
    flags = [f"--runner={runner}", *flags]
    options = PipelineOptions(flags)
    folder = options.view_as(GoogleCloudOptions).temp_location or ""
    if not folder.startswith(GS):
        raise BadOption("--temp_location", f"{runner} needs it: a gs:// address, which all workers reach.")
    for option, location in (("--input", job.pictures), ("--results", job.results)):
        if not location.bucket:
            raise BadOption(option, f"the workers of {runner} cannot reach a folder of this machine; name a bucket.")
    if missing := PipelineOptionsValidator(options, create_runner(runner)).validate():
        raise BadOption("Beam's options", " ".join(missing))
    _show_states()
    try:
        with workers.equipped(job, folder) as (equipped, more):
            path = FileSystems.join(folder, f"backfill-summary-{uuid.uuid4()}.json")
            running.run(equipped, [*flags, *more], path)
            return _taken(path)
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped waiting; what {runner} has begun goes on there.", None, job.output) from None
    except BackfillError:
        raise
    except Exception as error:
        if debug:
            raise
        raise EndedEarly(f"It did not go on: {sentence(error)}.", None, job.output) from error


def _taken(path: str) -> Summary:
    with FileSystems.open(path) as file:
        summary = summary_file.from_json(file.read())
    FileSystems.delete([path])
    return summary


def _show_states() -> None:
    """Print the job's address and states as Dataflow's runner logs them, and of others what is wrong."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s", force=True)  # Beam has set it up by now
    logging.getLogger("apache_beam.runners.dataflow.dataflow_runner").setLevel(logging.INFO)
