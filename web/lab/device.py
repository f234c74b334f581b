"""The device of a page of the lab: keys by name, in memory only, so that a page loaded anew is another device."""

from lab.levels import LabIdentity
from protocol.identity import OurIdentity
from protocol.trust import Trust


class MemoryDevice:
    """As device/device.py in the folder above, without a store."""

    lasts = False
    scope = LabIdentity.scope

    def __init__(self, platform):
        self.platform = platform
        self.profiles = {}
        self.kept = lambda address, octets: None  # called with what is kept of a room

    async def start(self):
        pass

    def active(self):
        pass

    async def enter(self, name):
        """The profile of a clean name, made when it is first asked for."""
        if name not in self.profiles:
            await self.be(name, self.platform.random(32))
        return self.profiles[name]

    async def be(self, name, seed):
        """From now on the name is that of this seed."""
        ours = await OurIdentity.from_seed(self.platform, seed)
        self.profiles[name] = MemoryProfile(name, ours, self.kept)


class MemoryProfile:
    def __init__(self, name, ours, kept):
        self.name = name
        self.ours = ours
        self.kept = kept
        self.former = None
        self.trust = Trust([], lambda: None)
        self.rooms = {}

    async def room_state(self, address):
        return self.rooms.get(address)

    async def keep_room_state(self, address, octets):
        self.rooms[address] = octets
        self.kept(address, octets)

    def close(self):
        pass
