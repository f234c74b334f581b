"""Prekeys in the directory: as our device signs them, and what the relay gives of others. ratchet.md, 2. Pure."""

from .double_ratchet import LABEL
from .encoding import Reader, exactly, from_base64url, sized, uint, utf8_bytes
from .envelope import SIGNATURE
from .errors import BadInput, Refusal
from .identity import verified_all
from .ratchet_errors import BadPrekeys

UPLOAD, TAKEN = "prekeys-1.", "prekey-1."
ONE_TIME = 100  # one-time prekeys of a name, at most


def prekey_bytes(spk):
    """What the identity signs of its signed prekey."""
    return LABEL + b"prekey" + exactly(spk, 32, "spk")


async def upload(platform, ours, name, number, spk, one_time):
    """What `publish-prekeys` takes. name: clean, as people see it; number: higher than that of the last one."""
    if len(one_time) > ONE_TIME:
        raise BadInput("one_time: too many")
    signature = await platform.ed25519_sign(ours.signing, prekey_bytes(spk))
    fields = ours.public + sized(utf8_bytes(name, "name")) + uint(number, 4, "number") + spk + signature
    fields += uint(len(one_time), 1, "count") + b"".join([exactly(opk, 32, "opk") for opk in one_time])
    return UPLOAD + platform.base64url(fields + await platform.ed25519_sign(ours.signing, LABEL + b"upload" + fields))


class Prekeys:
    """identity(32), spk(32) and opk(32), None where there was none."""

    def __init__(self, identity, spk, opk):
        self.identity = identity
        self.spk = spk
        self.opk = opk


async def read_taken(platform, text, identity):
    """The Prekeys of a `prekeys-taken`, whose identity is known. Raises BadPrekeys."""
    try:
        if not text.startswith(TAKEN):
            raise BadPrekeys()
        reader = Reader(from_base64url(platform, text[len(TAKEN) :], "prekeys"))
        found, spk, signature = reader.take(32), reader.take(32), reader.take(SIGNATURE)
        opk = reader.take(32) if reader.at < len(reader.data) else None
    except Refusal:
        raise BadPrekeys()
    is_right = all(await verified_all(platform, [(found, signature, prekey_bytes(spk))]))
    if found != identity or reader.at < len(reader.data) or not is_right:
        raise BadPrekeys()
    return Prekeys(found, spk, opk)
