"""Lists of members and shared keys, taken apart for who looks at them. Specification, level identity, 5. Pure.

A form is for a body of one kind what levels/__init__.py has a level for messages: parts(), pieces(), body_of(),
meanings. Beside them

    leaks(platform, parts)    [(what, words)]: what the relay learns of such a body
"""

from .encoding import NAME_NOT_SHOWN, Reader, shown_name
from .envelope import SIGNATURE, written
from .errors import Malformed
from .identity_bodies import SEALED_KEYS, octets_of
from .identity_envelope import NAME_BYTES, WRAPPED_KEY
from .moments import iso

ENC = 32  # bytes: the encapsulated key of HPKE
YEAR_3000 = 32_503_680_000  # in seconds since 1970


def number_of(octets):
    return int.from_bytes(octets, "big")


def quoted(platform, octets):
    """A name as people may see it, from sized(name)."""
    name = platform.utf8(octets[4:])
    return f"“{NAME_NOT_SHOWN if name is None else shown_name(platform, name)}”"


def moment(octets):
    """Of seconds since 1970; a number that is no moment of this millennium is only called so."""
    seconds = number_of(octets)
    return iso(seconds) if seconds < YEAR_3000 else "no time that is near"


def of_key(identity, names):
    """Who that is: the name, or the first bytes of the key."""
    return names.get(identity, f"the key {identity[:4].hex()}...")


class Form:
    padded = False
    sealed = signature = ""

    def __init__(self, prefix):
        self.prefix = prefix

    def pieces(self, parts):
        return [self.prefix, parts]

    def body_of(self, platform, parts):
        return written(platform, self.pieces(parts))


class MembersForm(Form):
    """Of a `members` entry: section 5.2."""

    meanings = {
        "number": "which list of this room: 0 is its opening",
        "previous": "SHA-256 of the list before, so of all changes up to it",
        "time": "when it was signed, by the signer's clock: seconds since 1970",
        "signer": "the Ed25519 key of the device that made this list",
        "count": "how many members there are",
        "identity": "of a member: the Ed25519 key of a device",
        "flags": "1 for an admin, else 0",
        "name": "of the member, with its length",
        "list_sig": "Ed25519 of the signer over level, room and all of the list",
        "epoch": "which room key begins on this list",
        "wrapper": "the Ed25519 key of the device that made the room key",
        "commitment": "a hash of the room key: nobody can be given another one",
        "enc": "for one member: an X25519 key that was used once",
        "ct": "for that member: the room key, encrypted, and the tag(16)",
        "epoch_sig": "Ed25519 of the wrapper over level, room, list and all of the epoch",
    }

    def parts(self, platform, body):
        reader = Reader(octets_of(platform, body, self.prefix))
        fields = (("number", 4), ("previous", 32), ("time", 8), ("signer", 32), ("count", 1))
        parts = [(field, reader.take(size)) for field, size in fields]
        count = number_of(parts[-1][1])
        for _ in range(count):
            parts += [("identity", reader.take(32)), ("flags", reader.take(1))]
            start = reader.at
            reader.sized(NAME_BYTES)
            parts.append(("name", reader.data[start : reader.at]))
        parts.append(("list_sig", reader.take(SIGNATURE)))
        if reader.at < len(reader.data):
            parts += self.epoch_parts(reader, count)
        return parts

    def epoch_parts(self, reader, count):
        parts = [(field, reader.take(size)) for field, size in (("epoch", 8), ("wrapper", 32), ("commitment", 32))]
        for _ in range(count):
            parts += [("enc", reader.take(ENC)), ("ct", reader.take(WRAPPED_KEY - ENC))]
        parts.append(("epoch_sig", reader.take(SIGNATURE)))
        if reader.at < len(reader.data):
            raise Malformed("members: too long")
        return parts

    def leaks(self, platform, parts):
        known = dict(parts)  # of fields that stand there more than once, the last: those are not asked for here
        names, members = {}, []
        for at, (field, octets) in enumerate(parts):
            if field == "identity":
                names[octets] = quoted(platform, parts[at + 2][1])
                members.append(names[octets] + (", an admin" if parts[at + 1][1] == b"\x01" else ""))
        change = f"list {number_of(known['number']):,}, by {of_key(known['signer'], names)}, at {moment(known['time'])}"
        found = [("Members", "; ".join(members) + ". Each by name and key" if members else "nobody: the room is over")]
        found.append(("Change", change))
        if "epoch" in known:
            wrapper = of_key(known["wrapper"], names)
            found.append(("Key", f"room key {number_of(known['epoch']):,} begins, by {wrapper}: when, and not which"))
        return found


class HistoryForm(Form):
    """Of a `history` entry: section 5.7."""

    meanings = {
        "sender": "the Ed25519 key of the device that shares",
        "recipient": "that of the device that the keys are for",
        "first": "which room key is the first of them",
        "count": "how many keys there are",
        "enc": "an X25519 key that was used once",
        "ct": "the keys, encrypted for the recipient alone, and the tag(16)",
        "sig": "Ed25519 of the sender over level, room and all fields before it",
    }

    def parts(self, platform, body):
        reader = Reader(octets_of(platform, body, self.prefix))
        fields = (("sender", 32), ("recipient", 32), ("first", 8), ("count", 2), ("enc", ENC))
        parts = [(field, reader.take(size)) for field, size in fields]
        count = number_of(parts[3][1])
        parts += [("ct", reader.take(SEALED_KEYS - ENC + 32 * count)), ("sig", reader.take(SIGNATURE))]
        if reader.at < len(reader.data):
            raise Malformed("history: too long")
        return parts

    def leaks(self, platform, parts):
        known = dict(parts)
        first, count = number_of(known["first"]), number_of(known["count"])
        whom = f"{of_key(known['sender'], {})} to {of_key(known['recipient'], {})}"
        return [("Shared", f"{whom}: {count:,} former keys, from number {first:,} on, and not which they are")]
