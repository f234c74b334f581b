"""Known answers for level identity, from the formulas of web/protocol/identity.md over pyca/cryptography and hashlib.

Nothing of web/ is imported: what the code under test gives is compared with this, here and inside the page.
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from known_answers import count_from, sized

LABEL = b"secure-chat identity 1 "
HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SEEDS = [count_from(0, 32), count_from(32, 32), hashlib.sha256(b"sign of x").digest()]


def clamped(private: bytes) -> bytes:
    return bytes([private[0] & 248]) + private[1:31] + bytes([private[31] & 127 | 64])


class KnownIdentity:
    """`public` and `x25519_public` of a seed, each from its private key: no map from one to the other."""

    def __init__(self, seed: bytes):
        self.seed = seed
        self.public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        self.x25519 = X25519PrivateKey.from_private_bytes(clamped(hashlib.sha512(seed).digest()[:32]))
        self.x25519_public = self.x25519.public_key().public_bytes_raw()

    def opens(self, sealed: bytes, info: bytes) -> bytes:
        return HPKE.decrypt(sealed, self.x25519, info)


def digits(purpose: bytes, data: bytes) -> str:
    digest = hashlib.sha512(LABEL + purpose + data).digest()
    return " ".join(f"{int.from_bytes(digest[at : at + 5], 'big') % 100_000:05}" for at in range(0, 60, 5))


def safety_number(one: bytes, other: bytes) -> str:
    return digits(b"safety number", min(one, other) + max(one, other))


def sealed_for(x25519_public: bytes, info: bytes, plaintext: bytes) -> bytes:
    return HPKE.encrypt(plaintext, X25519PublicKey.from_public_bytes(x25519_public), info)


def every() -> dict:
    """What both runtimes are given, as JSON: bytes in hexadecimal."""
    identities, members = [KnownIdentity(seed) for seed in SEEDS], b"any bytes of members"
    return {
        "identities": [
            {
                "seed": one.seed.hex(),
                "public": one.public.hex(),
                "x25519_public": one.x25519_public.hex(),
                "fingerprint": digits(b"fingerprint", one.public),
                "safety_number": safety_number(one.public, identities[0].public),
                "sealed": sealed_for(one.x25519_public, b"info", b"to " + one.public).hex(),
            }
            for one in identities
        ],
        "members": members.hex(),
        "room_number": digits(b"room number", sized(b"kitchen") + members),
    }
