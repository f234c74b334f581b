"""What this person has on this device: keys by name, and what was learned with them. Outlives the page. The page.

Specification, level identity, section 7.1. One tab at a time has a name.
"""

from browser import clock, locks
from browser import store as browser_store
from protocol.encoding import Reader, sized, uint, utf8_bytes
from protocol.errors import Problem, Refusal
from protocol.memory import Memory
from protocol.records import Damaged, Records, id_of
from protocol.trust import Trust

DATABASE, STORES = "secure-chat", ["profile", "keys", "history"]
LOCK = "secure-chat "  # the names of our locks begin so
FORM = 1  # of the record of a name
NOT_KEPT = " So your keys last as long as this page: to the others you are a new device each time."
OTHER_TAB = (
    "Another tab of this browser is here under this name, and one tab at a time can be. Close that one, or take "
    "another name."
)
ERASED = "What was kept under this name has been erased. Leave its rooms first."


class Device:
    """`problem` is a sentence, if nothing lasts here. tell(sentence): what was learned could not be stored."""

    def __init__(self, platform, tell=None):
        self.platform = platform
        self.tell = tell or (lambda sentence: None)
        self.problem = ""
        self.failure = None  # why no name can be entered
        self.records = None
        self.names_key = None
        self.profiles = {}  # name -> Profile in use
        self.turn = LOCK + "page " + platform.random(16).hex()

    async def start(self):
        """Opens the store; a profile's first page makes its keys."""
        turn = await locks.wait(LOCK + "start")
        try:
            await self.open()
        except browser_store.StoreFailed as failure:
            self.failure = failure
        except Damaged as damaged:
            self.failure = damaged
        turn()

    async def open(self):
        store, key = await self.opened_store()
        self.records = Records(self.platform, store, key)
        self.names_key = await self.records.get("names")
        if self.names_key is None:
            if await store.keys("keys"):
                raise Damaged()
            self.names_key = self.platform.random(32)
            await self.records.put("names", self.names_key)

    async def opened_store(self):
        """(store, key of the profile)."""
        try:
            store = await browser_store.opened(DATABASE, STORES)
        except browser_store.StoreFailed as failure:
            if failure.code != "no-store":
                raise
            self.problem = failure.for_people + NOT_KEPT
            store = Memory()
        key = await store.get("profile", "key")
        if key is None:
            if await store.keys("keys"):
                raise Damaged()
            await store.put_all([("profile", "key", await self.platform.profile_key())])
            # As it lasts: a browser that stores no such keys shows it here.
            key = await store.get("profile", "key")
            if key is None:
                raise Damaged()
        return store, key

    async def enter(self, name):
        """The Profile of a clean name, for one room: it calls close() when it is left. Raises Problem."""
        turn = await locks.wait(self.turn)
        try:
            profile = self.profiles.get(name)
            if profile is None:
                profile = self.profiles[name] = await self.loaded(name)
            elif profile.erased:
                raise Problem("name", "erased", ERASED)
            profile.rooms += 1
            return profile
        except (browser_store.StoreFailed, Damaged) as failure:
            raise Problem("name", failure.code, failure.for_people)
        finally:
            turn()

    async def loaded(self, name):
        if self.failure:
            raise self.failure
        release = await locks.hold(LOCK + "name " + name)
        if release is None:
            raise Problem("name", "other-tab", OTHER_TAB)
        profile = Profile(self, name, release)
        try:
            await profile.load()
        except Exception:
            release()
            raise
        return profile


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
        self.unsaved = self.saving = self.erased = False

    async def load(self):
        about = await self.records.get(self.place)
        if about is None:
            if await self.records.store.keys("keys", self.place):
                raise Damaged()
            await self.make(1, 0, [await self.records.sealed(self.place + ".trust", Trust([], None).octets())])
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
            raise Damaged()

    def key_of(self, generation):
        return f"{self.place}.{generation}"

    def about(self, generation, former):
        """form(1) || generation(4) || former(4) || name."""
        numbers = uint(generation, 4, "generation") + uint(former, 4, "former")
        return bytes([FORM]) + numbers + utf8_bytes(self.name, "name")

    def read(self, about):
        """(generation, former)."""
        reader = Reader(about)
        try:
            form, generation, former = reader.uint(1), reader.uint(4), reader.uint(4)
        except Refusal:
            raise Damaged()
        if form != FORM or about[reader.at :] != self.name.encode("utf-8"):
            raise Damaged()
        return generation, former

    async def make(self, generation, former, records):
        """A new identity takes the place of the one there was; `records` are put with it."""
        records = records + await self.records.wrapped(self.key_of(generation), self.device.platform.random(32))
        records.append(await self.records.sealed(self.place, self.about(generation, former)))
        await self.records.store.put_all(records)
        # As it will be on the next visit: what could not be read then shows now.
        self.ours = await self.records.unwrapped(self.key_of(generation))
        self.generation, self.former_generation = generation, former

    async def replace(self):
        """(old, new): a new identity, as on a new device. The old one, which signs the change, is kept as `former`."""
        before = self.generation
        former, old = (self.former_generation, self.former) if self.former else (before, self.ours)
        await self.make(before + 1, former, [])
        self.former = old
        if former != before:  # nobody has seen that one
            await self.records.store.delete("keys", self.key_of(before) + ".")
        return old, self.ours

    async def handed_over(self):
        """The directory has the change: the former identity is needed no more."""
        former, self.former, self.former_generation = self.former_generation, None, 0
        await self.records.put(self.place, self.about(self.generation, 0))
        await self.records.store.delete("keys", self.key_of(former) + ".")

    # ------------------------------------------------------------------------------------------ what was learned

    def room_key(self, address):
        return f"{self.place}.room.{id_of(self.device.platform, self.device.names_key, self.name, address)}"

    async def room_state(self, address):
        """What was kept of a room, as bytes, or None. Raises Damaged or StoreFailed."""
        data = await self.records.get(self.room_key(address))
        if data is None:
            return None
        return data[len(sized(utf8_bytes(address, "address"))) :]

    async def keep_room_state(self, address, octets):
        """To be awaited before the next. Raises StoreFailed: then what was there before still is."""
        if not self.erased:
            await self.records.put(self.room_key(address), sized(utf8_bytes(address, "address")) + octets)

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
                await self.records.put(self.place + ".trust", self.trust.octets())
        except browser_store.StoreFailed as failure:
            self.device.tell(failure.for_people)
        self.saving = False
        self.let_go()

    # ------------------------------------------------------------------------------------------ the end

    def close(self):
        """A room that used it was left."""
        self.rooms -= 1
        self.let_go()

    def let_go(self):
        """With the last room, and once all is stored, another tab may have the name."""
        if not self.rooms and not self.saving and self.release:
            self.device.profiles.pop(self.name)
            self.release()
            self.release = None

    async def erase(self):
        """Deletes all that is kept under this name. The keys in hand go with its rooms."""
        self.erased = True
        await self.records.store.delete("keys", self.place)
