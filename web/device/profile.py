"""A name on this device: its identity, and what was learned with it. Outlives the page. Beside device.py.

Specification, level identity, section 7.1.
"""

from browser import clock
from protocol.errors import Refusal
from protocol.keeping import read_name, read_state, write_name, write_state
from protocol.records import id_of
from protocol.store_errors import NotKept
from protocol.trust import Trust


def room_key(device, place, name, address):
    """Where the state of a room lies, beside what else there is of a name at `place`. Raises NotKept."""
    device.usable()
    return f"{place}.room.{id_of(device.platform, device.names_key, name, address)}"


class Profile:
    """A name on this device. `former` is the identity before a replacement, until that was handed over; else None."""

    def __init__(self, device, name, release):
        self.device = device
        self.records = device.records
        self.name = name
        self.release = release
        self.place = id_of(device.platform, device.names_key, name)
        self.rooms = 0
        self.generation = self.former_generation = 0
        self.ours = self.former = self.trust = None
        self.prekeys = None  # of level ratchet, once a room of it was entered: ratchet.py
        self.unsaved = self.saving = self.erased = False
        self.writes = 0  # under way, before whose end nobody else may have the name

    async def load(self):
        about = await self.records.get(self.place)
        if about is None:
            if await self.records.store.keys("keys", self.place):
                raise NotKept("store-damaged")
            pins = await self.records.sealed(self.place + ".trust", Trust([], None).octets())
            await self.device.in_turn(self.make, 1, 0, [pins])
        else:
            self.generation, self.former_generation = self.read(about)
            self.ours = await self.records.unwrapped(self.key_of(self.generation))
            if self.former_generation:
                self.former = await self.records.unwrapped(self.key_of(self.former_generation))
        await self.load_trust()

    async def load_trust(self):
        pins = await self.records.get(self.place + ".trust")
        try:
            # Without any, everybody's key would be a first contact again.
            self.trust = Trust.read(self.device.platform, pins or b"", self.trust_changed)
        except Refusal:
            raise NotKept("store-damaged")

    async def put(self, key, data):
        await self.device.in_turn(self.records.put, key, data)

    def key_of(self, generation):
        return f"{self.place}.{generation}"

    def read(self, about):
        """(generation, former)."""
        try:
            name, generation, former = read_name(self.device.platform, about)
        except Refusal:
            name = None
        if name != self.name:
            raise NotKept("store-damaged")
        return generation, former

    async def make(self, generation, former, records):
        """A new identity takes the place of the one there was; `records` are put with it."""
        records = records + await self.records.wrapped(self.key_of(generation), self.device.platform.random(32))
        records.append(await self.records.sealed(self.place, write_name(self.name, generation, former)))
        await self.records.store.put_all(records)
        # As it will be on the next visit: what could not be read then shows now.
        self.ours = await self.records.unwrapped(self.key_of(generation))
        self.generation, self.former_generation = generation, former

    async def replace(self):
        """(old, new): a new identity, as on a new device. The old one, which signs the change, is kept as `former`."""
        before = self.generation
        former, old = (self.former_generation, self.former) if self.former else (before, self.ours)
        await self.device.in_turn(self.make, before + 1, former, [])
        self.former = old
        if former != before:  # nobody has seen that one
            await self.records.store.delete("keys", self.key_of(before) + ".")
        return old, self.ours

    async def handed_over(self):
        """The directory has the change: the former identity is needed no more."""
        former, self.former, self.former_generation = self.former_generation, None, 0
        await self.put(self.place, write_name(self.name, self.generation, 0))
        await self.records.store.delete("keys", self.key_of(former) + ".")

    # ------------------------------------------------------------------------------------------ what was learned

    async def room_state(self, address):
        """What was kept of a room, as bytes, or None. Raises NotKept."""
        data = await self.records.get(room_key(self.device, self.place, self.name, address))
        try:
            return None if data is None else read_state(self.device.platform, data)[1]
        except Refusal:
            raise NotKept("store-damaged")

    async def keep_room_state(self, address, octets):
        """To be awaited before the next. Raises NotKept: then what was there before still is."""
        if not self.erased:
            await self.put(room_key(self.device, self.place, self.name, address), write_state(address, octets))

    async def stored(self, work, *arguments):
        """What async work(*arguments) gives, which writes. Raises NotKept, also once the name was let go."""
        if self.erased or not self.release:
            raise NotKept("store-closed")
        self.writes += 1
        try:
            return await work(*arguments)
        finally:
            self.writes -= 1
            self.let_go()

    def trust_changed(self):
        self.unsaved = True
        if not self.saving:
            self.saving = True
            clock.after(0, self.save)

    async def save(self):
        """Stores the pins, again while they change meanwhile."""
        try:
            while self.unsaved and not self.erased:
                self.unsaved = False
                await self.put(self.place + ".trust", self.trust.octets())
        except NotKept as failure:
            self.device.tell(failure.for_people)
        self.saving = False
        self.let_go()

    # ------------------------------------------------------------------------------------------ the end

    def close(self):
        """A room that used it was left."""
        self.rooms -= 1
        self.let_go()

    def end(self):
        """All its rooms were left."""
        self.rooms = 0
        self.let_go()

    def let_go(self):
        """With the last room, and once all is stored, another tab may have the name."""
        if not self.rooms and not self.saving and not self.writes and self.release:
            self.device.profiles.pop(self.name)
            self.release()
            self.release = None

    async def erase(self):
        """Deletes all that is kept under this name, of its rooms too. The keys in hand go when these are left."""
        self.erased = True
        for store in ("keys", "history"):
            await self.device.in_turn(self.records.store.delete, store, self.place)
