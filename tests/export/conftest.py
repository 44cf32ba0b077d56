"""What the tests of the exporter share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from export.exporter import Export
from export.options import Options
from export.verify import pictures
from tests.conftest import ROOT
from tests.export import models, photographs
from tests.export.running import exported

ExportTo = Callable[..., Export]


@pytest.fixture
def export_to(tmp_path: Path) -> ExportTo:
    """Export a model to `model.onnx` in the test's own folder; options as the command line names them."""

    def run(source: Path, **options: object) -> Export:
        return exported(source, tmp_path / "model.onnx", Options.from_command_line(**options))  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="session")
def few_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a few made pictures of different kinds, and of photographs where ../shared is there."""
    folder = tmp_path_factory.mktemp("pictures")
    for picture in pictures.made()[2:16:4]:
        (folder / picture.name).write_bytes(picture.read())
    for photo in ("burger.jpg", "cats_and_dogs.jpg", "sparrow.png"):
        if (path := ROOT.parent / "shared" / "images" / "photos" / photo).is_file():
            shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes files and names no labels."""
    folder = tmp_path_factory.mktemp("models") / "animals"
    return models.save_bytes(models.network(), folder, models.decode_and_resize)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three real photographs, PNG and JPEG."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("coffee.png", "china.jpg", "rocket.jpg"):
        shutil.copy(photographs.find(name), folder)
    return folder
