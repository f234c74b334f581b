"""Makes the picture in README, by hand: `python tests/take_screenshot.py`. Two people talk at level passphrase."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from conftest import Server, launch, open_context
from person import Person

PICTURE = Path(__file__).resolve().parent / "screenshots" / "chat.png"
SIZE = {"width": 1280, "height": 800}
TALK = [
    ("Alice", "Are we still on for Saturday? The weather says sun until four."),
    ("Bob", "Yes! I bring the tea, and the old map of the hills."),
    ("Alice", "Then I bake something.\nMeet at the station, 9:20, platform 2?"),
    ("Bob", "9:20 it is, and I will be early for once."),
    ("Alice", "And if anyone asks: all that the relay saw of this was a handful of letters and numbers."),
]


def main():
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder)).start()
        browser = launch(playwright)
        try:
            take(server.url, browser)
        finally:
            browser.close()
            server.stop()


def take(url: str, browser) -> None:
    context = open_context(browser, viewport=SIZE, color_scheme="light", locale="en-GB")
    alice, bob = Person("Alice", context, url), Person("Bob", open_context(browser), url)
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
    PICTURE.parent.mkdir(exist_ok=True)
    alice.page.screenshot(path=PICTURE)
    print(f"Written: {PICTURE}")


if __name__ == "__main__":
    main()
