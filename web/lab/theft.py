"""Steal this device: twelve texts at a level, and what a thief opens of them who takes all that Bob has at some moment.

Pure: the levels of the chat as they are, around a log in memory. The thief has the whole log, as the relay has, and
what was copied from Bob's device; each text is tried with a fresh copy of that. Level ratchet, section 7.
"""

from protocol.levels import MESSAGE, Opened, Waiting
from protocol.levels.changes import Add
from protocol.prekeys import Prekeys
from protocol.ratchet_record import SKIPPED_IN_ALL

from .attacks.attack import Accomplice

ROOM = "theft"
TEXTS = 12
BY_BOB = (3, 4, 7, 8, 11, 12)  # whose device is stolen; the others are Alice's


class Device(Accomplice):
    """What lasts of a person: keys, and what their levels keep."""

    def spare(self):
        return SKIPPED_IN_ALL

    async def keep(self, octets, used=None, skipped=0):
        if used is None:
            self.state = octets
        else:
            self.record, self.prekeys = octets, self.prekeys.without(used)

    def tell(self, sentence):
        pass

    def copy(self):
        other = Device(self.name, self.ours, self.prekeys)
        other.state, other.record = self.state, self.record
        return other


class Theft:
    """One talk at one level. hold() has it said; `stolen`: what Bob's device had after each number of texts, from 0."""

    def __init__(self, platform, level):
        self.platform = platform
        self.level = level
        self.people, self.devices = [], []  # Alice's and Bob's
        self.log = []
        self.texts = []  # (number, entry)
        self.stolen = []

    async def hold(self):
        await self.enter()
        self.steal()
        for number in range(1, TEXTS + 1):
            await self.say(number)
            self.steal()

    async def enter(self):
        if self.level.secret != "device":
            self.secret = self.platform.base64url(self.platform.random(16)).encode()
            for name in ("Alice", "Bob"):
                self.people.append(await self.level.start(self.platform, ROOM, name, self.secret))
            return
        for name in ("Alice", "Bob"):
            device = await Device.made(self.platform, name)
            person = await self.level.start(self.platform, ROOM, name, device)
            person.begins_at("log", 1)
            await person.prepare()
            self.devices.append(device)
            self.people.append(person)
        await self.meet()

    async def meet(self):
        """Alice and Bob come to have keys: what stands in the log before a word is said."""
        alice, bob = self.people[0], self.devices[1]
        if self.level.of_two:
            ring, new = await bob.prekeys.due(self.platform, 0, 0)
            bob.prekeys = ring
            await alice.wish_for(Prekeys(bob.ours.public, ring.spk[1], new[0]), "Bob")
        else:
            await self.append(await alice.control(False))
            alice.steward.wish(Add(bob.ours.public, "Bob"))
        await self.append(await alice.control(False))

    async def append(self, control):
        await self.read(self.entry(control.kind, control.body))

    def entry(self, kind, body):
        seq = len(self.log) + 1
        self.log.append({"seq": seq, "kind": kind, "id": f"id{seq}", "name": "", "at": "", "body": body})
        return self.log[-1]

    async def read(self, entry):
        for person in self.people:
            await opened(person, entry)

    async def say(self, number):
        """The number-th text, and both read it."""
        writer = self.people[number in BY_BOB]
        await writer.prepare()
        entry = self.entry(MESSAGE, await writer.seal(f"text {number}"))
        self.texts.append((number, entry))
        await self.read(entry)

    def steal(self):
        self.stolen.append(self.devices[1].copy() if self.level.secret == "device" else self.secret)

    async def readable(self, after):
        """The numbers of the texts that open for a thief who stole after so many."""
        stolen = self.stolen[after]
        if self.level.of_two:
            return await self.readable_of_two(stolen)
        thief = await self.level.start(self.platform, ROOM, "Bob", stolen)
        found = []
        for entry in self.log:
            outcome = await opened(thief, entry)
            found += [number for number, one in self.texts if one is entry and isinstance(outcome, Opened)]
        thief.close()
        return found

    async def readable_of_two(self, stolen):
        """What the record still has, and what opens: each is tried with the state as it was stolen."""
        found = []
        for number, entry in self.texts:
            thief = await self.level.start(self.platform, ROOM, "Bob", stolen.copy())
            kept = [one.text for _, _, one in thief.resumed().fresh]
            outcome = await opened(thief, entry)
            if f"text {number}" in kept or isinstance(outcome, Opened):
                found.append(number)
        return found


async def opened(reader, entry):
    """The outcome, once a key that it waits for is derived."""
    [outcome] = await reader.open([entry])
    if isinstance(outcome, Waiting) and reader.keyring.wait() == 0.0:
        reader.keyring.keep(*(await reader.keyring.derive_next()))
        [outcome] = await reader.open([entry])
    return outcome
