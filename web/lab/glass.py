"""The lab's platform: the page's own, but with keys of glass. The levels run on it as they are.

Only here are a key, and what it is derived from, at hand as bytes, to be shown to who asks for them. So this is the
second module that uses crypto.subtle, and the server has it only where it was started with --lab.
"""

from pyscript.ffi import to_js

from browser import webcrypto
from browser.argon2 import Argon2id
from browser.platform import BrowserPlatform
from browser.webcrypto import from_octets, octets, subtle

AES_USAGES = to_js(["encrypt", "decrypt"])


class Glass:
    """A key: the browser's handle for it, and its bytes."""

    def __init__(self, key, octets):
        self.key = key
        self.octets = octets


async def root(bits):
    """An HKDF key."""
    return Glass(await subtle.importKey("raw", bits, "HKDF", False, to_js(["deriveBits"])), from_octets(bits))


async def aes_key(bits):
    return Glass(await subtle.importKey("raw", bits, "AES-GCM", False, AES_USAGES), from_octets(bits))


class GlassArgon2id(Argon2id):
    """Its worker is lab/argon2.js, whose answers are bytes."""

    def __init__(self, passphrase):
        super().__init__(passphrase)
        self.octets = passphrase


class GlassPlatform(BrowserPlatform):
    argon2id_secret = staticmethod(GlassArgon2id)

    async def passphrase_key(self, passphrase):
        return Glass(await webcrypto.passphrase_key(passphrase), passphrase)

    async def pbkdf2_aes_key(self, passphrase_key, salt, iterations):
        return await aes_key(await subtle.deriveBits(webcrypto.pbkdf2(salt, iterations), passphrase_key.key, 256))

    async def pbkdf2_root(self, passphrase_key, salt, iterations):
        return await root(await subtle.deriveBits(webcrypto.pbkdf2(salt, iterations), passphrase_key.key, 256))

    async def argon2id_root(self, secret, salt, passes, lanes, mebibytes):
        bits = await secret.root(salt, passes, lanes, mebibytes)
        return None if bits is None else await root(bits)

    async def hkdf_aes_key(self, root, salt, info):
        return await aes_key(await subtle.deriveBits(webcrypto.hkdf(salt, info), root.key, 256))

    async def aes_key(self, key):
        return Glass(await webcrypto.aes_key(key), key)

    async def aes_gcm_seal(self, key, nonce, plaintext, aad):
        return await webcrypto.aes_gcm_seal(key.key, nonce, plaintext, aad)

    async def aes_gcm_open_all(self, sealed):
        return await webcrypto.aes_gcm_open_all([(key.key, nonce, data, aad) for key, nonce, data, aad in sealed])

    async def ed25519_from_seed(self, seed):
        """(private handle, public(32)) of a known seed(32): for attacks that have made keys beforehand."""
        pkcs8 = octets(bytes.fromhex("302e020100300506032b657004220420") + seed)  # RFC 8410, section 7
        # Extractable, as the public half of a private key comes only by way of an export.
        private = await subtle.importKey("pkcs8", pkcs8, "Ed25519", True, to_js(["sign"]))
        public = await subtle.exportKey("jwk", private)
        return private, self.from_base64url(public.x)
