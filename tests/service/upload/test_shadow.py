"""A second upload function on the same bucket, with its own results: it disturbs the first in nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from emulator import CloudStorage, Sink, Stall
from emulator.processes import function_process
from tests.service.upload.pictures import SAMPLES

Trouble = Callable[[CloudStorage, "Popen[bytes]"], Any]

TROUBLES: dict[str, Trouble] = {
    "none": lambda storage, shadow: None,
    "crashes": lambda storage, shadow: shadow.kill(),
    "cannot store": lambda storage, shadow: storage.faults.add(Stall(60), "write", bucket="shadow", times=None),
}
"""What befalls the shadow."""


def answers(storage: CloudStorage, bucket: str) -> dict[str, Any]:
    """The predictions of every result, by its name."""
    found = {name: storage.get(bucket, name) for name in storage.names(bucket)}
    return {name: json.loads(one.data)["predictions"] for name, one in found.items() if one}


@pytest.fixture(scope="module")
def alone(digits_model: Path) -> dict[str, Any]:
    """The answers of the function without a shadow."""
    with CloudStorage(["photos", "results"]) as storage:
        settings = {"MODEL": str(digits_model), "RESULTS": "gs://results/labels", "STORAGE_EMULATOR_HOST": storage.url}
        with function_process("classify_upload", settings) as (_, port):
            sink = Sink(f"http://127.0.0.1:{port}")
            storage.deliver("photos", sink)
            upload(storage)
            sink.wait(30)
        return answers(storage, "results")


def upload(storage: CloudStorage) -> None:
    for path in sorted(SAMPLES.iterdir()):
        storage.put("photos", path.name, path.read_bytes(), "image/png")


@pytest.mark.parametrize("trouble", TROUBLES)
def test_shadow(trouble: str, alone: dict[str, Any], digits_model: Path) -> None:
    """The first function stores what it stores alone, each at the first delivery, whatever becomes of the shadow."""
    with CloudStorage(["photos", "results", "shadow"]) as storage:
        common = {"MODEL": str(digits_model), "STORAGE_EMULATOR_HOST": storage.url, "TIMEOUT_SECONDS": "20"}
        first = common | {"RESULTS": "gs://results/labels"}
        second = common | {"RESULTS": "gs://shadow/labels", "TIMEOUT_SECONDS": "2"}
        with (
            function_process("classify_upload", first) as (_, port),
            function_process("classify_upload", second) as (shadow, its_port),
        ):
            served, shadowed = Sink(f"http://127.0.0.1:{port}"), Sink(f"http://127.0.0.1:{its_port}", tries=2)
            storage.deliver("photos", shadowed)
            storage.deliver("photos", served)
            TROUBLES[trouble](storage, shadow)
            upload(storage)
            deliveries = served.wait(60)
            if trouble == "none":
                shadowed.wait(60)
            shadowed.close()
        assert answers(storage, "results") == alone
        assert [delivery.statuses for delivery in deliveries] == [(200,)] * len(alone)
        assert (len(answers(storage, "shadow")) == len(alone)) is (trouble == "none")
