"""People for end-to-end stories: each has a browser context of their own and uses the page by its roles and names.

What a person sees is read from the page as it stands, again and again until it is as expected or `PATIENCE` is over:
nobody sleeps for luck, and a failure shows what stood there instead.
"""

import time
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from conftest import PATIENCE, keep_evidence

PASSPHRASE = "copper kettle 47"
at_both_levels = pytest.mark.parametrize("level", [pytest.param("Classic", marks=pytest.mark.long), "Passphrase"])

# One look at all rows, so that no row is missed or read twice while they change.
READ_ROWS = """log => [...log.querySelectorAll('.row')].map(row => {
  const text = selector => row.querySelector(selector)?.textContent.trim() ?? '';
  return [row.dataset.kind, text('.name'), row.querySelector('.text').innerText, row.dataset.state ?? '', text('.tag'),
    row.dataset.code ?? '', [...row.querySelectorAll('.warning')].map(warning => warning.textContent).join(' '),
    row.dataset.marks ?? '', text('.alike'), row.id, row.querySelector('time')?.dateTime ?? ''];
})"""


class Row(NamedTuple):
    """What stands in the messages. kind: message, refusal, waiting, notice, day; state: sending, relayed, failed.

    marks: codes of the marks beside the name, with spaces between; mark: the word that stands there for them.
    """

    kind: str
    name: str
    text: str
    state: str
    tag: str
    code: str
    warnings: str
    marks: str = ""
    mark: str = ""
    id: str = ""  # of the element: "row-1-s0-17" for the entry with seq 17
    at: str = ""  # "2026-11-23T20:42:34.123Z"

    def __str__(self):
        return f"{self.name}: {self.text}"


READ_PANEL = """panel => {
  const texts = (selector, part) => [...(part ?? panel).querySelectorAll(selector)].map(one => one.textContent);
  const entry = part => [...texts('.name, .tag, .digits', part), texts('.you', part).length > 0];
  return [...entry(panel.querySelector('.key-head')), texts('.key-marks li').join(' '),
    [...panel.querySelectorAll('.key-others li')].map(entry), panel.innerText];
}"""


class Panel(NamedTuple):
    """The panel about a key. others: (name, tag, digits, own) of each key that can be taken for it."""

    name: str
    tag: str
    digits: str
    own: bool
    marks: str
    others: list
    text: str


