"""How a session of a level with keys on the device comes in: our own keys, and what is kept of the room. The page."""


class Entrance:
    """As levels/membership.py asks for it. profile: a Profile of device.py. inviter: an identity, or None."""

    def __init__(self, profile, address, state, inviter):
        self.profile = profile
        self.name = profile.name
        self.ours = profile.ours
        self.trust = profile.trust
        self.address = address
        self.state = state
        self.inviter = inviter

    async def keep(self, octets):
        await self.profile.keep_room_state(self.address, octets)

    def close(self):
        self.profile.close()
