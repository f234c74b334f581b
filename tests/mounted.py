"""The page's views without the chat behind them: what plain data shows, and what a press calls. See page_views.py."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from conftest import PATIENCE, keep_evidence, wait_until

MAIN = Path(__file__).with_name("page_views.py")
LEVEL = {"id": "identity", "title": "Identity", "sentence": "Each device has keys.", "mark": "", "padded": True}


class Mounted:
    """`mounted.view("invited", "passphrase", "kitchen", "Bob invites you."); mounted.calls("join", "Alice", ...)`."""

    def __init__(self, page, url: str, path: str):
        self.page = page
        page.goto(url + path)
        expect(self.button("Join")).to_be_enabled()

    def view(self, name: str, *arguments) -> None:
        self.do("view", name, arguments)

    def room(self, name: str, *arguments) -> None:
        self.do("room", name, arguments)

    def do(self, place: str, name: str, arguments=()):
        asked = json.dumps([place, name, arguments], ensure_ascii=False)
        return json.loads(self.page.evaluate("text => self.do(text)", asked))

    def opens_a_room(self, key: str = "identity/kitchen", title: str = "kitchen") -> None:
        self.view("open_room", key, title, LEVEL, [])

    def answers(self, name: str, value) -> None:
        """What the action of this name returns from now on."""
        self.page.evaluate("text => self.answer(text)", json.dumps([name, value]))

    def calls(self, *expected) -> None:
        """Exactly these calls of actions come, each as a list, since the last look."""
        called = []

        def come():
            called.extend(json.loads(self.page.evaluate("self.done()")))
            return len(called) >= len(expected)

        wait_until(come, PATIENCE, f"{expected} are called; there were {called}")
        assert called == [list(one) for one in expected]

    def holds(self) -> None:
        """Actions end no more, until release()."""
        self.page.evaluate("() => { self.gate = new Promise(done => { self.open_gate = done }) }")

    def releases(self) -> None:
        self.page.evaluate("() => { self.open_gate(); self.gate = null }")

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, label: str):
        return self.page.get_by_label(label, exact=True)


@pytest.fixture(scope="session")
def views_server(serve_instead):
    return serve_instead(MAIN)


@pytest.fixture
def mount(request, used_context, views_server):
    """Makes pages with nothing but views: mount(viewport={"width": 320, "height": 560})."""
    made = []

    def make(path="/", **options) -> Mounted:
        made.append(Mounted(used_context(**options).new_page(), views_server.url, path))
        return made[-1]

    yield make
    for number, each in enumerate(made):
        keep_evidence(each.page.context, request.node, number)
        each.page.close()


@pytest.fixture
def mounted(mount):
    return mount()
