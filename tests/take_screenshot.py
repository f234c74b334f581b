"""Makes the pictures in README, by hand: `python tests/take_screenshot.py [chat|identity|inspector|console ...]`.

Two people talk at level passphrase; three at level identity; one looks at what the relay sees; and somebody plays the
relay between two pages in the lab's console.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from conftest import Server, launch, open_context
from member import Device
from person import Person
from player import Player

PICTURES = Path(__file__).resolve().parent / "screenshots"
SIZE = {"width": 1280, "height": 800}
TALK = [
    ("Alice", "Are we still on for Saturday? The weather says sun until four."),
    ("Bob", "Yes! I bring the tea, and the old map of the hills."),
    ("Alice", "Then I bake something.\nMeet at the station, 9:20, platform 2?"),
    ("Bob", "9:20 it is, and I will be early for once."),
    ("Alice", "And if anyone asks: all that the relay saw of this was a handful of letters and numbers."),
]


def main(wanted):
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder), lab=True).start()
        browser = launch(playwright)
        try:
            for name, take in TAKES.items():
                if wanted and name not in wanted:
                    continue
                page = take(server.url, browser)
                path = PICTURES / f"{name}.png"
                page.screenshot(path=path)
                print(f"Written: {path}")
        finally:
            browser.close()
            server.stop()


def light_context(browser):
    return open_context(browser, viewport=SIZE, color_scheme="light", locale="en-GB")


def take_chat(url: str, browser):
    alice, bob = Person("Alice", light_context(browser), url), Person("Bob", open_context(browser), url)
    for room in ("Book club", "Hiking"):
        alice.joins(room)
        bob.joins(room)
    for name, text in TALK:
        speaker, listener = (alice, bob) if name == "Alice" else (bob, alice)
        speaker.says(text)
        listener.sees(text, by=name)
    bob.goes_to("Book club")
    bob.says("Chapter 7 by Tuesday?")
    alice.sees_rooms("Book club, 1 unread, Passphrase", "Hiking, Passphrase")
    alice.sees(TALK[-1][1], state="relayed")
    return alice.page


def take_identity(url: str, browser):
    alice, bob = Device("Alice", light_context(browser), url), Device("Bob", open_context(browser), url)
    carol = Device("Carol", open_context(browser), url)
    alice.joins("Saturday")
    link = alice.invites()
    bob.opens(link, "Saturday")
    alice.lets_in(bob)
    bob.says("I came by your link. Is it you?")
    alice.sees("I came by your link. Is it you?", by="Bob")
    alice.says("It is. Shall we compare? Call me.")
    alice.verifies("Bob")
    alice.entry("Bob").click()
    bob.says("The same sixty digits on both sides, and your voice.")
    alice.sees("The same sixty digits on both sides, and your voice.", by="Bob")
    carol.opens(link, "Saturday")
    alice.sees_notice("“Carol” joined.")
    return alice.page


def take_inspector(url: str, browser):
    alice = Person("Alice", light_context(browser), url).joins("Kitchen")
    alice.page.get_by_text("Level: Passphrase").click()  # closed, so that there is more room for the pane
    alice.says("meet at noon")
    alice.sees("meet at noon", state="relayed")
    alice.button("Show what the relay sees").click()
    pane = alice.page.get_by_role("group", name="The relay sees")
    pane.scroll_into_view_if_needed()
    alice.page.get_by_role("log").evaluate("log => log.scrollTop = 0")
    return alice.page


def take_console(url: str, browser):
    player = Player(light_context(browser).new_page(), url).opens_the_console()
    player.begins()
    player.attacks("replay at once")
    player.does_all()
    return player.page


TAKES = {"chat": take_chat, "identity": take_identity, "inspector": take_inspector, "console": take_console}

if __name__ == "__main__":
    main(sys.argv[1:])
