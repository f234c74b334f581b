"""HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869) over hashlib, for keys and infos of a few hundred bytes. Pure.

Web Crypto has Extract and Expand only in one, and refuses an empty HMAC key; HPKE needs each alone. MicroPython has no
hmac module. One awaited call of Web Crypto takes longer than a whole HMAC here.
"""

from hashlib import sha256

from .errors import BadInput

BLOCK, HASH = 64, 32  # bytes: SHA-256 takes its input in blocks of the first, and gives the second


def hmac_sha256(key, data):
    """HMAC-SHA-256, 32 bytes; a key of any length (RFC 2104, section 2)."""
    if len(key) > BLOCK:
        key = sha256(key).digest()
    block = key + bytes(BLOCK - len(key))
    inner = sha256(bytes([octet ^ 0x36 for octet in block]) + data).digest()
    return sha256(bytes([octet ^ 0x5C for octet in block]) + inner).digest()


def extract(salt, ikm):
    """HKDF-Extract (RFC 5869, section 2.2): a pseudorandom key of 32 bytes."""
    # An empty salt stands for 32 zeros; HMAC fills up with zeros, so both are the same.
    return hmac_sha256(salt, ikm)


def expand(prk, info, length):
    """HKDF-Expand (RFC 5869, section 2.3): `length` bytes, at most 8,160."""
    if length > 255 * HASH:
        raise BadInput("length: HKDF gives at most 8,160 bytes")
    okm = last = b""
    for number in range(1, -(-length // HASH) + 1):
        last = hmac_sha256(prk, last + info + bytes([number]))
        okm += last
    return okm[:length]


def hkdf(ikm, salt, info, length=HASH):
    """Both, one after the other."""
    return expand(extract(salt, ikm), info, length)
