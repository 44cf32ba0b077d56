"""The page in a real browser: what a person sees and does."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser import DESKTOP, PHONE, SCREENSHOTS, new_page

# A 3 in fractions of the canvas.
THREE = [(0.3, 0.2), (0.65, 0.2), (0.46, 0.44), (0.66, 0.6), (0.6, 0.78), (0.45, 0.82), (0.3, 0.75)]

HAND_OVER = """([kind, name, type, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name, { type }));
  const how = { bubbles: true, cancelable: true };
  document.querySelector("#drop").dispatchEvent(
    kind === "paste"
      ? new ClipboardEvent(kind, { ...how, clipboardData: files })
      : new DragEvent(kind, { ...how, dataTransfer: files }));
}"""
COUNT_FETCHES = """
  const ask = window.fetch;
  const counted = window.counted = { open: 0, most: 0, all: 0 };
  window.fetch = async (...question) => {
    counted.all += 1;
    counted.open += 1;
    counted.most = Math.max(counted.most, counted.open);
    try { return await ask(...question); } finally { counted.open -= 1; }
  };
"""


def opened(page: Page, path: str = "/") -> Page:
    """The page, once it knows its model."""
    page.goto(path)
    expect(page.locator("main")).to_be_visible(timeout=30_000)  # a cold model loads first
    return page


@pytest.fixture
def page(browser: Browser, http_server: str) -> Iterator[Page]:
    """An empty page of a desktop's size."""
    page = new_page(browser, http_server, size=DESKTOP)
    yield page
    page.context.close()


