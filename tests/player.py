"""Somebody at the lab's console, who plays the relay between Alice's and Bob's pages in its frames."""

import re
import time

from playwright.sync_api import expect

from person import PATIENCE, Person

READY, BEGUN, DONE = "have heard each other", "The attack has begun", "Done."
NOT_HERE, ASKED = "does not apply", "'s page asks: “This room's name is also in use at level"


class Framed(Person):
    """Who sits before a page in a frame."""

    def __init__(self, name: str, page):
        self.name, self.outer = name, page

    @property
    def page(self):
        """As it is now: it may have been loaded anew."""
        return self.outer.get_by_title(f"{self.name}'s page", exact=True).element_handle().content_frame()


class Player:
    """`player.begins("Lab: Passphrase"); player.attacks("replay at once"); player.does_all()`."""

    def __init__(self, page, url: str):
        self.page, self.url = page, url
        self.alice, self.bob = Framed("Alice", page), Framed("Bob", page)

    def opens_the_console(self) -> "Player":
        self.page.goto(f"{self.url}/lab#console")
        expect(self.page.get_by_text("Loading Python")).to_have_count(0, timeout=PATIENCE * 1000)
        return self

    def begins(self, level: str = "Lab: Passphrase") -> None:
        """A new room, in which the two have heard each other."""
        self.page.get_by_label("Level", exact=True).select_option(level)
        self.page.get_by_role("button", name=re.compile("^(Begin|New room)$")).click()
        self.is_told(READY)

    def chooses(self, attack: str) -> None:
        radio = self.page.get_by_role("radio", name=attack, exact=True, include_hidden=True)
        if not radio.is_visible():
            self.page.get_by_role("group").filter(has=radio).locator("summary").click()
        radio.check()

    def attacks(self, attack: str) -> str:
        """Chooses the attack and presses the button. Returns what was said to that."""
        self.chooses(attack)
        self.presses("Attack")
        return self.is_told(BEGUN, NOT_HERE)

    def does_all(self) -> None:
        """All the steps, also where the page asks something in between."""
        self.presses("Do all")
        while self.is_told(DONE, ASKED) == ASKED:
            self.presses("Do all")

    def presses(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    # -------------------------------------------------------------------------------------------- looking

    def is_told(self, *sentences: str) -> str:
        """Until the console says one of these. Returns that."""

        def said():
            text = self.page.get_by_role("status", name="Progress").inner_text()
            return next((sentence for sentence in sentences if sentence in text), None)

        return self.until(said, f"the console says one of {sentences}")

    def outcome(self) -> str:
        """Of the attack, in the words of the specification."""
        return self.page.get_by_role("status", name="Outcome").locator("p").first.inner_text()

    def sees_of_it(self) -> str:
        """All that is said of the outcome."""
        return self.page.get_by_role("status", name="Outcome").inner_text()

    def steps(self) -> list[str]:
        """As they stand, "Alice says something, done" where one is done."""
        return self.page.get_by_role("region", name="What they do").get_by_role("listitem").all_text_contents()

    def wire(self) -> list[str]:
        """The lines of the wire, the newest first."""
        return self.page.get_by_role("list", name="On the wire").get_by_role("listitem").all_text_contents()

    def until(self, condition, what: str):
        end = time.monotonic() + PATIENCE
        while not (value := condition()):
            progress = self.page.get_by_role("status", name="Progress").inner_text()
            assert time.monotonic() < end, f"did not happen in time: {what}. The console said: {progress}"
            self.page.wait_for_timeout(20)
        return value
