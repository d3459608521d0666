"""A real browser, a real hub and the pages; the tests skip where there is no Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import map_dir_or_none

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install -e '.[dev]'"
)

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright  # noqa: E402

from tests.console.place import CHROMIUM, FLAGS, Place  # noqa: E402


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Place]:
    """One hub and one process of pages for all tests of a worker; each test has incidents of its own."""
    maps = map_dir_or_none()
    opened = Place.open(tmp_path_factory.mktemp("console"), *(["--map-dir", str(maps)] if maps else []))
    yield opened
    opened.close()


class Watch:
    """What went wrong in a page, and what it asked outside."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.outside: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda said: self.errors.append(said.text) if "Content Security Policy" in said.text else None,
        )
        page.on(
            "request",
            lambda asked: (
                self.outside.append(asked.url)
                if not asked.url.startswith(("http://127.0.0.1:", "blob:", "data:"))
                else None
            ),
        )


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(
        viewport={"width": 1366, "height": 768}, timezone_id="Asia/Seoul", service_workers="block"
    )
    opened.set_default_timeout(15000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that must raise no error and ask nothing outside the machine."""
    opened = context.new_page()
    watch = Watch(opened)
    yield opened
    assert watch.errors == []
    assert watch.outside == []
