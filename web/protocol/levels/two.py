"""The two of a room at level ratchet, for what shows people and their keys: as Membership has the members. Pure."""

from ..identity_envelope import Member


class Two:
    """ours: an OurIdentity; pair and names: as Record has them."""

    def __init__(self, ours, pair, names):
        self.ours = ours
        self.listed = [Member(identity, name) for identity, name in zip(pair, names)]

    def members(self):
        return self.listed

    def member(self, identity):
        """Who has this identity, or None."""
        for one in self.listed:
            if one.identity == identity:
                return one
        return None

    def us(self):
        return self.member(self.ours.public)

    def other(self):
        """The other of the two, or None: if there is nobody yet, or if we are none of them."""
        others = [one for one in self.listed if one.identity != self.ours.public]
        return others[0] if self.us() else None

    def is_admin(self):
        return False
