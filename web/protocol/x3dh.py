"""X3DH: Signal's specification, revision 1, section 3, by its names. Parameters: ratchet.md, 2. Pure.

An identity is its Ed25519 key, which signs the prekeys; the DH is done with the X25519 key of the same seed. AD names
both identities, and whatever the caller binds the conversation to besides.
"""

from .double_ratchet import LABEL, dh, generate_dh
from .encoding import exactly, sized
from .errors import Malformed
from .hkdf import hkdf
from .identity import checked, x25519_of
from .ratchet_errors import BadPrekeys, DoesNotOpen

F = b"\xff" * 32  # section 2.2: no X25519 key begins so


def kdf(secrets):
    """KDF(DH1 || DH2 ...), section 2.2: SK(32)."""
    return hkdf(F + b"".join(secrets), bytes(32), LABEL + b"x3dh")


def associated_data(initiator, responder, room):
    """AD(64 + sized), section 3.3: Encode(IKA) || Encode(IKB) || sized(room). The room is its name as UTF-8."""
    return exactly(initiator, 32, "initiator") + exactly(responder, 32, "responder") + sized(room)


class Initial:
    """What stands before an initial message: identity(32) || ephemeral(32) || spk(32) || count(1) || opk(32) ...,
    where count is 1, or 0 if there was no one-time prekey. opk is then None."""

    def __init__(self, identity, ephemeral, spk, opk):
        self.identity = identity
        self.ephemeral = ephemeral
        self.spk = spk
        self.opk = opk
        self.octets = identity + ephemeral + spk + bytes([opk is not None]) + (opk or b"")

    @classmethod
    def read(cls, reader):
        """Raises Malformed or BadIdentity."""
        identity, ephemeral, spk = checked(reader.take(32)), reader.take(32), reader.take(32)
        count = reader.uint(1)
        if count > 1:
            raise Malformed("initial: more than one one-time prekey")
        return cls(identity, ephemeral, spk, reader.take(32) if count else None)


async def initiate(platform, ours, prekeys):
    """(SK, Initial), section 3.3. prekeys: identity, spk and opk (or None), whose signature was verified. Raises
    BadPrekeys for a key that makes no secret."""
    ephemeral = await generate_dh(platform)
    secrets = [
        await platform.x25519(ours.x25519_private, prekeys.spk),
        await dh(platform, ephemeral, x25519_of(prekeys.identity)),
        await dh(platform, ephemeral, prekeys.spk),
    ]
    if prekeys.opk is not None:
        secrets.append(await dh(platform, ephemeral, prekeys.opk))
    if None in secrets:
        raise BadPrekeys()
    return kdf(secrets), Initial(ours.public, ephemeral[1], prekeys.spk, prekeys.opk)


async def respond(platform, ours, initial, spk, opk):
    """SK, section 3.4. spk, opk: the pairs that the Initial names, opk None if it names none. Raises DoesNotOpen."""
    secrets = [
        await dh(platform, spk, x25519_of(initial.identity)),
        await platform.x25519(ours.x25519_private, initial.ephemeral),
        await dh(platform, spk, initial.ephemeral),
    ]
    if opk is not None:
        secrets.append(await dh(platform, opk, initial.ephemeral))
    if None in secrets:
        raise DoesNotOpen()
    return kdf(secrets)
