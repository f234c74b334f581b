"""Bundles of the directory, and what a page makes of those that it is shown: web/protocol/identity.md, section 4.

From the specification alone, as all of identity_peer*.py.
"""

from typing import NamedTuple

from identity_peer_keys import (
    LABEL,
    Fields,
    Identity,
    Refused,
    check_identity,
    check_signature,
    of_base64url,
    sized,
    to_body,
    uint,
)

PREFIX, NOBODY = "bundle-1.", bytes(32)


class Bundle(NamedTuple):
    identity: bytes
    name: str
    version: int
    previous: bytes

    @property
    def is_rotation(self) -> bool:
        return self.previous not in (NOBODY, self.identity)

    def fields(self) -> bytes:
        return self.identity + sized(self.name.encode()) + uint(self.version, 4) + self.previous


class Pin(NamedTuple):
    """What a page knows of a name: its identity, and the newest version that it was shown, 0 for none yet."""

    identity: bytes
    version: int


def make_bundle(identity: Identity, name: str, last: Bundle | None = None, predecessor: Identity | None = None) -> str:
    """The first one of a name, a renewal of `last`, or with `predecessor`, the identity of `last`, a rotation."""
    version, previous = (last.version + 1, last.identity) if last else (1, NOBODY)
    fields = Bundle(identity.public, name, version, previous).fields()
    handover = predecessor.sign(LABEL + b"rotation" + fields) if predecessor else b""
    return to_body(PREFIX, fields + identity.sign(LABEL + b"bundle" + fields) + handover)


def read_bundle(text: str) -> Bundle:
    """Raises Refused: `bad-bundle`, whatever is wrong with it."""
    try:
        if not text.startswith(PREFIX):
            raise Refused("malformed")
        data = Fields(of_base64url(text[len(PREFIX) :]))
        bundle = Bundle(data.take(32), data.name(), data.number(4), data.take(32))
        if bundle.version == 0 or (bundle.version == 1) != (bundle.previous == NOBODY):
            raise Refused("malformed")
        signature, handover = data.take(64), data.take(64) if bundle.is_rotation else None
        data.end()
        check_identity(bundle.identity)
        check_signature(bundle.identity, signature, LABEL + b"bundle" + bundle.fields())
        if handover:
            check_identity(bundle.previous)
            check_signature(bundle.previous, handover, LABEL + b"rotation" + bundle.fields())
    except Refused:
        raise Refused("bad-bundle") from None
    return bundle


def check_found(name: str, texts: list[str], pin: Pin | None = None) -> Pin | None:
    """What `found` has of a name -> the pin from now on; None if the directory knows no such name.

    Raises Refused: `bad-bundle`, `old-bundle`, `other-identity`, in this order.
    """
    if not texts:
        return None
    bundles = [read_bundle(text) for text in texts]
    versions = [bundle.version for bundle in bundles]
    if any(bundle.name != name for bundle in bundles) or versions != sorted(set(versions)):
        raise Refused("bad-bundle")
    newest = bundles[-1]
    if pin:
        if newest.version < pin.version:
            raise Refused("old-bundle")
        identity = pin.identity
        for bundle in bundles:
            if bundle.is_rotation and bundle.version > pin.version and bundle.previous == identity:
                identity = bundle.identity
        if identity != newest.identity:
            raise Refused("other-identity")
    return Pin(newest.identity, newest.version)
