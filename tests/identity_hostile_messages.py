"""Entries of kind `message` and `history` that are refused: (code, what it is, body), as an identity_hostile.Hostile
makes them, and where the specification leaves it open the sentence by which the peer decides.
"""

import base64
import hashlib

from identity_peer_bodies import HISTORY, LONGEST_TEXT, MESSAGE, History, Message, history_body, message_body, pad
from identity_peer_keys import of_base64url, to_body
from identity_story import IDENTITIES, NEUTRAL, ORDER, OUT_OF_RANGE, PUBLIC, changed

ALICE, BOB, MALLORY = [IDENTITIES[name] for name in ("Alice", "Bob", "Mallory")]
PLACES = {"sender": 0, "session": 32, "epoch": 48, "list_hash": 56, "counter": 88, "anchor_seq": 92, "anchor_hash": 100}
PLACES |= {"ct": 140, "R": -64, "S": -32}
OTHER_KIND = "A body that begins as one of another level, or of another kind of this one, is `other-level`."
LEAST_CT = "`ct` is at least 272 bytes."


def every(hostile):
    yield from forms(hostile)
    yield from signatures(hostile)
    yield from places(hostile)
    yield from texts(hostile)


def forms(hostile):
    good, text = hostile.message(), "A" * 60
    data = of_base64url(good[len(MESSAGE) :])
    classic = f'{{"iv":"{text[:16]}","ciphertext":"{text}","salt":"{text[:22]}"}}'
    padded = MESSAGE + base64.urlsafe_b64encode(data + bytes(-len(data) % 3 + 1)).decode()
    yield "not-encrypted", "a text that is not encrypted", "hello"
    yield "not-encrypted", "a version that does not exist", "identity-2." + text
    yield "other-level", "a body of level classic", classic
    yield "other-level", "a body of level passphrase", "passphrase-1." + text
    yield "other-level", "a list of members as a message", hostile.bodies[3], OTHER_KIND
    yield "malformed", "nothing behind the beginning", MESSAGE
    yield "malformed", "base64url with padding", padded
    yield "malformed", "a character that is not of base64url", good[:-1] + "+"
    yield "malformed", "fields and a signature, and no ciphertext", to_body(MESSAGE, data[:132] + data[-64:])
    yield "malformed", "a ciphertext that is too short", hostile.message(padded=b"x\x80" + bytes(253)), LEAST_CT


def signatures(hostile):
    good = hostile.message()
    forged = changed(changed(good, MESSAGE, 0, NEUTRAL), MESSAGE, -64, NEUTRAL + bytes(32))
    yield "bad-identity", "a sender under whom a signature verifies that nobody made", forged
    yield "bad-identity", "a sender whose y is out of range", changed(good, MESSAGE, 0, OUT_OF_RANGE)
    for name, at in PLACES.items():
        other = PUBLIC["Carol"] if name == "sender" else b"\7\7\7\7"
        yield "bad-signature", f"another {name} than was signed", changed(good, MESSAGE, at, other)
    added = int.from_bytes(of_base64url(good[len(MESSAGE) :])[-32:], "little") + ORDER
    added = changed(good, MESSAGE, -32, added.to_bytes(32, "little"))
    yield "bad-signature", "the same signature with L added to its S", added
    yield "bad-signature", "a message of another room", hostile.message(room="cellar")


def places(hostile):
    yield "replayed", "a message of the first epoch again", hostile.bodies[2]
    yield "old-epoch", "a new message of the first epoch", hostile.message(epoch=1, key=hostile.peer.keys[1])
    yield "old-epoch", "a message of the first epoch by nobody", hostile.message(epoch=1, sender=MALLORY)
    yield "forked-list", "a message of an epoch that nobody has begun", hostile.message(epoch=3)
    yield "forked-list", "a message with another list", hostile.message(list_hash=bytes(32))
    yield "forked-list", "a message with another list by nobody", hostile.message(list_hash=bytes(32), sender=MALLORY)
    yield "not-a-member", "a message by Mallory", hostile.message(sender=MALLORY, key=bytes(32))
    yield "not-a-member", "a message by Mallory, to whom Bob gave the key", hostile.message(sender=MALLORY)
    yield "replayed", "Carol's message again", hostile.bodies[4]


def texts(hostile):
    yield "other-key", "a message under another key", hostile.message(key=bytes(32))
    data = of_base64url(hostile.bodies[4][len(MESSAGE) :])
    own = Message(PUBLIC["Bob"], data[32:48], 2, data[56:88], 0, 3, data[100:132], data[132:-64])
    yield "other-key", "Carol's ciphertext under Bob's name", message_body(hostile.room, BOB, own)
    yield "bad-padding", "padding of zeros alone", hostile.message(padded=bytes(256))
    yield "bad-padding", "more padding than is needed", hostile.message(padded=pad(b"x") + bytes(16))
    yield "bad-padding", "something behind the padding", hostile.message(padded=pad(b"x")[:-1] + b"\1")
    yield "not-text", "no text", hostile.message(b"")
    yield "not-text", "bytes that are no UTF-8", hostile.message(b"\xff")
    yield "not-text", "a surrogate as if it were UTF-8", hostile.message(b"\xed\xa0\x80")
    yield "not-text", "a text that is longer than any", hostile.message(b"x" * (LONGEST_TEXT + 1))


def odd(hostile):
    """Messages of Bob's that are shown, and beside which something is said: (what it is, body)."""
    for counter, what in (
        (7, "the first of a session"),
        (10, "two are left out"),
        (8, "one of them"),
        (9, "the other"),
    ):
        yield what, hostile.message(b"%d" % counter, session=bytes(16), counter=counter)
    yield "an anchor on an entry that nobody was shown yet", hostile.message(anchor_seq=1_000)
    yield "an anchor on another entry than stands there", hostile.message(anchor_seq=4)
    right = hashlib.sha256(hostile.bodies[4].encode()).digest()
    yield "an anchor on the entry that stands there", hostile.message(anchor_seq=4, anchor_hash=right)


def histories(hostile):
    def by(sender, recipient=ALICE, keys=(bytes(32),), room=hostile.room):
        return history_body(room, sender, recipient.public, 1, list(keys), lambda size: b"\x11" * size)

    good = by(BOB)
    yield "not-encrypted", "a history that is JSON", "{}"
    yield "other-level", "a body of level passphrase as history", "passphrase-1." + "A" * 40
    yield "malformed", "a history that is cut", good[:-4]
    yield "malformed", "a history without a key", by(BOB, keys=()), "1 to 1,000 keys."
    yield "bad-identity", "a history whose sender is no safe key", changed(good, HISTORY, 0, NEUTRAL)
    yield "bad-signature", "a history of another room", by(BOB, room="cellar")
    yield "bad-signature", "a history with another first epoch", changed(good, HISTORY, 64, bytes(8))
    yield "not-a-member", "a history by Mallory", by(MALLORY)
    yield "other-key", "a history that opens for somebody else", readdressed(hostile.room, by(BOB, BOB))


def readdressed(room: str, body: str) -> str:
    """A history of Bob's to Alice with another seal in it, signed by him."""
    sealed, history = of_base64url(body[len(HISTORY) :])[74:-64], History(PUBLIC["Bob"], PUBLIC["Alice"], 1, 1)
    return to_body(HISTORY, history.fields() + sealed + BOB.sign(history.info(room) + sealed))
