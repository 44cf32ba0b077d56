"""The page that shows the proof: what stands on it, and how it looks in a browser."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from export.errors import ExportError, NotEqual
from export.graph import description
from export.options import Options
from export.report.scatter import HEIGHT, WIDTH, Scatter
from pages import thumbnail
from predictor import Decoding
from tests.browser import DESKTOP, PHONE, check_look
from tests.export.conftest import ExportTo
from tests.export.running import exported

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
HOSTILE = "<b>&.png"  # a file's name that a page must not take for its own


@dataclass(frozen=True)
class Written:
    """A page, its text, and the model file that may have been written beside it."""

    path: Path
    model: Path

    @property
    def text(self) -> str:
        """The page's source."""
        return self.path.read_text(encoding="utf-8")


def folder_of_pictures(folder: Path, names: list[str]) -> Path:
    """Small pictures, each of another colour."""
    folder.mkdir()
    for number, name in enumerate(names):
        Image.new("RGB", (9, 5), (number * 37 % 256, number * 11 % 256, 90)).save(folder / name, "PNG")
    return folder


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The page about the example, verified on pictures of which some cannot be read."""
    folder = tmp_path_factory.mktemp("proven")
    pictures = folder_of_pictures(folder / "pictures", ["red.png", HOSTILE])
    (pictures / "notes.txt").write_text("no picture")
    (pictures / "3.png").write_bytes((DIGITS / "samples" / "3.png").read_bytes())
    written = Written(folder / "report.html", folder / "model.onnx")
    options = Options(images=pictures, report=written.path, name="digits")
    exported(DIGITS / "saved_model", written.model, options)
    return written


@pytest.fixture(scope="module")
def refused(unlabelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The page about a file that decodes otherwise than its original."""
    folder = tmp_path_factory.mktemp("refused")
    written = Written(folder / "report.html", folder / "model.onnx")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(description, "decoding", lambda decoder: Decoding(jpeg_transform="accurate"))
        with pytest.raises(NotEqual):
            exported(unlabelled, written.model, Options(report=written.path, tolerance=1e-6))
    return written


def test_proof_and_findings(proven: Written) -> None:
    """The page has the verdict, the figures, the preprocessing, the labels and each picture with its best label."""
    assert proven.model.is_file()
    for part in (
        "model.onnx answers as the original does",
        "100% bit-identical",
        "resize to 32 x 32, bilinear, half-pixel centres",
        "from the output &#39;labels&#39;",
        "Both networks: 0 to 1",
        "<h3>3.png</h3>",
    ):
        assert part in proven.text


def test_left_out(proven: Written) -> None:
    """A file that the original cannot read is named, with what TensorFlow says of it."""
    assert re.search(r"<li>notes\.txt<br><span class=\"soft\">Unknown image file format\..*</span>", proven.text)


def test_names_are_text(proven: Written) -> None:
    """A picture's name is shown as it is, not taken for a part of the page."""
    assert "&lt;b&gt;&amp;.png" in proven.text
    assert "<b>" not in proven.text


def test_nothing_from_outside(proven: Written, refused: Written) -> None:
    """The page holds no address but those of the images inside it."""
    for page in (proven, refused):
        assert "//" not in re.sub(r"data:image/(png|jpeg);base64,[\w+/=]+", "", page.text)
        addresses = re.findall(r"(?:src|href|url)\s*[=(]\s*\"?([^\">)]*)", page.text)
        assert len(addresses) > 3
        assert [address for address in addresses if not address.startswith("data:")] == []


def test_failure(refused: Written) -> None:
    """When verification fails, no model is written, and the page says why and shows both inputs, worst first."""
    assert not refused.model.exists()
    assert "Not exported. The exported model does not answer as the original does." in refused.text
    (worst,) = re.findall(r"Worst is (.*?): it", refused.text)
    assert re.findall(r"<h3>(.*?)</h3>", refused.text.split("<h2>Pictures</h2>")[1])[0] == worst
    assert re.search(r"model\.onnx: \S+ to \S+; <span class=\"alarm\">differs by \S+</span>", refused.text)


def test_many_pictures(tmp_path: Path, unlabelled: Path, export_to: ExportTo) -> None:
    """Of many pictures those that differ most are shown, and how many are not."""
    pictures = folder_of_pictures(tmp_path / "pictures", [f"{number}.png" for number in range(50)])
    export_to(unlabelled, images=pictures, report=tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "The 40 of 50 pictures that differ most" in text
    assert text.count("As decoded") == 40
    assert "250 scores" in text


def test_folder_missing(tmp_path: Path, unlabelled: Path, export_to: ExportTo) -> None:
    """A folder for the page that does not exist is named before anything is converted."""
    with pytest.raises(ExportError, match="nowhere: there is no such folder to write to"):
        export_to(unlabelled, report=tmp_path / "nowhere" / "report.html")


def test_scatter_is_bounded() -> None:
    """A million scores that all differ make a path of at most as many dots as the plane has places."""
    generator = np.random.default_rng(1)
    scatter = Scatter.of_scores(*generator.uniform(0, 1, (2, 1_000_000)))
    assert scatter.count == 1_000_000
    assert scatter.path.count("M") <= (WIDTH + 1) * (HEIGHT + 1)


def test_scatter_places() -> None:
    """The lowest score is at the left and below, the highest at the right and above."""
    scores = np.array([0.0, 1.0])
    assert Scatter.of_scores(scores, scores).path == f"M0 {HEIGHT}h0M{WIDTH} 0h0"


@pytest.mark.parametrize("shape", ["NHWC", "HWC", "NCHW", "CHW"])
@pytest.mark.parametrize("channels", [1, 3])
def test_network_input(shape: str, channels: int) -> None:
    """What a layer sees becomes a picture: channels first or last, alone or in a batch, gray or in colour."""
    levels = np.random.default_rng(2).integers(0, 256, (6, 8, channels), np.uint8)
    levels.flat[:2] = 0, 255
    values = levels / np.float32(127.5) - 1
    if "CH" in shape:
        values = values.transpose(2, 0, 1)
    batch = np.stack([values, np.zeros_like(values)]) if "N" in shape else values
    shown = thumbnail.of_tensor(batch, -1, 1)
    assert shown is not None
    expected = levels if channels == 3 else levels[..., 0]
    np.testing.assert_array_equal(pixels_of(shown), expected)


def test_gray_batch() -> None:
    """A batch of gray pictures without a dimension for channels is shown too."""
    values = np.array([[[0.0, 0.5], [1.0, 0.0]]])
    shown = thumbnail.of_tensor(values, 0, 1)
    assert shown is not None
    np.testing.assert_array_equal(pixels_of(shown), [[0, 128], [255, 0]])


def test_no_picture() -> None:
    """Thirteen bands are not shown as a picture."""
    assert thumbnail.of_tensor(np.zeros((1, 4, 4, 13)), 0, 1) is None


def pixels_of(shown: thumbnail.Thumbnail) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(shown.address.split(",")[1]))))


@pytest.mark.parametrize(
    ("name", "size", "dark"),
    [("report", DESKTOP, False), ("report_dark", DESKTOP, True), ("report_phone", PHONE, False)],
)
def test_look(
    browser: Browser, proven: Written, refused: Written, name: str, size: tuple[int, int], dark: bool
) -> None:
    """Accessible, without sideways scrolling and without asking anybody; screenshots stay for a person to look at."""
    for kind, written in (("", proven), ("_refused", refused)):
        check_look(browser, written.path, f"{name}{kind}", size=size, dark=dark)
