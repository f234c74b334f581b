"""Bodies of level ratchet <-> checked values. Its specification, 4. Pure.

Nothing here is cryptography: what comes out has the right form and is not yet believed.
"""

from hashlib import sha256

from .double_ratchet import HEADER, LABEL
from .encoding import Reader, exactly, from_base64url, is_clean_name, sized, utf8_bytes
from .envelope import GCM_TAG, SIGNATURE, foreign
from .errors import Malformed
from .identity import checked
from .identity_envelope import NAME_BYTES
from .padding import LEAST
from .x3dh import Initial

MESSAGE_PREFIX, BEGIN_PREFIX = "ratchet-1.", "ratchet-begin-1."
SESSION = 16  # bytes


def session_of(initial):
    """session(16): what names a session of the Double Ratchet, by the ephemeral key that it was begun with."""
    return sha256(LABEL + b"session" + initial.ephemeral).digest()[:SESSION]


def begin_fields(initial, name, recipient, recipient_name, lost):
    """initial || sized(name) || recipient(32) || sized(recipient's name) || lost(1). lost: whether whoever begins has
    no keys of what was begun here before."""
    named = sized(utf8_bytes(name, "name")), sized(utf8_bytes(recipient_name, "recipient_name"))
    return initial.octets + named[0] + exactly(recipient, 32, "recipient") + named[1] + bytes([lost])


def begin_bytes(room, fields, head, ciphertext):
    """What who begins signs. The room is its name as UTF-8."""
    return LABEL + b"begin" + sized(room) + fields + head + ciphertext


def write_begin(platform, fields, head, ciphertext, signature):
    return BEGIN_PREFIX + platform.base64url(fields + head + ciphertext + signature)


def write_message(platform, session, head, ciphertext):
    return MESSAGE_PREFIX + platform.base64url(session + head + ciphertext)


class Begin:
    """How a session was begun, taken apart; `fields` are the very bytes that it was read from."""

    def __init__(self, platform, data):
        reader = Reader(data)
        self.initial = Initial.read(reader)
        self.name = clean(platform, reader)
        self.recipient = checked(reader.take(32))
        self.recipient_name = clean(platform, reader)
        self.lost = reader.uint(1)
        if self.lost > 1:
            raise Malformed("begin: lost is neither yes nor no")
        self.fields = data[: reader.at]
        self.head = reader.take(HEADER)
        self.ciphertext = reader.take(GCM_TAG)  # of no text: it shows that both have the same key
        self.signature = reader.take(SIGNATURE)
        if reader.at < len(data):
            raise Malformed("begin: too long")
        if self.recipient == self.initial.identity or self.recipient_name == self.name:
            raise Malformed("begin: with oneself")
        self.session = session_of(self.initial)


def clean(platform, reader):
    name = platform.utf8(reader.sized(NAME_BYTES))
    if name is None or not is_clean_name(platform, name):
        raise Malformed("begin: not a clean name")
    return name


class Message:
    """session(16) || head(40) || ciphertext."""

    def __init__(self, data):
        reader = Reader(data)
        self.session, self.head = reader.take(SESSION), reader.take(HEADER)
        self.ciphertext = data[reader.at :]
        if len(self.ciphertext) < LEAST + GCM_TAG:
            raise Malformed("ciphertext: shorter than the least padding")


MEANINGS = {
    "session": "which session of the two: the first bytes of a hash of the key it was begun with",
    "dh": "an X25519 key of the sender, new with each answer",
    "pn": "messages in the sender's chain before this one",
    "n": "messages before this one in its chain",
    "ct": "the text, padded and encrypted, and the tag(16)",
}


def message_parts(platform, body, prefix=MESSAGE_PREFIX):
    """[(field, bytes)] in their order."""
    reader = Reader(octets_of(platform, body, prefix))
    parts = [(field, reader.take(size)) for field, size in (("session", SESSION), ("dh", 32), ("pn", 4), ("n", 4))]
    return parts + [("ct", reader.data[reader.at :])]


def octets_of(platform, body, prefix):
    """Raises NotEncrypted, OtherLevel or Malformed."""
    if not body.startswith(prefix):
        raise foreign(body)
    return from_base64url(platform, body[len(prefix) :], "body")


def read_begin(platform, body):
    """Raises NotEncrypted, OtherLevel, Malformed or BadIdentity."""
    return Begin(platform, octets_of(platform, body, BEGIN_PREFIX))


def read_message(platform, body):
    """Raises NotEncrypted, OtherLevel or Malformed."""
    return Message(octets_of(platform, body, MESSAGE_PREFIX))
