"""Device identities: one seed, a key to sign, a key to be encrypted to, and the numbers by which people compare them.

Specification, level identity, sections 2 and 3. Pure: the private keys are handles that only the platform looks into.
"""

from .digits import groups
from .encoding import canonical_signature, exactly, sized
from .identity_errors import BadIdentity

LABEL = b"secure-chat identity 1 "
P = 2**255 - 19  # the prime of Curve25519: RFC 7748, section 4.1
HIGHEST_BIT = 2**255  # of 32 bytes, little-endian: in an Ed25519 key the sign of x, which X25519 has not


def from_little_endian(octets):
    return int.from_bytes(bytes(reversed(octets)), "big")


def little_endian(number):
    return bytes(reversed(number.to_bytes(32, "big")))


# The y of Ed25519's points of small order, with either sign: signatures verify under them that nobody made.
ORDER_8 = (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)
SMALL_ORDER = [0, 1, P - 1] + [from_little_endian(bytes.fromhex(y)) for y in ORDER_8]


def inverse(number):
    """1 / number mod P, and 0 of 0. By Fermat: MicroPython's pow() takes no negative exponent."""
    return pow(number % P, P - 2, P)


def x25519_of(identity):
    """The X25519 public key(32) of an identity(32): u = (1 + y) / (1 - y) (RFC 7748, section 4.1)."""
    y = from_little_endian(identity) % HIGHEST_BIT
    return little_endian((1 + y) * inverse(1 - y) % P)


def edwards_y(public):
    """The other way, which loses the sign of x: y = (u - 1) / (u + 1), as 32 bytes with the highest bit 0."""
    u = from_little_endian(public)
    return little_endian((u - 1) * inverse(u + 1) % P)


def checked(identity):
    """`identity`(32), if its y is in its one form and not of small order. Raises BadIdentity.

    Whether it is on the curve shows when a signature verifies: under one that is not, none does.
    """
    y = from_little_endian(exactly(identity, 32, "identity")) % HIGHEST_BIT
    if y >= P or y in SMALL_ORDER:
        raise BadIdentity()
    return identity


async def verified_all(platform, signed):
    """For each (Ed25519 public key(32), signature, message), whether the signature is right and in its one form."""
    valid = await platform.ed25519_verify_all(signed)
    return [right and canonical_signature(one[1]) for right, one in zip(valid, signed)]


class OurIdentity:
    """Our own. Others know us by `public` and encrypt to `x25519_public`; both private keys are handles."""

    def __init__(self, public, signing, x25519_public, x25519_private):
        self.public = public
        self.signing = signing
        self.x25519_public = x25519_public
        self.x25519_private = x25519_private

    @classmethod
    async def from_seed(cls, platform, seed):
        """The identity of seed(32), which need not be kept after this."""
        signing = await platform.ed25519_import(exactly(seed, 32, "seed"))
        # What the signing key computes with (RFC 8032, section 5.1.5). X25519 clamps it likewise (RFC 7748, section 5).
        x25519_private = await platform.x25519_import((await platform.sha512(seed))[:32])
        return await cls.from_keys(platform, signing, x25519_private)

    @classmethod
    async def from_keys(cls, platform, signing, x25519_private):
        """The identity of two private handles of one seed. ValueError if they are not of one."""
        x25519_public = await platform.x25519_public(x25519_private)
        public = await public_of(platform, signing, x25519_public)
        return cls(public, signing, x25519_public, x25519_private)


async def public_of(platform, signing, x25519_public):
    """The identity(32) of a signing key that cannot be exported: that of its X25519 key, but for the sign of x.

    Which sign it is, a signature tells; and that both keys are of one seed.
    """
    y = edwards_y(x25519_public)
    halves = [y, y[:31] + bytes([y[31] | 0x80])]
    message = LABEL + b"halves"
    signature = await platform.ed25519_sign(signing, message)
    valid = await verified_all(platform, [(half, signature, message) for half in halves])
    return halves[valid.index(True)]


# Numbers to compare: 60 digits, as twelve groups of five


async def fingerprint(platform, identity):
    """The digits of one identity."""
    return groups(await platform.sha512(LABEL + b"fingerprint" + checked(identity)))


async def safety_number(platform, one, other):
    """Of two identities, the same on both sides."""
    lesser, greater = sorted([checked(one), checked(other)])
    return groups(await platform.sha512(LABEL + b"safety number" + lesser + greater))


async def room_number(platform, room, members):
    """Of a room (its name as UTF-8) and the members of its list, as they stand there."""
    return groups(await platform.sha512(LABEL + b"room number" + sized(room) + members))
