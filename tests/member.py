"""People in rooms of level identity: what a Person can do there besides, by the page's roles and names."""

import re

import pytest
from playwright.sync_api import expect

from conftest import close_pages, keep_evidence
from person import Person
from protocol.levels.ratchet import NOBODY

NOT_YET = "You are not a member of this room yet. Its admins see you at the door, and can add you."
NO_MORE = "You are not a member of this room any more. What is written from now on is not for you."
FREE = "async (name) => !(await navigator.locks.query()).held.some((lock) => lock.name === name)"


class Device(Person):
    """A person in a browser of their own that nobody has used before."""

    def joins(self, room: str, level: str = "Identity", state: str = "") -> "Device":
        if self.page.url == "about:blank":
            self.opens_the_page()
        if self.button("Join another room").is_visible():
            self.button("Join another room").click()
        self.field("Your name").fill(self.name)
        self.field("Room").fill(room)
        self.field("Level").select_option(level)
        self.button("Join").click()
        return self.is_shown(room, state)

    def takes_over(self, other: "Device", room: str, level: str = "Identity") -> "Device":
        """Joins under the name of another tab, which is closed: its name is free some moments later."""
        self.opens_the_page()
        other.page.close()
        self.page.wait_for_function(FREE, arg=f"secure-chat name {self.name}")
        return self.joins(room, level)

    def is_shown(self, room: str, state: str) -> "Device":
        expect(self.page.get_by_role("region", name=room, exact=True)).to_be_visible()
        self.sees_state(state)
        return self

    def opens(self, link: str, room: str, state: str = NOT_YET) -> "Device":
        """Joins by an invite."""
        self.page.goto(link)
        expect(self.field("Room")).to_have_value(room)
        self.field("Your name").fill(self.name)
        self.button("Join").click()
        return self.is_shown(room, state)

    def invites(self) -> str:
        """The link that the room's dialog shows."""
        self.button("Invite").click()
        expect(self.field("Link")).not_to_have_value("")
        link = self.field("Link").input_value()
        self.closes_the_panel()
        return link

    # -------------------------------------------------------------------------------------------- members

    def entry(self, name: str):
        return self.page.get_by_role("list", name="Members", exact=True).locator("summary").filter(has_text=name)

    def does(self, what: str, name: str) -> None:
        """Presses a button of a member's entry, which is opened for it."""
        if not self.button(what).is_visible():
            self.entry(name).click()
        self.button(what).click()

    def lets_in(self, *others: "Device") -> None:
        for other in others:
            self.button(f"Add to the room: {other.name}").click()
            other.sees_state("")

    def sees_listed(self, *names: str) -> None:
        expect(self.page.get_by_role("list", name="Members", exact=True).locator("bdi")).to_have_text(list(names))

    def removes(self, name: str) -> None:
        self.does(f"Remove {name}", name)
        self.page.get_by_role("alert").get_by_role("button", name="Remove").click()

    # -------------------------------------------------------------------------------------------- rooms of two

    def meets(self, room: str = "den", state: str = NOBODY) -> "Device":
        """Joins at level Ratchet."""
        return self.joins(room, "Ratchet", state)

    def talks_to(self, name: str) -> None:
        """Begins a conversation with whom the relay says is here."""
        self.button(f"Talk to: {name}").click()

    def names(self, name: str) -> None:
        """Begins a conversation by a name that is typed."""
        self.field("Talk to, by name").fill(name)
        self.button("Begin").click()

    def answers(self, label: str) -> None:
        """A question above the messages."""
        self.page.get_by_role("alert").get_by_role("button", name=label, exact=True).click()

    # -------------------------------------------------------------------------------------------- trust

    def trusts(self, text: str, word: str) -> None:
        """How far the key of who wrote this was trusted, beside the message."""
        row = self.page.get_by_role("log", name="Messages").locator(".row").filter(has_text=text)
        expect(row.locator(".trusted")).to_have_text(word)

    def compares_with(self, name: str) -> "Device":
        self.does(f"Compare with {name}", name)
        expect(self.number_panel).to_be_visible()
        return self

    @property
    def number_panel(self):
        return self.page.get_by_role("dialog")

    def number(self) -> str:
        """The 60 digits that the open panel shows."""
        return re.sub(r"\s", "", self.number_panel.get_by_role("group", name="Number").inner_text())

    def verifies(self, name: str) -> None:
        self.compares_with(name)
        self.button("Mark as verified in person").click()
        expect(self.button("No longer verified")).to_be_visible()
        self.closes_the_panel()

    # -------------------------------------------------------------------------------------------- this device

    def opens_settings(self):
        self.button("This device").click()
        panel = self.page.get_by_role("dialog", name="This device")
        expect(panel).to_be_visible()
        return panel

    def unlocks(self, passphrase: str) -> None:
        panel = self.opens_settings()
        form = panel.locator('[data-act="unlock"]')
        form.get_by_label("Passphrase of this device").fill(passphrase)
        form.get_by_role("button", name="Unlock").click()
        expect(panel.get_by_role("status", name="Done")).to_have_text("Unlocked.")
        self.closes_the_panel()

    def keeps_messages(self, passphrase: str) -> None:
        self.chooses_passphrase(passphrase)
        panel = self.opens_settings()
        panel.get_by_label("Keep on this device").check()
        expect(panel.get_by_role("status", name="Done")).to_have_text("Changed.")
        self.closes_the_panel()

    def chooses_passphrase(self, passphrase: str) -> None:
        panel = self.opens_settings()
        form = panel.locator('[data-act="set_passphrase"]')
        form.get_by_label("New passphrase", exact=True).fill(passphrase)
        form.get_by_label("The same again").fill(passphrase)
        form.get_by_role("button", name="Set passphrase").click()
        expect(panel.get_by_role("status", name="Done")).to_have_text("The passphrase is set.")
        self.closes_the_panel()


@pytest.fixture
def device(request, used_context):
    """Makes people with browsers that keep nothing yet: device("Alice"), at `server` unless given another's url."""
    made = []

    def make(name: str, url: str | None = None) -> Device:
        url = url or request.getfixturevalue("server").url
        made.append(Device(name, used_context(f"number {len(made)}", fresh_at=url), url))
        return made[-1]

    yield make
    for number, each in enumerate(made):
        keep_evidence(each.context, request.node, f"{number}-{each.name}")
        close_pages(each.context)


@pytest.fixture
def den(device):
    """A room of Alice, who opened it, and Bob and Carol, whom she has let in."""
    alice = device("Alice").joins("den")
    link = alice.invites()
    others = [device(name).opens(link, "den") for name in ("Bob", "Carol")]
    alice.lets_in(*others)
    return (alice, *others)
