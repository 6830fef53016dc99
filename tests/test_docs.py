"""The site that `make docs` builds: it works with the network off, and no link in it leads nowhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.lab import chromium_path, launch

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "docs" / "html"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SITE / "index.html").exists(), reason="the site is not built (make docs)"),
]
FETCHED = {"script": "src", "img": "src", "iframe": "src", "link": "href"}


class Page(HTMLParser):
    """What a page fetches, where it links to, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if FETCHED.get(tag) in given and given.get("rel") not in (
            "canonical",
            "search",
            "index",
            "next",
            "prev",
        ):
            self.fetched.append(given[FETCHED[tag]])


@pytest.fixture(scope="module")
def pages() -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(SITE.rglob("*.html")) if "_static" not in path.parts}


def test_every_notebook_and_how_to_has_its_page(pages: dict[Path, Page]) -> None:
    wanted = {
        SITE / "course" / path.relative_to(ROOT / "notebooks")
        for path in (ROOT / "notebooks").rglob("*.ipynb")
    }
    wanted |= {SITE / path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    missing = {path for path in wanted if path.with_suffix(".html") not in pages}
    assert not {path for path in missing if ".ipynb_checkpoints" not in path.parts}


def test_nothing_is_fetched_from_elsewhere(pages: dict[Path, Page]) -> None:
    away = {one for page in pages.values() for one in page.fetched if urlsplit(one).netloc}
    assert not away
    for sheet in SITE.rglob("*.css"):
        assert not re.search(
            r"url\(\s*[\"']?(?:https?:)?//|@import\s+[\"'(]*https?:", sheet.read_text(encoding="utf-8")
        )


def test_every_link_and_anchor_leads_somewhere(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for link in [*page.links, *page.fetched]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.relative_to(SITE)}: {link}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, f"{path.relative_to(SITE)}: {link}"


def test_the_table_of_contents_says_the_minutes_and_what_a_notebook_is_about() -> None:
    text = (SITE / "course.html").read_text(encoding="utf-8")
    assert re.search(r"00 · Start here</span></a>, \d+ minutes: the problem, the people, the map", text)


def test_the_site_is_small() -> None:
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < 40 << 20


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        pytest.skip("no Chromium")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.mark.parametrize("dark", [False, True])
def test_with_the_network_off_pages_open_and_a_stepper_plays(browser: Browser, dark: bool) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, color_scheme="dark" if dark else "light"
    )
    context.set_offline(True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name in ("course/11-request-ids.html", "reference/zone.html", "index.html"):
        page.goto((SITE / name).as_uri())
        assert page.locator("article h1").count() == 1
    stepper = page.frame_locator("iframe.fp-page").first
    stepper.get_by_role("button", name="one step forward", exact=True).click()
    picture = stepper.locator(".fp-picture .fp-svg")
    picture.wait_for()
    assert picture.get_attribute("data-step") == "1"
    other = "Light" if dark else "Dark"
    page.locator(".theme-switch-button:visible").click()
    page.locator(".dropdown-menu.show").get_by_text(other, exact=True).click()
    expect(stepper.locator("body")).to_have_attribute("data-jp-theme-light", str(dark).lower())
    assert not complaints
    context.close()
