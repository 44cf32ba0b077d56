"""The files that workers on other machines need: the code, and the model."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from apache_beam.io.filesystems import FileSystems

from backfill.job import Job
from backfill.objects.folder_store import locked
from backfill.objects.object_store import cloud_storage
from backfill.runners.package import write_wheel
from storage.deadline import Deadline
from storage.location import GS, Location


@contextmanager
def equipped(job: Job, temporary: str) -> Iterator[tuple[Job, list[str]]]:
    """The job as workers elsewhere can do it, and Beam's options that send them the code; to be begun in the block.

    The model is uploaded below `temporary`, a `gs://` address.
    """
    with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
        yield replace(job, model=_upload(job, temporary)), [f"--extra_package={write_wheel(Path(folder))}"]


def fetch(job: Job) -> Path:
    """The model as a file of this machine: downloaded once, by one of the processes that want it at the same time."""
    if not job.model.startswith(GS):
        return Path(job.model)
    folder = Path(tempfile.gettempdir()) / f"backfill-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user, who could change the model")
    path = folder / f"{job.info.version}.onnx"
    with locked(folder, Deadline.after(2 * job.timeout)):  # one who downloads may be waited for
        if not path.exists():
            with cloud_storage().downloaded(Location.parse(job.model), Deadline.after(job.timeout)) as copy:
                os.replace(copy, path)
    return path


def _upload(job: Job, temporary: str) -> str:
    """Where workers find the model; its version says what is in it, so one that is there is not uploaded again."""
    if job.model.startswith(GS):
        return job.model
    target = FileSystems.join(temporary, "models", f"{job.info.version}.onnx")
    if not FileSystems.exists(target):
        with open(job.model, "rb") as source, FileSystems.create(target) as copy:
            shutil.copyfileobj(source, copy)
    return str(target)
