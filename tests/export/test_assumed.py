"""What nobody said of the preprocessing and nothing showed is said loudly, wherever a person may look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from export.__main__ import main
from export.options import PRESETS, Options
from predictor import Classifier, ModelInfo
from tests.conftest import DIGITS
from tests.export import models
from tests.export.running import inspected
from tests.export.test_tflite import convert

ALL = ("resize tf-bilinear", "fit stretch", "EXIF orientation ignored", "channels rgb")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes pixels and does not say how they were made."""
    return convert(models.network(), tmp_path_factory.mktemp("model") / "model.tflite")


def assumed(model: Path, **options: Any) -> tuple[str, ...]:
    found: tuple[str, ...] = inspected(model, Options.from_command_line(**options)).pipeline.assumed
    return found


def test_all(model: Path) -> None:
    """With a scale alone all else is assumed."""
    assert assumed(model, scale="0..1") == ALL


@pytest.mark.parametrize(
    ("option", "value", "left_out"),
    [("resize", "cv2-area", 0), ("fit", "crop", 1), ("orientation", "apply", 2), ("channels", "bgr", 3)],
)
def test_said(option: str, value: str, left_out: int, model: Path) -> None:
    """What is said is not assumed, whether it is the default or not."""
    expected = tuple(words for number, words in enumerate(ALL) if number != left_out)
    assert assumed(model, scale="0..1", **{option: value}) == expected
    default = {"resize": "tf-bilinear", "fit": "stretch", "orientation": "ignore", "channels": "rgb"}[option]
    assert assumed(model, scale="0..1", **{option: default}) == expected


@pytest.mark.parametrize("preset", [name for name, options in PRESETS.items() if options.scale])
def test_presets(preset: str, model: Path) -> None:
    """A preset that says all leaves nothing to assume."""
    assert assumed(model, preset=preset) == ()


def test_order_of_a_scale(model: Path) -> None:
    """The order that goes with a scale is not assumed."""
    assert assumed(model, scale="caffe") == ALL[:3]


def test_files() -> None:
    """A model that takes files has its preprocessing inside: nothing is assumed."""
    assert assumed(DIGITS / "saved_model") == ()


def test_wherever_a_person_looks(
    model: Path, few_pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is printed in colour, and stands at the top of the page and in the metadata; the version is the same."""
    command = [str(model), "--scale", "0..1", "--images", str(few_pictures)]

    def export(name: str, *options: str) -> tuple[str, str, ModelInfo]:
        file, page = tmp_path / f"{name}.onnx", tmp_path / f"{name}.html"
        arguments = [*command, "-o", str(file), "--report", str(page), "--name", "one", *options]
        result = CliRunner().invoke(main, arguments, color=True)
        assert result.exit_code == 0, result.output
        return result.output, page.read_text(), Classifier.load(file).info

    printed, page, info = export("assumed")
    assert f"\x1b[33m\x1b[1mAssumed           {', '.join(ALL)}" in printed
    assert f"Assumed: {', '.join(ALL)}." in page
    assert "; preprocessing assumed.</p>" in page
    assert info.assumed == ALL
    said = ("--resize", "tf-bilinear", "--fit", "stretch", "--orientation", "ignore", "--channels", "rgb")
    printed, page, said_info = export("said", *said)
    assert "Assumed" not in printed + page
    assert "preprocessing assumed" not in page
    assert (said_info.assumed, said_info.version) == ((), info.version)