class Person:
    """`alice.joins("kitchen"); alice.says("hello"); bob.sees("hello", by="Alice")`."""

    def __init__(self, name: str, context, url: str):
        self.name, self.context, self.url = name, context, url
        self.page = context.new_page()

    # -------------------------------------------------------------------------------------------- joining

    def opens_the_page(self) -> "Person":
        self.page.goto(self.url)
        expect(self.button("Join")).to_be_enabled()
        return self

    def fills_in(self, room: str, passphrase: str = PASSPHRASE, level: str = "Passphrase", name: str | None = None):
        """Fills the form, opening the page or going to the form if need be."""
        if self.page.url == "about:blank":
            self.opens_the_page()
        if self.button("Join another room").is_visible():
            self.button("Join another room").click()
        self.field("Your name").fill(self.name if name is None else name)
        self.field("Room").fill(room)
        self.field("Level").select_option(level)
        if self.field("Passphrase").is_visible():  # not at a level where the device has the keys
            self.field("Passphrase").fill(passphrase)

    def tries_to_join(
        self, room: str, passphrase: str = PASSPHRASE, level: str = "Passphrase", name: str | None = None
    ):
        """Fills the form and presses Join, whatever comes of it."""
        self.fills_in(room, passphrase, level, name)
        self.button("Join").click()

    def joins(self, room: str, passphrase: str = PASSPHRASE, level: str = "Passphrase") -> "Person":
        """Is in the room at the end, with its log read."""
        self.tries_to_join(room, passphrase, level)
        self.is_in(room)
        return self

    def is_in(self, room: str) -> None:
        expect(self.page.get_by_role("region", name=room, exact=True)).to_be_visible()
        expect(self.page.get_by_role("list", name="Members")).to_contain_text(self.name)
        self.sees_state("")

    def chooses(self, label: str) -> None:
        """Presses a button that a note or an alert offers."""
        self.button(label).click()

    def leaves(self) -> None:
        self.button("Leave").click()

    def reloads(self) -> None:
        self.page.reload()
        expect(self.button("Join")).to_be_enabled()

    # -------------------------------------------------------------------------------------------- talking

    def says(self, text: str) -> None:
        """In the room that is shown."""
        self.message_field.fill(text)
        self.message_field.press("Enter")

    def goes_to(self, room: str) -> None:
        """Chooses a joined room from the list; its name there may be followed by what is unread."""
        self.page.get_by_role("list", name="Rooms").get_by_text(room, exact=True).click()
        expect(self.page.get_by_role("region", name=room, exact=True)).to_be_visible()

    def sees(self, text: str, by: str | None = None, state: str | None = None) -> Row:
        """Exactly one message of this text (and, if given, of this sender and state) stands in the room.

        One that is relayed has its place in the log as well, which comes a little after the relay's word for it.
        """

        def found():
            same = [row for row in self.messages() if row.text == text]
            fits = [row for row in same if by in (None, row.name) and state in (None, row.state)]
            fits = [row for row in fits if state != "relayed" or row.at]
            return fits[0] if len(same) == len(fits) == 1 else None

        return self.until(found, f"{self.name} sees {text!r} once, by {by or 'anyone'} {state or ''}")

    def sees_talk(self, *expected: str) -> None:
        """The room's messages are exactly these, each as "name: text", in this order, and none is still on its way."""

        def same():
            messages = self.messages()
            settled = all(row.state in ("", "relayed") and row.at for row in messages)
            return settled and [str(row) for row in messages] == list(expected)

        self.until(same, f"{self.name} sees exactly {expected}")

    def sees_refusal(self, code: str) -> Row:
        """Exactly one message was refused with this code. Returns its row."""

        def found():
            refused = [row for row in self.rows() if row.kind == "refusal" and row.code == code]
            return refused[0] if len(refused) == 1 else None

        return self.until(found, f"{self.name} sees a message refused with {code}")

    def sees_notice(self, text: str) -> None:
        found = lambda: [row for row in self.rows() if row.kind == "notice" and text in row.text]  # noqa: E731 - one line
        self.until(found, f"{self.name} sees the notice {text!r}")

    def sees_state(self, sentence: str) -> None:
        """The room's state; "" for none, which takes no space on the page."""
        state = self.page.get_by_role("status", name="State")
        if sentence:
            expect(state).to_have_text(sentence)
        else:
            expect(state).to_have_count(0)

    def sees_alert(self, text: str) -> None:
        expect(self.page.get_by_role("alert").filter(has_text=text)).to_be_visible()

    def sees_note(self, text: str) -> None:
        """A note of the form."""
        expect(self.page.get_by_role("status", name="Notes")).to_contain_text(text)

    def sees_members(self, *names: str) -> None:
        expect(self.page.get_by_role("list", name="Members").locator("bdi")).to_have_text(list(names))

    def sees_rooms(self, *names: str) -> None:
        """The list of joined rooms, each as the page names it: "kitchen, 2 unread, Passphrase"."""
        buttons = self.page.get_by_role("list", name="Rooms").get_by_role("button")
        expect(buttons).to_have_count(len(names))
        for button, name in zip(buttons.all(), names, strict=True):
            expect(button).to_have_accessible_name(name)

    def sees_connection(self, state: str) -> None:
        """online, connecting or offline."""
        expect(self.page.get_by_role("status", name="Connection")).to_have_attribute("data-state", state)

    def asks_for_digits(self, text: str) -> "Panel":
        """Presses the tag of the message of this text."""
        row = self.page.get_by_role("log", name="Messages").locator(".row").filter(has_text=text)
        row.first.get_by_role("button").first.click()
        return self.panel()

    def panel(self) -> "Panel":
        """What the open panel about a key says."""
        panel = self.page.get_by_role("dialog", name="Compare keys")
        expect(panel).to_be_visible()
        return Panel(*panel.evaluate(READ_PANEL))

    def closes_the_panel(self) -> None:
        self.button("Close").click()
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    # -------------------------------------------------------------------------------------------- looking

    def rows(self) -> list[Row]:
        """Everything that stands in the shown room's messages."""
        return [Row(*row) for row in self.page.get_by_role("log", name="Messages").evaluate(READ_ROWS)]

    def messages(self) -> list[Row]:
        return [row for row in self.rows() if row.kind == "message"]

    def until(self, condition, what: str):
        end = time.monotonic() + PATIENCE
        while not (value := condition()):
            rows = "\n  ".join(map(repr, self.rows()))
            assert time.monotonic() < end, f"did not happen in time: {what}. There stood:\n  {rows}"
            self.page.wait_for_timeout(20)  # not time.sleep: Playwright has to go on listening
        return value

    def field(self, label: str):
        return self.page.get_by_label(label, exact=True)

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def message_field(self):
        return self.page.get_by_role("textbox", name="Message")


@pytest.fixture
def person(request, used_context, new_context):
    """Makes people: person("Alice"), at `server` unless given another's url; with options, in a new browser."""
    people = []

    def make(name: str, url: str | None = None, **options) -> Person:
        url = url or request.getfixturevalue("server").url
        # Not what this test itself has stored there, if the same person opens a second page.
        fresh_at = "" if any(each.name == name for each in people) else url
        context = new_context(**options) if options else used_context(name, fresh_at=fresh_at)
        people.append(Person(name, context, url))
        return people[-1]

    yield make
    for each in people:
        keep_evidence(each.context, request.node, each.name)
        each.context.console.clear()
        each.page.close()


@pytest.fixture
def alice(person) -> Person:
    return person("Alice")


@pytest.fixture
def bob(person) -> Person:
    return person("Bob")


@pytest.fixture
def carol(person) -> Person:
    return person("Carol")
