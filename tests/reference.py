"""The second implementation: the protocol's platform over pyca/cryptography. What both agree on is right."""

import base64
import hashlib
import os
import string
import time
import unicodedata
from functools import cache

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import load_der_private_key

from protocol.platform import Platform


@cache  # tests share few passphrases and salts; each key takes as long as a hundred tests
def pbkdf2(passphrase, salt, iterations):
    return PBKDF2HMAC(SHA256(), 32, salt, iterations).derive(passphrase)


@cache
def argon2id(passphrase, salt, passes, lanes, mebibytes):
    how = {"iterations": passes, "lanes": lanes, "memory_cost": mebibytes * 1024}
    return Argon2id(salt=salt, length=32, **how).derive(passphrase)


ALPHABET = set(string.ascii_letters + string.digits + "-_")


class ReferencePlatform(Platform):
    """Keys are plain bytes here. `seeded` gives known bytes in place of random ones, for known answers."""

    def __init__(self, seeded=None):
        self.seeded = bytearray(seeded or b"")
        self.now = None  # a test that sets it holds the clock
        self.date = None  # and that of the calendar, in seconds since 1970

    def random(self, count):
        if not self.seeded:
            return os.urandom(count)
        taken, self.seeded = bytes(self.seeded[:count]), self.seeded[count:]
        return taken

    def seconds(self):
        return time.monotonic() if self.now is None else self.now

    def time(self):
        return int(time.time()) if self.date is None else self.date

    def nfc(self, text):
        return unicodedata.normalize("NFC", text)

    def caseless(self, text):
        lower = unicodedata.normalize("NFKD", text).lower()
        return unicodedata.normalize("NFKD", lower.upper())

    def utf8(self, data):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def base64url(self, data):
        return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")

    def from_base64url(self, text):
        try:
            # CPython's decoder takes + and / beside - and _, and skips other letters.
            return None if set(text) - ALPHABET else base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None

    async def sha512(self, data):
        return hashlib.sha512(data).digest()

    async def passphrase_key(self, passphrase):
        return passphrase

    async def pbkdf2_root(self, passphrase_key, salt, iterations):
        return pbkdf2(passphrase_key, salt, iterations)

    pbkdf2_aes_key = pbkdf2_root

    def argon2id_secret(self, passphrase):
        return {"passphrase": passphrase}

    async def argon2id_root(self, secret, salt, passes, lanes, mebibytes):
        return argon2id(secret["passphrase"], salt, passes, lanes, mebibytes) if secret else None

    def argon2id_forget(self, secret):
        secret.clear()

    async def hkdf_aes_key(self, root, salt, info):
        return HKDF(SHA256(), 32, salt, info).derive(root)

    async def aes_key(self, key):
        return key

    async def profile_key(self):
        return self.random(32)

    async def aes_gcm_seal(self, key, nonce, plaintext, aad):
        return AESGCM(key).encrypt(nonce, plaintext, aad)

    async def aes_gcm_open_all(self, sealed):
        return [self.aes_gcm_open(*one) for one in sealed]

    def aes_gcm_open(self, key, nonce, ciphertext, aad):
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, aad)
        except InvalidTag:
            return None

    async def x25519_generate(self):
        private = await self.x25519_import(self.random(32))
        return private, await self.x25519_public(private)

    async def x25519_import(self, private):
        return X25519PrivateKey.from_private_bytes(private)

    async def x25519_unwrap(self, key, nonce, wrapped, aad):
        return self.unwrapped(key, nonce, wrapped, aad, X25519PrivateKey)

    def unwrapped(self, key, nonce, wrapped, aad, kind):
        pkcs8 = self.aes_gcm_open(key, nonce, wrapped, aad)
        private = load_der_private_key(pkcs8, None) if pkcs8 else None
        return private if isinstance(private, kind) else None

    async def x25519_public(self, private):
        return private.public_key().public_bytes_raw()

    async def x25519(self, private, public):
        try:
            return private.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError:
            return None

    async def ed25519_generate(self):
        private = await self.ed25519_import(self.random(32))
        return private, private.public_key().public_bytes_raw()

    async def ed25519_import(self, seed):
        return Ed25519PrivateKey.from_private_bytes(seed)

    async def ed25519_unwrap(self, key, nonce, wrapped, aad):
        return self.unwrapped(key, nonce, wrapped, aad, Ed25519PrivateKey)

    async def ed25519_sign(self, private, message):
        return private.sign(message)

    async def ed25519_verify_all(self, signed):
        return [self.ed25519_verify(*one) for one in signed]

    def ed25519_verify(self, public, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class WithoutArgon2id(ReferencePlatform):
    """That of a page which could not load it."""

    def argon2id_secret(self, passphrase):
        return {}


def run(coroutine):
    """The result of a coroutine that waits for nothing: the reference platform never does."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the coroutine waited for something")
