"""A browser that is cut off from the network, and notes what a page says and asks for."""

import shutil
from collections.abc import Iterator

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Visit:
    """A page that has been opened.

    Parameters
    ----------
    context : playwright.sync_api.BrowserContext
    address : str
        Of a file.
    """

    def __init__(self, context, address):
        self.page = context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)

    def _note(self, message):
        if message.type == "error":
            self.said.append(message.text)

    def scroll(self):
        """Scroll to the end until every chart and table is drawn."""
        places = self.page.locator("main .chart, main .table")
        for number in range(places.count()):
            places.nth(number).scroll_into_view_if_needed()
            places.nth(number).and_(self.page.locator("[data-ready]")).wait_for(state="attached")
        return places

    @property
    def left(self) -> list[str]:
        """What was asked for beyond the file itself and what it holds."""
        return [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Return Chromium; without one the test is skipped.

    Closed with the tests of the file: while it runs, no plan can be made in the same process.
    """
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as driver:
        # Root may not use the sandbox, and a container has no memory to share.
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        chromium = driver.chromium.launch(executable_path=path, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, request):
    """Return a function that opens a file at a width, light or dark."""
    contexts = []

    def opened(path, width=1280, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        return Visit(context, f"file://{path}")

    yield opened
    for context in contexts:
        context.close()
