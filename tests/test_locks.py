"""The locks: exact versions of all that is deployed, exported and backfilled with, for every Python."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
LOCKS = {".": PYTHONS, "export": PYTHONS[:4], "backfill": PYTHONS[:4]}


def requirements(path: Path) -> list[Requirement]:
    """The requirements in a file, and in those that it includes."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if included := re.match(r"-r (.+)", text):
            found += requirements(path.parent / included[1])
        elif text:
            found.append(Requirement(text))
    return found


def applies(requirement: Requirement, python: str) -> bool:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize(("folder", "python"), [(folder, python) for folder, all_ in LOCKS.items() for python in all_])
def test_lock(folder: str, python: str) -> None:
    """Each requirement is locked to one version that it allows; renew the locks with `make lock`."""
    locked = [pin for pin in requirements(ROOT / folder / "constraints.txt") if applies(pin, python)]
    pins = {re.sub("[-_.]+", "-", pin.name).lower(): str(pin.specifier) for pin in locked}
    assert len(pins) == len(locked)
    for wanted in requirements(ROOT / folder / "requirements.txt"):
        if applies(wanted, python):
            pin = pins[re.sub("[-_.]+", "-", wanted.name).lower()]
            assert pin.startswith("==")
            assert wanted.specifier.contains(pin.removeprefix("==")), wanted


def test_tested_versions() -> None:
    """The tests run on what is locked for the export."""
    for pin in requirements(ROOT / "export" / "constraints.txt"):
        if pin.marker is None or pin.marker.evaluate():
            assert pin.specifier.contains(importlib.metadata.version(pin.name)), pin
