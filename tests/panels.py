"""The page's view alone, over actions that note what is asked of them (page_panels.py): for tests of its panels."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from conftest import PATIENCE, keep_evidence, wait_until

MAIN = Path(__file__).with_name("page_panels.py")
NUMBER = ["36006", "49809", "13585", "52905", "51700", "66370", "59176", "23252", "30688", "02751", "69551", "00144"]
DIGITS = "".join(NUMBER)
BOB = {
    "key": "identity/kitchen",
    "id": "Ym9i",
    "name": "Bob",
    "tag": "A3-K7",
    "color": 3,
    "trust": "encrypted",
    "you": False,
    "changed": "",
    "number": NUMBER,
    "digits": True,  # drawn by page_panels.py
}
ALICE = {"name": "Alice", "number": NUMBER, "in_use": True}
DEVICE = {
    "identities": [ALICE, {"name": "Zoë", "number": NUMBER[::-1], "in_use": False}],
    "passphrase": True,
    "locked": False,
    "history": False,
    "idle": 15,
    "problem": "",
}
RIGHT_TO_LEFT = "\u202e\u05e9\u05dc\u05d5\u05dd\u2067"
NAMES = ["<img src=x onerror=alert(1)>", RIGHT_TO_LEFT, "M" * 64, "a\u0301" * 32, "&amp;</bdi><b>b</b>"]


class Panels:
    """A page with nothing but its view. `url` is a server's."""

    def __init__(self, page, url: str):
        self.page, self.context, self.asked = page, page.context, []
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(url)
        expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()

    def compares(self, **facts):
        """Opens the panel about Bob, or what is given instead, and returns it."""
        self.page.evaluate("facts => showComparison(facts)", json.dumps(BOB | facts))
        return self.dialog("Safety number" if not facts else None)

    def device(self, **facts):
        """Opens the panel of the device, and returns it."""
        self.page.evaluate("facts => showDevice(facts)", json.dumps(DEVICE | facts))
        return self.dialog("This device")

    def dialog(self, name: str | None = None):
        """The one that is open."""
        found = self.page.get_by_role("dialog", name=name) if name else self.page.get_by_role("dialog")
        expect(found).to_be_visible()
        return found

    def answers(self, **answers) -> None:
        """From now on the actions give these, else ""."""
        self.page.evaluate("answers => { self.answers = answers }", json.dumps(answers))

    def then(self, facts: dict) -> None:
        """The panel that is open gets these facts once an action has worked."""
        self.page.evaluate("facts => { self.next = facts }", json.dumps(facts))

    def holds(self, name: str) -> None:
        """This action waits from now on, until `goes_on`."""
        self.page.evaluate("name => { held = name; going = new Promise(resolve => { self.go = resolve }) }", name)

    def goes_on(self) -> None:
        self.page.evaluate("go()")

    def called(self, count: int) -> list:
        """The last of this many calls of actions so far: [name, arguments]."""
        calls = lambda: json.loads(self.page.evaluate("self.called"))  # noqa: E731 - one line
        wait_until(lambda: len(calls()) >= count, PATIENCE, f"{count} calls")
        assert len(calls()) == count, calls()
        return calls()[-1] if count else []

    def drags(self, start, end) -> None:
        """Presses the button of the mouse at one place of the window, and lets it go at another."""
        for place, act in ((start, self.page.mouse.down), (end, self.page.mouse.up)):
            self.page.mouse.move(*place)
            act()


@pytest.fixture(scope="session")
def view_url(serve_instead):
    return serve_instead(MAIN).url


@pytest.fixture
def open_panels(request, used_context, view_url):
    """Opens the page: open_panels(viewport={...}). It must not have said of an error."""
    made = []

    def make(url: str | None = None, before=lambda page: None, **options) -> Panels:
        page = used_context(**options).new_page()
        before(page)
        made.append(Panels(page, url or view_url))
        return made[-1]

    yield make
    for number, each in enumerate(made):
        keep_evidence(each.context, request.node, number)
        each.page.close()
        assert [said for said in each.context.console if "Error" in said] == []


@pytest.fixture
def panels(open_panels) -> Panels:
    return open_panels()


def fits(dialog) -> bool:
    """Nothing in it is wider than it."""
    return dialog.evaluate("""dialog => [dialog, ...dialog.querySelectorAll('*')].every(one =>
      one.closest('svg, select, .unseen') || one.getBoundingClientRect().right <= dialog.getBoundingClientRect().right)
      && dialog.scrollWidth <= dialog.clientWidth""")
