"""Messages, and former epochs that are shared: web/protocol/identity.md, sections 6 and 5.7; README.md 4.3 to 4.5.

From the specification alone, as all of identity_peer*.py.
"""

import hashlib
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity_peer_keys import (
    LABEL,
    Fields,
    Identity,
    Refused,
    check_identity,
    check_signature,
    hkdf,
    hpke_seal,
    sized,
    to_body,
    uint,
)
from identity_peer_list import without_prefix

MESSAGE, HISTORY = "identity-1.", "identity-history-1."
LEAST_CT, LONGEST_TEXT, MOST_KEYS, MOST_RANGES = 256 + 16, 16_384, 1_000, 100

# Messages


class Message(NamedTuple):
    sender: bytes
    session: bytes
    epoch: int
    list_hash: bytes
    counter: int
    anchor_seq: int
    anchor_hash: bytes
    ct: bytes = b""

    def fields(self) -> bytes:
        place = uint(self.epoch, 8) + self.list_hash + uint(self.counter, 4)
        return self.sender + self.session + place + uint(self.anchor_seq, 8) + self.anchor_hash

    def header(self, room: str) -> bytes:
        return LABEL + b"header" + sized(room.encode()) + self.fields()

    def key(self, epoch_key: bytes) -> bytes:
        return hkdf(epoch_key, self.session, LABEL + b"key" + self.sender)

    def nonce(self) -> bytes:
        return bytes(8) + uint(self.counter, 4)

    def seal(self, room: str, epoch_key: bytes, padded: bytes) -> "Message":
        ct = AESGCM(self.key(epoch_key)).encrypt(self.nonce(), padded, self.header(room))
        return self._replace(ct=ct)

    def open(self, room: str, epoch_key: bytes) -> str:
        """Raises Refused: `other-key`, `bad-padding`, `not-text`."""
        try:
            padded = AESGCM(self.key(epoch_key)).decrypt(self.nonce(), self.ct, self.header(room))
        except InvalidTag:
            raise Refused("other-key") from None
        return to_text(unpad(padded))


def message_body(room: str, sender: Identity, message: Message) -> str:
    sig = sender.sign(message.header(room) + message.ct)
    return to_body(MESSAGE, message.fields() + message.ct + sig)


def read_message(room: str, body: str) -> Message:
    """Raises Refused: `not-encrypted`, `other-level`, `malformed`, `bad-identity`, `bad-signature`."""
    data = Fields(without_prefix(body, MESSAGE))
    fields = data.take(32), data.take(16), data.number(8), data.take(32), data.number(4), data.number(8), data.take(32)
    message, sig = Message(*fields, ct=data.data[:-64]), data.data[-64:]
    if len(message.ct) < LEAST_CT:
        raise Refused("malformed")
    check_identity(message.sender)
    check_signature(message.sender, sig, message.header(room) + message.ct)
    return message


# What a text is made into


def padme(length: int) -> int:
    exponent = length.bit_length() - 1
    step = 2 ** (exponent - exponent.bit_length())
    return -(-length // step) * step


def pad(text: bytes) -> bytes:
    return (text + b"\x80").ljust(max(256, padme(len(text) + 1)), b"\0")


def unpad(padded: bytes) -> bytes:
    text = padded.rstrip(b"\0")[:-1]
    if pad(text) != padded:
        raise Refused("bad-padding")
    return text


def to_text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused("not-text") from None
    if not 1 <= len(data) <= LONGEST_TEXT:
        raise Refused("not-text")
    return text


# What was sent


class Counters:
    """Of one session of a sender: README.md, 4.4."""

    def __init__(self):
        self.highest, self.missing = None, []

    def take(self, counter: int) -> list[str]:
        """-> `gap`, `late` or nothing. Raises Refused: `replayed`."""
        if self.highest is None or counter > self.highest:
            skipped = range(counter if self.highest is None else self.highest + 1, counter)
            self.missing = (self.missing + [skipped] * bool(skipped))[-MOST_RANGES:]
            self.highest = counter
            return ["gap"] if skipped else []
        found = next((one for one in self.missing if counter in one), None)
        if found is None:
            raise Refused("replayed")
        halves = [range(found.start, counter), range(counter + 1, found.stop)]
        at = self.missing.index(found)
        self.missing[at : at + 1] = [half for half in halves if half]
        self.missing = self.missing[-MOST_RANGES:]
        return ["late"]


class Anchors:
    """The entries that a page was shown: README.md, 4.5."""

    NEWEST = 2_000

    def __init__(self):
        self.hashes, self.oldest = {}, 0

    def shown(self, seq: int, body: str) -> None:
        self.hashes[seq] = hashlib.sha256(body.encode()).digest()
        while len(self.hashes) > self.NEWEST:
            del self.hashes[min(self.hashes)]
            self.oldest = max(self.oldest, min(self.hashes))

    def newest(self) -> tuple[int, bytes]:
        seq = max(self.hashes, default=0)
        return seq, self.hashes.get(seq, bytes(32))

    def compare(self, seq: int, anchor: int, anchor_hash: bytes) -> list[str]:
        """For a message at `seq` -> `out-of-order`, `forked` or nothing."""
        if anchor >= seq:
            return ["out-of-order"]
        if anchor == 0 or anchor < self.oldest or self.hashes.get(anchor) == anchor_hash:
            return []
        return ["forked"]


# Former epochs


class History(NamedTuple):
    sender: bytes
    recipient: bytes
    first: int
    count: int
    sealed: bytes = b""

    def fields(self) -> bytes:
        return self.sender + self.recipient + uint(self.first, 8) + uint(self.count, 2)

    def info(self, room: str) -> bytes:
        return LABEL + b"history" + sized(room.encode()) + self.fields()

    def open(self, room: str, recipient: Identity) -> list[bytes]:
        """The keys. Raises Refused: `other-key`."""
        keys = recipient.open(self.info(room), self.sealed)
        if keys is None:
            raise Refused("other-key")
        return [keys[at : at + 32] for at in range(0, len(keys), 32)]


def history_body(room: str, sender: Identity, recipient: bytes, first: int, keys: list[bytes], random) -> str:
    history = History(sender.public, recipient, first, len(keys))
    sealed = hpke_seal(recipient, history.info(room), b"".join(keys), random)
    return to_body(HISTORY, history.fields() + sealed + sender.sign(history.info(room) + sealed))


def read_history(room: str, body: str) -> History:
    """Raises Refused: `not-encrypted`, `other-level`, `malformed`, `bad-identity`, `bad-signature`."""
    data = Fields(without_prefix(body, HISTORY))
    head = data.take(32), data.take(32), data.number(8), data.number(2)
    if not 1 <= head[3] <= MOST_KEYS:
        raise Refused("malformed")
    history, sig = History(*head, sealed=data.take(32 + 32 * head[3] + 16)), data.take(64)
    data.end()
    check_identity(history.sender)
    check_identity(history.recipient)
    check_signature(history.sender, sig, history.info(room) + history.sealed)
    return history
