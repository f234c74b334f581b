"""A peer of level ratchet over a WebSocket: by web/protocol/ratchet.md, its X3DH and Double Ratchet those of the
libraries of PyPI (ratchet_library.py). Nothing of web/ is imported.
"""

import hashlib
import os

import x3dh

from identity_member import IdentityMember
from identity_peer_bodies import pad, to_text, unpad
from identity_peer_directory import check_found, make_bundle, read_bundle
from identity_peer_keys import Fields, Identity, check_signature, of_base64url, sized, to_body, uint
from ratchet_library import LABEL, X3DH, Party
from reference import run
from relay_client import PATIENCE, RelayClient

BEGIN, MESSAGE, UPLOAD, TAKEN = "ratchet-begin-1.", "ratchet-1.", "prekeys-1.", "prekey-1."
HEADER, TAG, SIGNATURE = 40, 16, 64  # bytes


def fields_of(header: x3dh.Header, name: str, recipient: bytes, recipient_name: str) -> bytes:
    initial = header.identity_key + header.ephemeral_key + header.signed_pre_key
    initial += b"\x01" + header.pre_key if header.pre_key else b"\x00"
    return initial + sized(name.encode()) + recipient + sized(recipient_name.encode()) + b"\x00"


def session_of(ephemeral: bytes) -> bytes:
    return hashlib.sha256(LABEL + b"session" + ephemeral).digest()[:16]


class RatchetMember:
    """Someone with a name and an identity in a room of two. read: (whose, text) in the order in which it was opened."""

    def __init__(self, url: str, room: str, name: str):
        self.room, self.address, self.name = room, f"ratchet/{room}", name
        seed = os.urandom(32)
        self.identity, self.keys = Identity(seed), X3DH.of_seed(seed)
        self.keys.generate_pre_keys(10)
        self.client = RelayClient(url)
        self.newest = self.newest_begin = 0
        self.party = self.session = self.other = None
        self.waiting, self.read, self.own = [], [], set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    # The directory

    asks, found = IdentityMember.asks, IdentityMember.found

    def publish(self) -> None:
        """The bundle of the own name, and prekeys."""
        found = self.found(self.name)
        text = make_bundle(self.identity, self.name, read_bundle(found[-1]) if found else None)
        self.asks({"type": "publish", "name": self.name, "bundle": text}, "published")
        mine = self.keys.bundle
        fields = self.identity.public + sized(self.name.encode()) + uint(1, 4) + mine.signed_pre_key
        fields += mine.signed_pre_key_sig + uint(len(mine.pre_keys), 1) + b"".join(sorted(mine.pre_keys))
        upload = to_body(UPLOAD, fields + self.identity.sign(LABEL + b"upload" + fields))
        self.asks({"type": "publish-prekeys", "name": self.name, "upload": upload}, "prekeys-published")

    def prekeys_of(self, name: str) -> x3dh.Bundle:
        identity = check_found(name, self.found(name)).identity
        text = self.asks({"type": "take-prekeys", "name": name}, "prekeys-taken")["prekeys"]
        data = Fields(of_base64url(text.removeprefix(TAKEN)))
        assert data.take(32) == identity
        spk, signature = data.take(32), data.take(SIGNATURE)
        check_signature(identity, signature, LABEL + b"prekey" + spk)
        opk = frozenset([data.take(32)])
        data.end()
        return x3dh.Bundle(identity, spk, signature, opk)

    # Beginning

    def join(self) -> "RatchetMember":
        joined = self.client.join(self.address, self.name)
        return self.read_until(lambda: self.newest >= joined["newest"])

    def begins_with(self, name: str) -> None:
        theirs = self.prekeys_of(name)
        sk, ad, header = run(self.keys.get_shared_secret_active(theirs, sized(self.room.encode())))
        self.party = Party(ad, sk=sk)
        head, ct = run(self.party.begin(theirs.signed_pre_key, b""))
        fields = fields_of(header, self.name, theirs.identity_key, name)
        signed = fields + head + ct
        signature = self.identity.sign(LABEL + b"begin" + sized(self.room.encode()) + signed)
        self.session, self.other = session_of(header.ephemeral_key), name
        self.appends(to_body(BEGIN, signed + signature), "begin", if_newest=self.newest_begin)

    def begun(self, body: str) -> None:
        """The other one has begun with us."""
        data = Fields(of_base64url(body.removeprefix(BEGIN)))
        keys = [data.take(32) for _ in range(3)]
        opk = data.take(32) if data.number(1) else None
        name, recipient, own_name, lost = data.name(), data.take(32), data.name(), data.number(1)
        head, ct, signature = data.take(HEADER), data.take(TAG), data.take(SIGNATURE)
        data.end()
        header = x3dh.Header(keys[0], keys[1], keys[2], opk)
        assert (recipient, own_name, lost) == (self.identity.public, self.name, 0)
        signed = fields_of(header, name, recipient, own_name) + head + ct
        check_signature(keys[0], signature, LABEL + b"begin" + sized(self.room.encode()) + signed)
        appendix = sized(self.room.encode())
        sk, ad, spk = run(self.keys.get_shared_secret_passive(header, appendix, require_pre_key=opk is not None))
        self.party = Party(ad, sk=sk, private=spk.priv)
        assert run(self.party.decrypt(head, ct)) == b""
        self.session, self.other = session_of(keys[1]), name

    # Talking

    def seals(self, text: str) -> str:
        head, ct = run(self.party.encrypt(pad(text.encode())))
        return to_body(MESSAGE, self.session + head + ct)

    def appends(self, body: str, kind: str = "message", **condition) -> int:
        self.own.add(body)
        return self.client.appended(self.address, body, kind=kind, **condition)

    def opens(self, body: str) -> str | None:
        """The text, or None for what the library refuses."""
        data = of_base64url(body.removeprefix(MESSAGE))
        assert data[:16] == self.session
        padded = run(self.party.decrypt(data[16 : 16 + HEADER], data[16 + HEADER :]))
        return None if padded is None else to_text(unpad(padded))

    def read_until(self, is_so, timeout: float = PATIENCE) -> "RatchetMember":
        """Reads entries until a condition holds. Messages of the other one come to `waiting`, unopened."""
        while not is_so():
            for entry in self.client.receive("entries", timeout, room=self.address)["entries"]:
                self.newest = entry["seq"]
                if entry["kind"] == "begin":
                    self.newest_begin = entry["seq"]
                    if entry["body"] not in self.own:
                        self.begun(entry["body"])
                elif entry["body"] not in self.own:
                    self.waiting.append(entry["body"])
        return self
