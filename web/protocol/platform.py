"""What the protocol needs of the world: cryptography, randomness, a clock, Unicode. Specification, section 2.

The page gives `browser.platform.BrowserPlatform` (Web Crypto); the tests give one over pyca/cryptography, which is the
second implementation that checks the first. Keys are handles that only the platform looks into.
"""

# What stands before a raw private key of 32 bytes in PKCS #8 (RFC 8410, section 7): the only form that is imported.
ED25519_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
X25519_PKCS8 = bytes.fromhex("302e020100300506032b656e04220420")


class Platform:
    """The interface. Bytes are `bytes`; a handle is whatever the platform makes of a key."""

    def random(self, count):
        """`count` bytes from the system's generator."""
        raise NotImplementedError

    def seconds(self):
        """A clock that never goes back, in seconds, as a float. Its zero means nothing."""
        raise NotImplementedError

    def time(self):
        """Whole seconds since 1970-01-01 UTC, by this device's clock, which may be wrong and may be set."""
        raise NotImplementedError

    def nfc(self, text):
        """`text` in Unicode Normalization Form C (UAX #15)."""
        raise NotImplementedError

    def caseless(self, text):
        """NFKD(upper(lower(NFKD(text)))) (UAX #15; the Unicode Standard, section 3.13, without a language)."""
        raise NotImplementedError

    def utf8(self, data):
        """The text that strict UTF-8 `data` holds (RFC 3629; a byte order mark is kept), or None."""
        raise NotImplementedError

    def base64url(self, data):
        """`data` in base64url without padding (RFC 4648, section 5)."""
        raise NotImplementedError

    def from_base64url(self, text):
        """The bytes of `text`, or None for a letter outside the alphabet.

        White space, padding and spare bits may pass: encoding.from_base64url refuses them.
        """
        raise NotImplementedError

    async def sha512(self, data):
        """SHA-512 of `data`, 64 bytes (FIPS 180-4)."""
        raise NotImplementedError

    async def passphrase_key(self, passphrase):
        """A handle that PBKDF2 can derive from. The bytes need not be kept after this."""
        raise NotImplementedError

    async def pbkdf2_aes_key(self, passphrase_key, salt, iterations):
        """An AES-256-GCM handle: PBKDF2-HMAC-SHA-256 (RFC 8018, section 5.2), 32 bytes."""
        raise NotImplementedError

    async def pbkdf2_root(self, passphrase_key, salt, iterations):
        """An HKDF handle holding the 32 bytes of PBKDF2-HMAC-SHA-256."""
        raise NotImplementedError

    def argon2id_secret(self, passphrase):
        """A handle that Argon2id can derive from, until it is forgotten. The bytes need not be kept after this."""
        raise NotImplementedError

    async def argon2id_root(self, secret, salt, passes, lanes, mebibytes):
        """An HKDF handle holding the 32 bytes of Argon2id, version 1.3 (RFC 9106), without secret value or associated
        data; None where there is no Argon2id, or not enough memory for it."""
        raise NotImplementedError

    def argon2id_forget(self, secret):
        """The handle is not needed any more; what is being derived from it gives None."""
        raise NotImplementedError

    async def hkdf_aes_key(self, root, salt, info):
        """An AES-256-GCM handle: HKDF-SHA-256 (RFC 5869), Extract and Expand, 32 bytes."""
        raise NotImplementedError

    async def aes_key(self, key):
        """An AES-256-GCM handle of key(32)."""
        raise NotImplementedError

    async def profile_key(self):
        """A new AES-256-GCM handle that lasts where handles can be stored, and can unwrap private keys besides."""
        raise NotImplementedError

    async def aes_gcm_seal(self, key, nonce, plaintext, aad):
        """Ciphertext || tag(16) (NIST SP 800-38D), nonce(12)."""
        raise NotImplementedError

    async def aes_gcm_open_all(self, sealed):
        """For each (key, nonce, ciphertext || tag, aad): the plaintext, or None if it does not authenticate."""
        raise NotImplementedError

    async def x25519_generate(self):
        """(private handle, public(32)): a new pair (RFC 7748, section 6.1)."""
        raise NotImplementedError

    async def x25519_import(self, private):
        """A private handle of private(32). The bytes need not be kept after this."""
        raise NotImplementedError

    async def x25519_unwrap(self, key, nonce, wrapped, aad):
        """A private handle of wrapped = AES-GCM(key, nonce, PKCS #8, aad), or None. Nobody sees what is inside."""
        raise NotImplementedError

    async def x25519_public(self, private):
        """public(32) of a private handle: X25519(private, 9)."""
        raise NotImplementedError

    async def x25519(self, private, public):
        """X25519(private, public), 32 bytes (RFC 7748, section 5). None if they are all zero, as a public key of small
        order makes them (section 6.1), and for one that has not 32 bytes."""
        raise NotImplementedError

    async def ed25519_generate(self):
        """(private handle, public(32)): a new pair (RFC 8032, section 5.1)."""
        raise NotImplementedError

    async def ed25519_import(self, seed):
        """A private handle of seed(32). The bytes need not be kept after this."""
        raise NotImplementedError

    async def ed25519_unwrap(self, key, nonce, wrapped, aad):
        """As x25519_unwrap()."""
        raise NotImplementedError

    async def ed25519_sign(self, private, message):
        """signature(64)."""
        raise NotImplementedError

    async def ed25519_verify_all(self, signed):
        """For each (public(32), signature(64), message): True or False. Never raises for bad keys or signatures."""
        raise NotImplementedError
