"""What level ratchet keeps on this device: a record for each room, and the private prekeys of a name. The page.

Specification, level ratchet, section 6. Neither is in the file that takes a device along: two devices that go on from
one record would use the same keys.
"""

from browser import locks
from device.entrance import Entrance
from device.profile import room_key
from protocol.errors import Problem, Refusal
from protocol.keeping import read_state, write_state
from protocol.levels.ratchet import Ratchet
from protocol.prekey_ring import PrekeyRing
from protocol.ratchet_record import SKIPPED_IN_ALL, Record
from protocol.store_errors import NotKept


def ring_key(place):
    """Where the prekeys of a name lie, beside what else there is of it."""
    return place + ".prekeys"


class Prekeys:
    """Those of a Profile, and what its rooms of the level share besides."""

    def __init__(self, profile):
        self.profile = profile
        self.platform = profile.device.platform
        self.ring = None
        self.looked_after = False  # the page sees to it that the relay has some
        self.skipped = {}  # where a room's record lies -> how many keys it has of messages that have not come

    async def load(self):
        """Reads them; a name's first room of the level makes some. Raises NotKept."""
        await self.count_skipped()
        octets = await self.profile.records.get(ring_key(self.profile.place))
        try:
            self.ring = PrekeyRing.read(octets) if octets else None
        except Refusal:
            raise NotKept("store-damaged")
        if self.ring is None:
            await self.store(await PrekeyRing.fresh(self.platform), [])

    async def count_skipped(self):
        """Over all rooms of the level. One that is damaged counts when it is entered, which says so."""
        records, platform = self.profile.records, self.platform
        for key in await records.store.keys("keys", self.profile.place + ".room."):
            try:
                address, state = read_state(platform, await records.get(key))
                if address.startswith(Ratchet.id + "/"):
                    self.skipped[key] = Record.read_octets(state).skipped()
            except (NotKept, Refusal):
                pass

    def pair(self, public):
        return self.ring.pair(public)

    async def store(self, ring, records):
        """Stores a ring, with `records` beside it, all or none. Raises NotKept."""
        profile = self.profile
        sealed = await profile.records.sealed(ring_key(profile.place), ring.octets())
        await profile.records.store.put_all(records + [sealed])
        self.ring = ring

    async def due(self, number, left):
        """(number, spk, [new one-time prekeys]) to be published, once their private keys are stored; None if the relay
        needs none. number, left: as PrekeyRing.due() has them. Raises NotKept."""
        return await self.profile.stored(self.profile.device.in_turn, self.renewed, number, left)

    async def renewed(self, number, left):
        ring, new = await self.ring.due(self.platform, number, left)
        if new is None:
            return None
        await self.store(ring, [])
        return ring.number, ring.spk[1], new

    async def used(self, used, records):
        await self.store(self.ring.without(used), records)


class RatchetEntrance(Entrance):
    """As levels/ratchet.py asks for it. record: octets that were kept of the room, or None."""

    def __init__(self, profile, address, record, inviter, tell):
        super().__init__(profile, address, record, inviter, tell)
        self.prekeys = profile.prekeys
        self.record = record
        self.key = room_key(profile.device, profile.place, self.name, address)
        self.closed = False

    def spare(self):
        skipped = self.prekeys.skipped
        return max(0, SKIPPED_IN_ALL - sum([skipped[key] for key in skipped if key != self.key]))

    async def turn(self):
        """One change of this page after the other. Another tab has none of them to make: it cannot have the name."""
        return await locks.wait(self.profile.device.writing)

    async def keep(self, octets, used, skipped):
        """In one transaction, while it is our turn. Raises NotKept, and then nothing is stored."""
        if self.closed:  # whoever enters the room again reads the record in its turn, and goes on from that
            raise NotKept("store-closed")
        await self.profile.stored(self.put, octets, used, skipped)

    async def put(self, octets, used, skipped):
        profile = self.profile
        record = await profile.records.sealed(self.key, write_state(self.address, octets))
        if used:
            await self.prekeys.used(used, [record])
        else:
            await profile.records.store.put_all([record])
        self.prekeys.skipped[self.key] = skipped

    def close(self):
        self.closed = True
        super().close()


async def ratchet_entrance(device, wish, tell):
    """Of a wish at level ratchet. Raises Problem."""
    profile, address = await device.enter(wish.name), wish.address()
    try:
        if profile.prekeys is None:
            prekeys = Prekeys(profile)
            await device.in_turn(prekeys.load)
            profile.prekeys = profile.prekeys or prekeys
        record = await device.in_turn(profile.room_state, address)
        if record:
            Record.read_octets(record)
        return RatchetEntrance(profile, address, record, wish.inviter, tell)
    except NotKept as failure:
        profile.close()
        raise Problem("name", failure.code, failure.for_people)
    except Refusal:
        profile.close()
        failure = NotKept("store-damaged")
        raise Problem("name", failure.code, failure.for_people)
