"""How a session comes in: with a passphrase, or with the keys of this device and what is kept of the room. The page."""

from device.keeper import Keeper
from protocol.errors import Problem
from protocol.store_errors import NotKept


class Entrance:
    """As levels/membership.py asks for it. profile: a Profile of device.py; state: what was kept of the room, or None;
    inviter: an identity, or None; tell(sentence): what could not be stored."""

    def __init__(self, profile, address, state, inviter, tell):
        self.profile = profile
        self.name = profile.name
        self.ours = profile.ours
        self.trust = profile.trust
        self.address = address
        self.state = state
        self.inviter = inviter
        self.tell = tell

    async def keep(self, octets):
        try:
            await self.profile.keep_room_state(self.address, octets)
        except NotKept as failure:
            self.tell(failure.for_people)

    def close(self):
        self.profile.close()


async def entrance(device, wish, tell):
    """Of a wish at a level with keys on the device. Raises Problem."""
    profile, address = await device.enter(wish.name), wish.address()
    try:
        return Entrance(profile, address, await profile.room_state(address), wish.inviter, tell)
    except NotKept as failure:
        profile.close()
        raise Problem("name", failure.code, failure.for_people)


async def kept_of(platform, device, wish, tell):
    """(Keeper, Kept, draft) of the room of a wish, where this device keeps messages; else (None, None, "")."""
    if not device.lasts or not device.history.on or device.locking.locked:
        return None, None, ""
    keeper = Keeper(platform, device.history, wish.name, wish.address(), tell)
    return (keeper,) + await keeper.load()
