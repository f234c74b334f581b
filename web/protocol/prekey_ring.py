"""The private prekeys of a name on its device: made, renewed, refilled, used up. Level ratchet, section 2. Pure.

A ring is never changed: each call that would change it gives another, which counts once it is stored.
"""

from .double_ratchet import generate_dh
from .encoding import Reader, uint
from .errors import Malformed
from .prekeys import ONE_TIME

FORM = 1
PAIR = 64  # bytes: private(32) || public(32)
RENEWED = 7 * 86_400  # seconds: how old the signed prekey becomes; the one before it is kept as long again
REFILLED = ONE_TIME // 2  # fewer left at the relay are filled up
KEPT = 2 * ONE_TIME  # private one-time prekeys; of more the oldest go


class PrekeyRing:
    """number: of the last upload; made: when spk was made, seconds since 1970; spk, former: (private, public), former
    None at first; one_time: [(private, public)], the oldest first."""

    def __init__(self, number, made, spk, former, one_time):
        self.number = number
        self.made = made
        self.spk = spk
        self.former = former
        self.one_time = one_time

    @classmethod
    async def fresh(cls, platform):
        return cls(0, platform.time(), await generate_dh(platform), None, [])

    def pair(self, public):
        """(private, public), or None if it is not here, or no more."""
        for pair in [self.spk, self.former] + self.one_time:
            if pair and pair[1] == public:
                return pair
        return None

    def without(self, used):
        """The same but for these one-time prekeys, given by their public keys."""
        left = [pair for pair in self.one_time if pair[1] not in used]
        return PrekeyRing(self.number, self.made, self.spk, self.former, left)

    async def due(self, platform, number, left):
        """(ring, [public keys of new one-time prekeys]) for an upload, or (self, None) if the relay needs none. number,
        left: of the last upload that the relay has, and how many of its one-time prekeys were not taken yet."""
        is_old = platform.time() - self.made >= RENEWED or platform.time() < self.made
        missing = ONE_TIME - left if left < REFILLED else 0
        if not is_old and not missing and number == self.number:
            return self, None
        made, spk, former = self.made, self.spk, self.former
        if is_old:
            made, spk, former = platform.time(), await generate_dh(platform), self.spk
        new = []
        for _ in range(missing):
            new.append(await generate_dh(platform))
        ring = PrekeyRing(max(number, self.number) + 1, made, spk, former, (self.one_time + new)[-KEPT:])
        return ring, [public for _, public in new]

    def octets(self):
        """form(1) || number(4) || made(8) || spk(64) || count(1) || former(64), if count is 1 || count(2) || pairs."""
        data = bytes([FORM]) + uint(self.number, 4, "number") + uint(self.made, 8, "made") + joined(self.spk)
        data += bytes([self.former is not None]) + (joined(self.former) if self.former else b"")
        return data + uint(len(self.one_time), 2, "count") + b"".join([joined(pair) for pair in self.one_time])

    @classmethod
    def read(cls, octets):
        """From octets(). Raises Malformed."""
        reader = Reader(octets)
        if reader.uint(1) != FORM:
            raise Malformed("prekeys: of another form")
        number, made, spk = reader.uint(4), reader.uint(8), taken(reader)
        counted = reader.uint(1)
        if counted > 1:
            raise Malformed("prekeys: more than one former prekey")
        former = taken(reader) if counted else None
        one_time = [taken(reader) for _ in range(reader.uint(2))]
        if reader.at < len(octets):
            raise Malformed("prekeys: too long")
        return cls(number, made, spk, former, one_time)


def joined(pair):
    return pair[0] + pair[1]


def taken(reader):
    return reader.take(32), reader.take(32)
