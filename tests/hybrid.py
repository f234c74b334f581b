"""HPKE as level identity uses it, beside the classic hybrid with RSA, over pyca/cryptography: sizes, and time.

    python -m tests.hybrid

Prints the table of the specification, level identity, section 12. The two are timed in turn, so that whatever else the
machine does slows down both.
"""

import time
from statistics import median

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RSA_BITS = 3_072  # about as strong as X25519: NIST SP 800-57 part 1, table 2
PADDING = OAEP(MGF1(SHA256()), SHA256(), None)
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
EPOCH_KEY = bytes(range(32))
MEMBERS = 128


class Rsa:
    """RSA-OAEP wraps the key; whatever is long is then sealed with AES-GCM under it, as with any other wrapping."""

    def pair(self):
        return generate_private_key(65_537, RSA_BITS)

    def wrap(self, private):
        return private.public_key().encrypt(EPOCH_KEY, PADDING)

    def unwrap(self, private, wrapped):
        return private.decrypt(wrapped, PADDING)


class Hpke:
    """RFC 9180, mode base."""

    def pair(self):
        return X25519PrivateKey.generate()

    def wrap(self, private):
        return SUITE.encrypt(EPOCH_KEY, private.public_key(), b"info")

    def unwrap(self, private, wrapped):
        return SUITE.decrypt(wrapped, private, b"info")


def sizes(kind) -> dict:
    """In bytes."""
    pair = kind.pair()
    wrapped = kind.wrap(pair)
    assert kind.unwrap(pair, wrapped) == EPOCH_KEY
    return {
        "public key": len(pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        "a wrapped key": len(wrapped),
        f"{MEMBERS} of them": MEMBERS * len(wrapped),
    }


def ratios(rounds=5) -> dict:
    """How many times as long RSA takes."""
    rsa, hpke = Rsa(), Hpke()
    pairs = {kind: kind.pair() for kind in (rsa, hpke)}
    wrapped = {kind: kind.wrap(pairs[kind]) for kind in pairs}
    found = {}
    for what, times, work in (
        ("making a pair", 1, lambda kind: kind.pair()),
        ("wrapping", 20, lambda kind: kind.wrap(pairs[kind])),
        ("unwrapping", 20, lambda kind: kind.unwrap(pairs[kind], wrapped[kind])),
    ):
        took = {kind: [] for kind in pairs}
        for _ in range(rounds):
            for kind in pairs:
                took[kind].append(seconds(lambda kind=kind: work(kind), times))  # noqa: B023 - called at once
        found[what] = median(took[rsa]) / median(took[hpke])
    return found


def seconds(work, times) -> float:
    start = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - start


def main():
    rsa, hpke = sizes(Rsa()), sizes(Hpke())
    for what in rsa:
        print(f"| {what} | {rsa[what]:,} bytes | {hpke[what]:,} bytes |")
    for what, ratio in ratios().items():
        print(f"| {what} | {ratio:.2g} times as long | 1 |")


if __name__ == "__main__":
    main()
