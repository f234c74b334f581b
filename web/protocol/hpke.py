"""HPKE, RFC 9180, in mode base, one message for each context: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.

The RFC's names. Specification, level identity, section 1. Pure: X25519 and AES come from the platform.
"""

from .encoding import uint
from .errors import BadInput
from .hkdf import expand, extract

KEM, KDF, AEAD = 0x0020, 0x0001, 0x0002  # RFC 9180, section 7
MODE_BASE = b"\x00"
N_ENC, N_SECRET, N_K, N_N = 32, 32, 32, 12  # bytes: encapsulated key, shared secret, AEAD key, nonce

KEM_SUITE = b"KEM" + uint(KEM, 2, "kem")
SUITE = b"HPKE" + uint(KEM, 2, "kem") + uint(KDF, 2, "kdf") + uint(AEAD, 2, "aead")


def labeled_extract(suite_id, salt, label, ikm):
    """Section 4."""
    return extract(salt, b"HPKE-v1" + suite_id + label + ikm)


def labeled_expand(suite_id, prk, label, info, length):
    """Section 4: `length` bytes."""
    return expand(prk, uint(length, 2, "length") + b"HPKE-v1" + suite_id + label + info, length)


def extract_and_expand(dh, kem_context):
    """Section 4.1: shared_secret(32)."""
    eae_prk = labeled_extract(KEM_SUITE, b"", b"eae_prk", dh)
    return labeled_expand(KEM_SUITE, eae_prk, b"shared_secret", kem_context, N_SECRET)


async def encap(platform, public):
    """(shared_secret, enc(32)) for the recipient's public key(32). BadInput for one that makes no secret."""
    ephemeral, enc = await platform.x25519_generate()
    dh = await platform.x25519(ephemeral, public)
    if dh is None:
        raise BadInput("public: makes no secret")
    return extract_and_expand(dh, enc + public), enc


async def decap(platform, enc, private, public):
    """shared_secret for the recipient's own pair, or None for an `enc` that makes no secret."""
    dh = await platform.x25519(private, enc)
    return None if dh is None else extract_and_expand(dh, enc + public)


# Of a psk_id that mode base has not: the same each time.
PSK_ID_HASH = labeled_extract(SUITE, b"", b"psk_id_hash", b"")


def key_schedule(shared_secret, info):
    """Section 5.1, without a pre-shared key and without the exporter: (key(32), base_nonce(12))."""
    context = MODE_BASE + PSK_ID_HASH + labeled_extract(SUITE, b"", b"info_hash", info)
    secret = labeled_extract(SUITE, shared_secret, b"secret", b"")
    key = labeled_expand(SUITE, secret, b"key", context, N_K)
    return key, labeled_expand(SUITE, secret, b"base_nonce", context, N_N)


async def seal_base(platform, public, info, aad, plaintext):
    """enc(32) || ct: section 6.1. Only who has the private key of public(32) opens it, and only with this info and aad.

    It proves nothing about who made it: that takes a signature.
    """
    shared_secret, enc = await encap(platform, public)
    # The nonce is safe although it is derived: so is the key, from an ephemeral key that seals nothing else.
    key, nonce = key_schedule(shared_secret, info)
    return enc + await platform.aes_gcm_seal(await platform.aes_key(key), nonce, plaintext, aad)


async def open_base(platform, private, public, info, aad, sealed):
    """The plaintext of enc(32) || ct for the recipient's own pair, or None for whatever seal_base() did not make so."""
    enc, ciphertext = sealed[:N_ENC], sealed[N_ENC:]
    shared_secret = await decap(platform, enc, private, public)
    if shared_secret is None:
        return None
    key, nonce = key_schedule(shared_secret, info)
    (opened,) = await platform.aes_gcm_open_all([(await platform.aes_key(key), nonce, ciphertext, aad)])
    return opened
