"""The Pythons that the functions run on: requirements.txt has wheels for each, and the tests pass on others too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.network import has_network

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
# What the platform's images (Debian and Ubuntu of the last years) can run.
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")
TESTS = (
    "settings/test_settings.py",
    "storage/test_globs.py",
    "service/test_lazy.py",
    "service/upload/test_upload.py",
    "service/upload/test_records.py",
)


@pytest.fixture(scope="module", autouse=True)
def _needs_network() -> None:
    if not has_network():
        pytest.skip("the package index cannot be reached")


@pytest.mark.parametrize("version", VERSIONS)
def test_wheels(version: str, tmp_path: Path) -> None:
    """Every requirement has a wheel for this Python; nothing is installed to see that."""
    options = ["--dry-run", "--ignore-installed", "--only-binary=:all:", f"--python-version={version}", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, f"--target={tmp_path}"]
    command += [f"--platform={platform}" for platform in PLATFORMS]
    done = subprocess.run([*command, "-r", str(ROOT / "requirements.txt")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def other_pythons() -> list[str]:
    """The oldest and the newest other Python that is here, by name or where pyenv puts it."""
    found = {}
    for version in VERSIONS:
        places = [f"python{version}", *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))]
        usable = [place for place in places if _version_of(place) == version]
        if usable and version != f"{sys.version_info.major}.{sys.version_info.minor}":
            found[version] = usable[0]
    return list(dict.fromkeys([*list(found.values())[:1], *list(found.values())[-1:]]))


def _version_of(python: str) -> str:
    program = "import sys; print(f'{sys.version_info.major}.{sys.version_info.minor}')"
    try:
        return subprocess.run([python, "-c", program], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


@pytest.mark.parametrize("python", other_pythons() or [pytest.param("", marks=pytest.mark.skip("no other Python"))])
def test_other_python(python: str, tmp_path: Path, digits_model: Path) -> None:
    """The tests of the upload function pass on another Python, with requirements.txt and what tests need."""
    environment = tmp_path / "environment"
    subprocess.run([python, "-m", "venv", str(environment)], check=True)
    install = [
        str(environment / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "-r",
        str(ROOT / "requirements.txt"),
    ]
    subprocess.run([*install, "pytest>=8.3,<10", "hypothesis>=6.100,<7"], check=True)
    tests = [str(ROOT / "tests" / test) for test in TESTS]
    command = [install[0], "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    settings = os.environ | {"DIGITS_MODEL": str(digits_model)}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
