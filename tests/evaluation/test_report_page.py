"""The page about an evaluation: what stands on it, and how it looks in a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from predictor.__main__ import main
from tests.browser import DESKTOP, PHONE, check_look
from tests.conftest import SAMPLES

HOSTILE = "<b>&.png"


@pytest.fixture(scope="module")
def page(digits_model: Path, digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page about the example, with planted errors of labels, of which one has a hostile name."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(digits_folder, folder / "pictures")
    shutil.copy(SAMPLES / "3.png", folder / "pictures" / "8" / HOSTILE)
    (folder / "pictures" / "8" / "notes.txt").write_text("no picture")
    arguments = [digits_model, "--evaluate", folder / "pictures", "--report", folder / "page.html", "--error", "0.1"]
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 0, result.stderr
    return folder / "page.html"


def test_content(page: Path) -> None:
    """It has the figures, the pictures that are most certainly wrong, and what was left out; names are only text."""
    text = page.read_text(encoding="utf-8")
    for part in (
        "95 % interval (Wilson)",
        "-one.png",
        "data:image/png;base64",
        "notes.txt",
        "Confusion",
        "Calibration",
    ):
        assert part in text
    assert "&lt;b&gt;&amp;.png" in text
    assert HOSTILE not in text


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_look(page: Path, browser: Browser, size: tuple[int, int], dark: bool) -> None:
    """It is accessible, scrolls not sideways, and asks nobody for anything."""
    check_look(browser, page, f"evaluation-{size[0]}", size=size, dark=dark)
