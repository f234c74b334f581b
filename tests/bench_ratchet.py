"""What bench_page.py runs in place of main.py: two people at level ratchet in one page, over stores of both kinds."""

import gc
import json

from js import document, performance

from browser.platform import BrowserPlatform
from device.device import Device
from device.ratchet import ratchet_entrance
from joining import Wish
from protocol.levels import MESSAGE, Changed, Opened
from protocol.levels.ratchet import Ratchet
from protocol.prekeys import Prekeys

gc.threshold(1_000_000)  # as in main.py
RUNS, TEXTS, WORDS = 3, 50, "a message of the usual length of a line in a chat"


class Store:
    """An object store that keeps nothing: what is left is the level and its sealing of records."""

    async def put_all(self, records, gone=()):
        pass


class Talk:
    def __init__(self, figures):
        self.figures = figures
        self.log = []
        self.levels = []

    async def time(self, name, work):
        start = performance.now()
        result = await work
        self.figures.setdefault(name, []).append(performance.now() - start)
        return result

    def entry(self, kind, body):
        seq = len(self.log) + 1
        self.log.append({"seq": seq, "kind": kind, "id": f"id{seq}", "name": "", "at": "", "body": body})
        return self.log[-1]

    async def begin(self, alice, bob, bobs):
        """bobs: the entrance of the level `bob`."""
        self.levels = [alice, bob]
        for level in self.levels:
            level.begins_at("log", 1)
            await level.prepare()
        _, spk, new = await bobs.prekeys.due(0, 0)
        await alice.wish_for(Prekeys(bob.ours.public, spk, new[0]), "Bob")
        control = await self.time("begin", alice.control(False))
        entry = self.entry(control.kind, control.body)
        for level in self.levels:
            name = "read a beginning" if level is bob else "read the own beginning"
            [outcome] = await self.time(name, level.open([entry]))
            assert isinstance(outcome, Changed), outcome

    async def say(self, writer, reader, name):
        entry = self.entry(MESSAGE, await self.time("seal", writer.seal(WORDS)))
        [outcome] = await self.time(f"open {name}", reader.open([entry]))
        assert isinstance(outcome, Opened), outcome
        await self.time("read the own message", writer.open([entry]))


async def entrances(device, room):
    found = []
    for name in ("Alice", "Bob"):
        wish = Wish(name, room, None, "ratchet")
        found.append(await ratchet_entrance(device, wish, print))
    return found


async def measure(platform, device, figures, number):
    """A talk: texts in one chain, and texts that answer each other, each of which makes the reader take a DH step."""
    doors = await entrances(device, f"room {number}")
    levels = []
    for door in doors:
        levels.append(await Ratchet.start(platform, f"room {number}", door.name, door))
    talk = Talk(figures)
    alice, bob = levels
    await talk.begin(alice, bob, doors[1])
    await talk.say(alice, bob, "with a DH step")
    for _ in range(TEXTS):
        await talk.say(alice, bob, "within a chain")
    for _ in range(TEXTS // 2):
        await talk.say(bob, alice, "with a DH step")
        await talk.say(alice, bob, "with a DH step")
    for door in doors:
        door.close()


async def main():
    platform, found = BrowserPlatform(), {"stored": {}, "not stored": {}}
    device = Device(platform)
    await device.start()
    for number in range(RUNS):
        await measure(platform, device, found["stored"], number)
        put, device.store.put_all = device.store.put_all, Store().put_all
        await measure(platform, device, found["not stored"], number + RUNS)
        device.store.put_all = put
    place = document.createElement("pre")
    place.id = "results"
    place.textContent = json.dumps(found)
    document.body.append(place)


await main()  # noqa: F704 - PyScript allows await at top level
