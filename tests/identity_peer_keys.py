"""Bytes, keys and numbers of level identity: web/protocol/identity.md, sections 1 to 3, and of README.md 2.1, 2.2.

An implementation of its own, from the specification over pyca/cryptography. Nothing of web/ is imported.
"""

import base64
import hashlib
import re
import unicodedata

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

LABEL = b"secure-chat identity 1 "
FIELD = 2**255 - 19
SMALL_ORDER = {0, 1, FIELD - 1} | {
    int.from_bytes(bytes.fromhex(y), "little")
    for y in (
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
}
HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
KEM_ID, SUITE_ID = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
NEVER_IN_A_NAME = re.compile(
    "[\0-\x1f\x7f-\xa0\xad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


class Refused(Exception):
    """`code` is one of those in sections 4 and 8."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


# Bytes


def uint(number: int, size: int) -> bytes:
    return number.to_bytes(size, "big")


def sized(data: bytes) -> bytes:
    return uint(len(data), 4) + data


def to_body(prefix: str, data: bytes) -> str:
    return prefix + base64.urlsafe_b64encode(data).decode().rstrip("=")


def of_base64url(text: str) -> bytes:
    """Raises Refused: `malformed` for any spelling but the one."""
    if not re.fullmatch("[A-Za-z0-9_-]*", text, re.ASCII) or len(text) % 4 == 1:
        raise Refused("malformed")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_body("", data) != text:
        raise Refused("malformed")
    return data


class Fields:
    """Bytes, taken from the front; Refused with `malformed` if there are too few, or some left at the end."""

    def __init__(self, data: bytes):
        self.data = data

    def take(self, size: int) -> bytes:
        if len(self.data) < size:
            raise Refused("malformed")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def name(self) -> str:
        try:
            name = self.take(self.number(4)).decode()
        except UnicodeDecodeError:
            raise Refused("malformed") from None
        if not is_clean(name):
            raise Refused("malformed")
        return name

    def end(self) -> None:
        if self.data:
            raise Refused("malformed")


def is_clean(name: str) -> bool:
    """Whether this is the one spelling of a name or a room: README.md, 2.2."""
    return (
        1 <= len(name) <= 64 and name == unicodedata.normalize("NFC", name).strip() and not NEVER_IN_A_NAME.search(name)
    )


# Identities


class Identity:
    """What a seed of 32 bytes gives: `public` names it, `sign` and `open` are its two private keys."""

    def __init__(self, seed: bytes):
        self.seed = seed
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(seed)
        self._x25519 = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])  # clamped when used
        self.public = self._ed25519.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._ed25519.sign(data)

    def open(self, info: bytes, sealed: bytes) -> bytes | None:
        """What HPKE-Seal made for this identity; None if it does not open."""
        try:
            return HPKE.decrypt(sealed, self._x25519, info)
        except (InvalidTag, ValueError):
            return None


def check_identity(identity: bytes) -> None:
    """Raises Refused: `bad-identity`, section 2."""
    y = edwards_y(identity)
    if y >= FIELD or y in SMALL_ORDER:
        raise Refused("bad-identity")


def check_signature(identity: bytes, signature: bytes, data: bytes) -> None:
    """Raises Refused: `bad-signature`. The library refuses an S that is not below L."""
    try:
        Ed25519PublicKey.from_public_bytes(identity).verify(signature, data)
    except (InvalidSignature, ValueError):
        raise Refused("bad-signature") from None


def edwards_y(identity: bytes) -> int:
    return int.from_bytes(identity, "little") & 2**255 - 1


def x25519_public(identity: bytes) -> bytes:
    """(1 + y) / (1 - y), little-endian: RFC 7748, 4.1. For an identity that check_identity() took."""
    y = edwards_y(identity)
    return ((1 + y) * pow(1 - y, -1, FIELD) % FIELD).to_bytes(32, "little")


# Numbers to compare


def groups(data: bytes) -> str:
    digest = hashlib.sha512(data).digest()
    return " ".join(f"{int.from_bytes(digest[5 * i : 5 * i + 5], 'big') % 100_000:05}" for i in range(12))


def digits(identity: bytes) -> str:
    return groups(LABEL + b"fingerprint" + identity)


def safety_number(one: bytes, other: bytes) -> str:
    return groups(LABEL + b"safety number" + b"".join(sorted([one, other])))


# Keys


def hkdf(key: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def hpke_context(recipient: bytes, ephemeral: bytes, info: bytes) -> tuple[bytes, bytes, bytes]:
    """RFC 9180, 4.1 and 5.1, mode base: of two X25519 keys, a public and a private one -> (enc, key, base_nonce).

    pyca's HPKE draws the ephemeral key itself, so no answer would come out the same twice. It opens all of these.
    """
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = private.public_key().public_bytes_raw()
    shared = private.exchange(X25519PublicKey.from_public_bytes(recipient))  # refuses a result of zeros

    def extract(suite, salt, label, data):
        return HKDF.extract(SHA256(), salt, b"HPKE-v1" + suite + label + data)

    def expand(suite, key, label, data, size):
        return HKDFExpand(SHA256(), size, uint(size, 2) + b"HPKE-v1" + suite + label + data).derive(key)

    secret = expand(KEM_ID, extract(KEM_ID, b"", b"eae_prk", shared), b"shared_secret", enc + recipient, 32)
    context = b"\0" + extract(SUITE_ID, b"", b"psk_id_hash", b"") + extract(SUITE_ID, b"", b"info_hash", info)
    secret = extract(SUITE_ID, secret, b"secret", b"")
    return enc, expand(SUITE_ID, secret, b"key", context, 32), expand(SUITE_ID, secret, b"base_nonce", context, 12)


def hpke_seal(identity: bytes, info: bytes, data: bytes, random) -> bytes:
    """enc || ct for an identity; draws the ephemeral private key, random(32)."""
    enc, key, nonce = hpke_context(x25519_public(identity), random(32), info)
    return enc + AESGCM(key).encrypt(nonce, data, b"")
