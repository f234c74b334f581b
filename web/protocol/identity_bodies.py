"""Bodies of messages and of shared keys at level identity <-> checked values. Its specification, 5.7 and 6. Pure.

Nothing here is cryptography: what comes out has the right form and is not yet believed.
"""

from .encoding import Reader, exactly, from_base64url, uint
from .envelope import GCM_TAG, SIGNATURE, foreign
from .errors import BadInput, Malformed
from .identity import checked
from .padding import LEAST

MESSAGE_PREFIX, HISTORY_PREFIX = "identity-1.", "identity-history-1."
SHARED = 1_000  # former keys in one entry, at most
SEALED_KEYS = 48  # bytes: enc(32) and tag(16), beside the keys themselves

# The fields before the ciphertext, in the order of section 6, with their bytes.
FIELDS = (
    ("sender", 32),
    ("session", 16),
    ("epoch", 8),
    ("list_hash", 32),
    ("counter", 4),
    ("anchor_seq", 8),
    ("anchor_hash", 32),
)
MEANINGS = {
    "sender": "the Ed25519 key of the device that wrote it",
    "session": "random, new at each Join; makes the key",
    "epoch": "which of the room's keys",
    "list_hash": "SHA-256 of the list of members that the sender had",
    "counter": "texts that the session sealed before; makes the nonce",
    "anchor_seq": "the newest entry that the sender had been shown",
    "anchor_hash": "SHA-256 of that entry's body",
    "ct": "the text, padded and encrypted, and the tag(16)",
    "sig": "Ed25519 over level, room and all fields before it",
}


def message_fields(sender, session, epoch, list_hash, counter, anchor):
    """The fields of a header as they stand in the body; anchor: (seq, hash)."""
    return (
        exactly(sender, 32, "sender")
        + exactly(session, 16, "session")
        + uint(epoch, 8, "epoch")
        + exactly(list_hash, 32, "list_hash")
        + uint(counter, 4, "counter")
        + uint(anchor[0], 8, "anchor_seq")
        + exactly(anchor[1], 32, "anchor_hash")
    )


class MessageBody:
    """A message, taken apart; `fields` and `ciphertext` are the very bytes carried."""

    def __init__(self, data):
        reader = Reader(data[:-SIGNATURE])
        self.sender = checked(reader.take(32))
        self.session = reader.take(16)
        self.epoch = reader.uint(8)
        self.list_hash = reader.take(32)
        self.counter = reader.uint(4)
        self.anchor_seq = reader.uint(8)
        self.anchor_hash = reader.take(32)
        self.fields = data[: reader.at]
        self.ciphertext = data[reader.at : -SIGNATURE]
        self.signature = data[-SIGNATURE:]
        if len(self.ciphertext) < LEAST + GCM_TAG:
            raise Malformed("ciphertext: shorter than the least padding")
        # As senders.py asks for them.
        self.public, self.speaker, self.constant = self.sender, self.sender + self.session, b""


def read_message(platform, body, prefix=MESSAGE_PREFIX):
    """MessageBody from a body. Raises NotEncrypted, OtherLevel, Malformed or BadIdentity."""
    return MessageBody(octets_of(platform, body, prefix))


def octets_of(platform, body, prefix):
    """What a body of this kind holds, more than a signature. Raises NotEncrypted, OtherLevel or Malformed."""
    if not body.startswith(prefix):
        raise foreign(body)
    data = from_base64url(platform, body[len(prefix) :], "body")
    if len(data) <= SIGNATURE:
        raise Malformed("too short")
    return data


def message_parts(platform, body, prefix=MESSAGE_PREFIX):
    """[(field, bytes)] in their order."""
    data = octets_of(platform, body, prefix)
    reader = Reader(data[:-SIGNATURE])
    parts = [(field, reader.take(size)) for field, size in FIELDS]
    return parts + [("ct", reader.data[reader.at :]), ("sig", data[-SIGNATURE:])]


def history_fields(sender, recipient, first, count):
    """sender(32) || recipient(32) || first epoch(8) || count(2)"""
    if not 1 <= count <= SHARED:
        raise BadInput("count: need 1 to 1,000 keys")
    return (
        exactly(sender, 32, "sender")
        + exactly(recipient, 32, "recipient")
        + uint(first, 8, "first")
        + uint(count, 2, "count")
    )


class HistoryEntry:
    """Former keys for one member, taken apart."""

    def __init__(self, data):
        reader = Reader(data)
        self.sender = checked(reader.take(32))
        self.recipient = checked(reader.take(32))
        self.first = reader.uint(8)
        self.count = reader.uint(2)
        self.fields = data[: reader.at]
        if not 1 <= self.count <= SHARED:
            raise Malformed("history: no number of keys")
        self.sealed = reader.take(SEALED_KEYS + 32 * self.count)
        self.signature = reader.take(SIGNATURE)
        if reader.at < len(data):
            raise Malformed("history: too long")


def read_history(platform, body, prefix=HISTORY_PREFIX):
    """HistoryEntry from a body. Raises NotEncrypted, OtherLevel, Malformed or BadIdentity."""
    return HistoryEntry(octets_of(platform, body, prefix))


def write(platform, prefix, octets):
    return prefix + platform.base64url(octets)
