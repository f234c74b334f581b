"""The passphrase of a device: what it wraps. Specification, level identity, section 7.2. Pure.

A random secret is wrapped by a key that is slowly derived from the passphrase, so a new passphrase wraps it anew and
nothing that the secret seals is written again.
"""

from hashlib import sha256

from .encoding import Reader, exactly, passphrase_bytes
from .envelope import PBKDF2, Parameters, argon2id_parts
from .errors import Problem, Refusal
from .identity import LABEL
from .levels.passphrase import NEW_ROOM
from .records import NONCE, TAG, opened, seal
from .store_errors import NotKept

STORE, FILE = LABEL + b"device key", LABEL + b"export key"  # what a secret is for
SECRET = 32
WRAPPED = 21 + NONCE + SECRET + TAG  # bytes: kdf(1) || cost(4) || salt(16) || nonce(12) || ct(48)


async def root_of(platform, passphrase, purpose, parameters):
    """An HKDF handle, or None where this KDF is missing."""
    salt = sha256(purpose + parameters.room_salt).digest()
    if parameters.kdf == PBKDF2:
        return await platform.pbkdf2_root(await platform.passphrase_key(passphrase), salt, parameters.cost)
    passes, lanes, mebibytes = argon2id_parts(parameters.cost)
    secret = platform.argon2id_secret(passphrase)
    try:
        return await platform.argon2id_root(secret, salt, passes, lanes, mebibytes)
    finally:
        platform.argon2id_forget(secret)


async def key_of(platform, passphrase, purpose, parameters):
    """The AES-GCM handle that wraps, or None."""
    root = await root_of(platform, passphrase, purpose, parameters)
    return None if root is None else await platform.hkdf_aes_key(root, bytes(32), purpose)


async def wrap(platform, text, purpose, secret):
    """secret(32) under the passphrase `text`: WRAPPED bytes. Raises Problem for what is no passphrase."""
    passphrase, salt = passphrase_bytes(platform, text), platform.random(16)
    for kdf, cost in NEW_ROOM:
        parameters = Parameters(kdf, cost, salt)
        key = await key_of(platform, passphrase, purpose, parameters)
        if key is not None:
            break
    aad = purpose + parameters.octets
    return parameters.octets + await seal(platform, key, aad, exactly(secret, SECRET, "secret"))


async def unwrap(platform, text, purpose, wrapped):
    """secret(32). Raises Problem for another passphrase, NotKept for what wrap() did not give."""
    reader = Reader(wrapped)
    try:
        parameters = Parameters(reader.uint(1), reader.uint(4), reader.take(16))
        parameters.check()
    except Refusal:
        raise NotKept("store-damaged")
    if len(wrapped) != WRAPPED:
        raise NotKept("store-damaged")
    key = await key_of(platform, passphrase_bytes(platform, text), purpose, parameters)
    if key is None:
        sentence = "This page could not load Argon2id, which this passphrase needs. Reload the page."
        raise Problem("passphrase", "kdf-unavailable", sentence)
    secret = await opened(platform, key, purpose + parameters.octets, wrapped[reader.at :])
    if secret is None:
        raise Problem("passphrase", "wrong-device-passphrase", "That is another passphrase. Nothing was changed.")
    return secret
