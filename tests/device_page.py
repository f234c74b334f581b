"""Pages whose Python does what a test asks of it: `page_device.py` in place of main.py, all else as it is served."""

import json
from pathlib import Path
from textwrap import dedent

import pytest
from playwright.sync_api import expect

from conftest import close_pages

# What is asked of the page's Python, or that it never came to an end.
ASK = """source => Promise.race([
  python(source), new Promise((done) => setTimeout(() => done('{"error": "no answer", "sentence": ""}'), 20_000)),
])"""
ALONE = """async () => {
  const { held } = await navigator.locks.query();
  return held.filter(({ name }) => name === "secure-chat tabs").length === 1;
}"""
MAIN = Path(__file__).with_name("page_device.py")


class Failed(Exception):
    """What the page's Python raised: its code, or its type and text."""

    def __init__(self, code: str, sentence: str):
        super().__init__(code)
        self.code, self.sentence = code, sentence


class DevicePage:
    """One tab. python("return 1 + 1") is 2; names that are declared global there stay."""

    def __init__(self, context, address: str):
        self.page, self.address = context.new_page(), address
        self.opens()

    def opens(self) -> None:
        """Loads the page, anew too."""
        self.page.goto(self.address)
        expect(self.page.locator("#startup")).to_have_count(0)

    def is_left_alone(self) -> None:
        """Waits until this is the only tab that has the device open: another goes some moments after it was closed."""
        self.page.wait_for_function(ALONE)

    def python(self, source: str):
        answer = json.loads(self.page.evaluate(ASK, dedent(source).strip()))
        if "error" in answer:
            raise Failed(answer["error"], answer["sentence"])
        return answer["result"]


@pytest.fixture(scope="session")
def device_server(serve_instead):
    return serve_instead(MAIN)


@pytest.fixture
def device_context(used_context, device_server):
    """A browser that keeps nothing yet, but for the files of the page."""
    context = used_context("a device's", fresh_at=device_server.url)
    yield context
    close_pages(context)
