"""Beginnings of conversations, taken apart for who looks at them, as identity_forms.py has other bodies. Pure."""

from .double_ratchet import HEADER
from .encoding import Reader
from .envelope import GCM_TAG, SIGNATURE
from .errors import Malformed
from .identity_envelope import NAME_BYTES
from .identity_forms import Form, quoted
from .ratchet_bodies import octets_of


class BeginForm(Form):
    """Of a `begin` entry: level ratchet, section 4."""

    meanings = {
        "identity": "the Ed25519 key of the device that begins",
        "ephemeral": "an X25519 key that is used once",
        "spk": "the prekey of the other that was taken, signed by it",
        "count": "1 if a one-time prekey was taken too, else 0",
        "opk": "the one-time prekey",
        "name": "of who begins, with its length",
        "recipient": "the Ed25519 key of the other device",
        "recipient_name": "of the other, with its length",
        "lost": "1 if who begins has no keys of what was begun here before",
        "dh": "an X25519 key of who begins, new with each answer",
        "pn": "messages in the chain before: none",
        "n": "messages before this one in its chain: none",
        "ct": "the tag(16) of no text: it shows that both have the same key",
        "sig": "Ed25519 of who begins over level, room and all before it",
    }

    def parts(self, platform, body):
        reader = Reader(octets_of(platform, body, self.prefix))
        parts = [(field, reader.take(size)) for field, size in (("identity", 32), ("ephemeral", 32), ("spk", 32))]
        parts.append(("count", reader.take(1)))
        if parts[-1][1] == b"\x01":
            parts.append(("opk", reader.take(32)))
        parts += [("name", named(reader)), ("recipient", reader.take(32)), ("recipient_name", named(reader))]
        head = (("dh", 32), ("pn", 4), ("n", HEADER - 36))
        parts += [("lost", reader.take(1))] + [(field, reader.take(size)) for field, size in head]
        parts += [("ct", reader.take(GCM_TAG)), ("sig", reader.take(SIGNATURE))]
        if reader.at < len(reader.data):
            raise Malformed("begin: too long")
        return parts

    def leaks(self, platform, parts):
        known = dict(parts)
        who, whom = quoted(platform, known["name"]), quoted(platform, known["recipient_name"])
        found = [("Conversation", f"{who} begins it with {whom}: both by name and key, and signed")]
        if known["lost"] == b"\x01":
            found.append(("Device", f"that of {who} is new, or was cleared: it lost the keys of what was said before"))
        return found


def named(reader):
    """sized(name), as it stands there."""
    start = reader.at
    reader.sized(NAME_BYTES)
    return reader.data[start : reader.at]