def choose(page: Page, *files: Path) -> None:
    """Hand files to the file chooser."""
    page.get_by_label("Choose pictures").set_input_files(files)


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    """One stroke with the mouse through points in fractions of the canvas."""
    canvas = page.locator("#canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for place, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if place == 0:
            page.mouse.down()
    page.mouse.up()


def asks_for_description(request: Request) -> bool:
    """Whether the request is the page's own question about the model."""
    return request.method == "GET" and "application/json" in request.headers.get("accept", "")


def answer_description(page: Page, answer: dict[str, object], *, status: int = 200) -> None:
    """Answer the page's question about the model in the server's place."""

    def intercept(route: Route, request: Request) -> None:
        if asks_for_description(request):
            route.fulfill(json=answer, status=status)
        else:
            route.continue_()

    page.route("**/*", intercept)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A file that is no picture."""
    path = tmp_path / "shopping list.txt"
    path.write_text("milk")
    return path


def test_name(page: Page) -> None:
    """Title and heading name the model."""
    opened(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("digits")
    expect(page).to_have_title("digits: image classifier")


def test_choose(page: Page, digit_picture: tuple[Path, str]) -> None:
    """A chosen digit gets its label on top, with the percentage, the time and the model."""
    path, label = digit_picture
    choose(opened(page), path)
    card = page.locator("#results > li")
    expect(card.get_by_role("heading")).to_have_text(path.name)
    expect(card.locator(".bars li")).to_have_count(5)
    expect(card.locator(".bars li").first).to_have_text(re.compile(rf"^{label} [\d.<> ]+%$"))
    expect(card.locator(".answer > p")).to_have_text(re.compile(r"^[\d.]+ m?s, [\d.]+ m?s on the server · digits \S+$"))


@pytest.mark.parametrize(
    ("given", "marked"),
    [
        ({"at_most": 1, "min_score": None}, 1),
        ({"at_most": 1, "min_score": 1.5}, 0),
        ({"at_most": None, "min_score": 1.5}, 0),
        ({"at_most": None, "min_score": 0}, 5),
    ],
)
def test_given(page: Page, digit_picture: tuple[Path, str], given: dict[str, float | None], marked: int) -> None:
    """Of the bars those stand out whose labels the picture is given, as the server says which these are."""
    answer_description(page, {"model": {"name": "pets", "version": "1"}, "labels": ["cat"], "given": given})
    choose(opened(page), digit_picture[0])
    expect(page.locator(".bars li")).to_have_count(5)
    expect(page.locator(".bars li.given")).to_have_count(marked)


def test_no_picture(page: Page, note: Path) -> None:
    """A file that is no picture gets the server's own sentence."""
    opened(page)
    with page.expect_response(lambda response: response.request.method == "POST") as answered:
        choose(page, note)
    sentence = answered.value.json()["error"]["message"]
    expect(page.locator("#results > li")).to_contain_text(f"Not classified. {sentence}")


def test_photo(browser: Browser, http_server: str, digit_picture: tuple[Path, str]) -> None:
    """On a phone a photo is taken with the camera, and classified like a chosen file; a desktop has no such button."""
    path, label = digit_picture
    phone = opened(new_page(browser, http_server, size=PHONE))
    camera = phone.get_by_label("Take a photo")
    assert camera.get_attribute("capture") == "environment"
    camera.set_input_files(path)
    expect(phone.locator("#results .bars li").first).to_contain_text(label)
    phone.context.close()
    desktop = opened(new_page(browser, http_server, size=DESKTOP))
    expect(desktop.get_by_text("Take a photo")).to_be_hidden()
    desktop.context.close()


def test_keyboard(page: Page, digit_picture: tuple[Path, str]) -> None:
    """With the keyboard alone one reaches the files, in the order of the page, and sees where one is."""
    # The browser is told to hand its choosers over, and may not have heard of it when Enter is pressed right after.
    page.on("filechooser", lambda _: None)
    opened(page)
    reached = []
    for _ in range(2):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached == ["clear", "files"]
    assert page.locator("#drop").evaluate("drop => getComputedStyle(drop).outlineStyle") == "solid"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(digit_picture[0])
    expect(page.locator("#results[aria-live=polite] .bars")).to_be_visible()


def test_no_foreign_script(page: Page) -> None:
    """What would get into the page is not run: its policy knows the page's own script only."""
    opened(page)
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.foreign = 1'}))")
    assert page.evaluate("window.foreign") is None


@pytest.mark.parametrize("kinds", [["paste"], ["dragover", "drop"]], ids=["paste", "drop"])
def test_hand_over(page: Page, digit_picture: tuple[Path, str], kinds: list[str]) -> None:
    """A picture that is pasted or dropped is classified like a chosen one."""
    path, label = digit_picture
    content = base64.b64encode(path.read_bytes()).decode()
    opened(page)
    for kind in kinds:
        page.evaluate(HAND_OVER, [kind, path.name, "image/png", content])
    expect(page.locator("#results .bars li").first).to_contain_text(label)


def test_several(page: Page, digit_picture: tuple[Path, str], note: Path) -> None:
    """Several files get a card each, in their order."""
    path, _ = digit_picture
    choose(opened(page), path, note, path)
    names = page.locator("#results > li h3")
    expect(names).to_have_text([path.name, note.name, path.name])
    expect(page.locator("#results .bars")).to_have_count(2)


def test_one_at_a_time(page: Page, digit_picture: tuple[Path, str]) -> None:
    """The server never has two pictures of one page at once."""
    path, _ = digit_picture
    page.add_init_script(COUNT_FETCHES)
    choose(opened(page), path, path, path)
    expect(page.locator("#results .bars")).to_have_count(3)
    assert page.evaluate("counted") == {"open": 0, "most": 1, "all": 4}  # one is the description


def test_draw(page: Page) -> None:
    """A drawing is classified shortly after the stroke; clearing takes the answer away."""
    draw(opened(page), THREE)
    answer = page.locator("#drawn .bars li")
    expect(answer.first).to_have_text(re.compile(r"^\d [\d.<> ]+%$"))
    page.get_by_role("button", name="Clear").click()
    expect(answer).to_have_count(0)


@pytest.mark.parametrize(("drawing", "ground"), [("white-on-black", [0, 0, 0]), ("black-on-white", [255, 255, 255])])
def test_ground(page: Page, drawing: str, ground: list[int]) -> None:
    """The canvas has the colours the model was trained on."""
    model = {"name": "letters", "version": "1"}
    answer_description(page, {"model": model, "labels": ["a"], "drawing": drawing})
    opened(page)
    look = "canvas => [...canvas.getContext('2d').getImageData(9, 9, 1, 1).data].slice(0, 3)"
    assert page.locator("#canvas").evaluate(look) == ground


def test_no_drawing(page: Page) -> None:
    """A model of photographs gets no canvas."""
    model = {"name": "flowers", "version": "1"}
    answer_description(page, {"model": model, "labels": ["daisy"], "drawing": None})
    expect(opened(page).locator("#canvas")).to_be_hidden()


def test_not_ready(page: Page) -> None:
    """A model that is not ready is a sentence and a button, and the button helps once it is."""
    error = {"code": 503, "status": "UNAVAILABLE", "message": "The model is still loading."}
    answer_description(page, {"error": error}, status=503)
    page.goto("/")
    expect(page.get_by_role("alert")).to_contain_text("The model is still loading.")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("digits")
    expect(page.get_by_role("alert")).to_be_empty()


def test_unreachable(page: Page, digit_picture: tuple[Path, str]) -> None:
    """A server that is gone is a sentence on the card."""
    opened(page)
    page.route("**/*", lambda route: route.abort())
    choose(page, digit_picture[0])
    expect(page.locator("#results > li")).to_contain_text("The server cannot be reached.")


def test_quiet(page: Page, http_server: str, digit_picture: tuple[Path, str]) -> None:
    """The page logs no error, raises none, and asks no other host for anything."""
    faults: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    choose(opened(page), digit_picture[0])
    draw(page, THREE)
    expect(page.locator(".bars")).to_have_count(2)
    assert faults == []
    assert hosts - {""} == {urlsplit(http_server).netloc}  # "": data: and blob: URLs


def test_under_a_path(page: Page, http_server: str, digit_picture: tuple[Path, str]) -> None:
    """A function that lives under a path is asked there and nowhere else."""
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).path))
    page.route("**/europe/digits", lambda route: route.continue_(url=f"{http_server}/"))
    choose(opened(page, "/europe/digits"), digit_picture[0])
    expect(page.locator("#results .bars")).to_be_visible()
    assert {path for path in asked if path.startswith("/")} == {"/europe/digits"}


@pytest.mark.parametrize(
    ("name", "size", "dark"),
    [("desktop", DESKTOP, False), ("dark", DESKTOP, True), ("phone", PHONE, False)],
    ids=["desktop", "dark", "phone"],
)
def test_look(
    browser: Browser,
    http_server: str,
    digit_picture: tuple[Path, str],
    note: Path,
    name: str,
    size: tuple[int, int],
    dark: bool,
) -> None:
    """Accessible and without sideways scrolling; screenshots stay for a person to look at."""
    page = opened(new_page(browser, http_server, size=size, dark=dark))
    draw(page, THREE)
    expect(page.locator("#drawn .bars")).to_be_visible()
    choose(page, digit_picture[0], note)
    expect(page.locator("#results .alarm")).to_be_visible()
    width, height = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    page.set_viewport_size({"width": size[0], "height": height})
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    violations = Axe().run(page).response["violations"]
    page.context.close()
    assert width == size[0]
    assert [v["id"] for v in violations if v["impact"] in ("serious", "critical")] == []
