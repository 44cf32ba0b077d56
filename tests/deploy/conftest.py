"""A copy of the project to deploy, and what deployments need."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.deploy.google_cloud import PROJECT, REGION
from tests.deploy.runs import DEPLOYED, NOT_DEPLOYED, PROJECT_FILES, ROOT, UPLOAD, Deploy, Run, run_deploy


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in a folder with a space in its name, with files that have no business in the cloud."""
    copy = tmp_path_factory.mktemp("deploy") / "my project"
    copy.mkdir()
    for name in (*PROJECT_FILES, *DEPLOYED):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    for name in NOT_DEPLOYED:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("not for the cloud")
    return copy


@pytest.fixture(scope="session")
def model(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example under another name, in a folder with a space in its name."""
    path = tmp_path_factory.mktemp("my models") / "digits, first.onnx"
    shutil.copy(digits_model, path)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def required(model: Path) -> tuple[str, ...]:
    """The arguments that every deployment needs."""
    return "--project", PROJECT, "--region", REGION, "--model", str(model)


@pytest.fixture
def deploy(project: Path, required: tuple[str, ...], tmp_path: Path) -> Deploy:
    """Runs deploy.sh with all that is required and the arguments it is given."""
    return lambda *arguments, **changes: run_deploy(project, tmp_path / "a b", *required, *arguments, **changes)


@pytest.fixture(scope="session")
def both(project: Path, required: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One deployment of both functions with nothing but what is required."""
    return run_deploy(project, tmp_path_factory.mktemp("both"), "both", *required, *UPLOAD)


@pytest.fixture(scope="session")
def dry(project: Path, required: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same as a dry run."""
    return run_deploy(project, tmp_path_factory.mktemp("dry"), "both", *required, *UPLOAD, "--dry-run")
