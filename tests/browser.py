"""A real browser, as the tests of pages use it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, sync_playwright

SCREENSHOTS = Path(__file__).parents[1] / "build" / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = (1200, 900)
PHONE = (360, 740)


@contextmanager
def launched() -> Iterator[Browser]:
    """Whichever Chromium the machine has; the test is skipped without one."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


def new_page(browser: Browser, url: str, *, size: tuple[int, int], dark: bool = False) -> Page:
    """An empty page in a context of its own."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2,
        has_touch=size == PHONE,
        is_mobile=size == PHONE,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    return context.new_page()


def check_look(browser: Browser, file: Path, screenshot: str, *, size: tuple[int, int], dark: bool) -> None:
    """A page in a file is accessible, scrolls not sideways and asks nobody; a screenshot stays for a person."""
    page = new_page(browser, "about:blank", size=size, dark=dark)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    width, height = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    page.set_viewport_size({"width": size[0], "height": min(height, 4000)})
    page.screenshot(path=SCREENSHOTS / f"{screenshot}.png")
    violations = Axe().run(page).response["violations"]
    page.context.close()
    assert width == size[0]
    assert [v["id"] for v in violations if v["impact"] in ("serious", "critical")] == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
