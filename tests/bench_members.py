"""What bench_page.py runs in place of main.py: sessions of one room in the page, at level identity and beside it."""

import json

from js import document, performance

from both_talk import Page, Relay
from browser.platform import BrowserPlatform
from protocol.identity import OurIdentity
from protocol.identity_envelope import Member
from protocol.levels.passphrase import Passphrase

RUNS, TEXTS, WORDS = 3, 50, "a message of the usual length of a line in a chat"


async def settle(*pages):
    busy = True
    while busy:
        busy = False
        for page in pages:
            busy = await page.step() or busy


class Figures:
    """name -> the times in ms, or the sizes in characters."""

    def __init__(self):
        self.found = {}

    def add(self, name, figure):
        self.found.setdefault(name, []).append(figure)

    async def time(self, name, work):
        start = performance.now()
        result = await work
        self.add(name, performance.now() - start)
        return result


async def identity(platform):
    return await OurIdentity.from_seed(platform, platform.random(32))


async def talk(figures, alice, bob):
    """TEXTS of Alice, one by one: written and sent, then read by Bob."""
    await settle(alice, bob)
    start, reading = performance.now(), 0
    for number in range(TEXTS):
        await alice.session.say(f"{WORDS} {number}")
        read = performance.now()
        await bob.step()
        reading += performance.now() - read
        alice.inbox = alice.inbox[-2:]
        await alice.step()
    whole = performance.now() - start
    figures.add("a message: written, sent, read by both", whole / TEXTS)
    figures.add("of that, read by the other", reading / TEXTS)
    entry = [one for one in alice.relay.entries if one["kind"] == "message"][-1]
    figures.add("a message, characters", len(entry["body"]))
    texts = [bob.show.by_id[row]["text"] for row in bob.show.order]
    assert f"{WORDS} {TEXTS - 1}" in texts, texts[-3:]


async def passphrase(figures, platform):
    relay = Relay()
    pages = []
    for name in ("Alice", "Bob"):
        level = await Passphrase.start(platform, "den", name, b"correct horse battery staple")
        pages.append(Page(relay, platform, name, None, level=level))
        await figures.time("a room is opened", settle(pages[0])) if len(pages) == 1 else await settle(*pages)
    await talk(figures, *pages)


async def members(figures, platform, people):
    """A room of so many, of whom Alice and Bob have a page."""
    relay = Relay()
    alice = Page(relay, platform, "Alice", people[0])
    await figures.time("a room is opened", settle(alice))
    steward, listed = alice.level.steward, [Member(people[0].public, "Alice", True), Member(people[1].public, "Bob")]
    listed += [Member(one.public, f"Member {number}") for number, one in enumerate(people[2:-1])]
    await append(alice, await steward.change(listed))
    bob = Page(relay, platform, "Bob", people[1])
    await figures.time("a member joins", settle(bob))
    await settle(alice, bob)
    more = list(listed)
    more.append(Member(people[-1].public, "New"))
    for name, wanted in (("one is added", more), ("one is removed", listed)):
        control = await figures.time(name + ": signed and wrapped", steward.change(wanted))
        figures.add(name + ", characters", len(control.body))
        await append(alice, control)
        await figures.time(name + ": read by a member", bob.step())
    await talk(figures, alice, bob)


async def append(page, control):
    frame = {"kind": control.kind, "id": f"id{len(page.relay.entries)}", "body": control.body}
    page.relay.append(page, frame)
    await settle(page)


async def main():
    platform, found, people = BrowserPlatform(), {}, []
    for _ in range(51):
        people.append(await identity(platform))
    for _ in range(RUNS):
        for kind in ("passphrase", "identity, 2", "identity, 50"):
            figures = found.setdefault(kind, Figures())
            if kind == "passphrase":
                await passphrase(figures, platform)
            else:
                count = int(kind.split()[-1])
                await members(figures, platform, people[: count + 1])
    place = document.createElement("pre")
    place.id = "results"
    place.textContent = json.dumps({kind: figures.found for kind, figures in found.items()})
    document.body.append(place)


await main()  # noqa: F704 - PyScript allows await at top level
