"""What lasts on a device, sealed with its place. Specification, level identity, section 7.1. Pure: a store keeps it.

A record that was altered, or that stands where another belongs, does not open.
"""

from .encoding import exactly, from_base64url, sized, utf8_bytes
from .errors import Malformed
from .hkdf import hmac_sha256
from .identity import LABEL, OurIdentity
from .platform import ED25519_PKCS8, X25519_PKCS8

NONCE, TAG = 12, 16


class Damaged(Exception):
    """A record does not open, or is missing beside others that need it."""

    code = "store-damaged"
    for_people = (
        "What this device keeps under this name is damaged, so it is not used. Take another name, or erase what is "
        "kept under this one: it then begins anew, as on a new device."
    )


def place(store, key):
    """The AAD of what stands in an object store under a key, both text."""
    return LABEL + b"record" + sized(utf8_bytes(store, "store")) + sized(utf8_bytes(key, "key"))


def id_of(platform, names_key, *names):
    """22 letters that stand for names in a key. Without names_key(32) nobody can tell which, or try names out."""
    names = b"".join([sized(utf8_bytes(name, "name")) for name in names])
    return platform.base64url(hmac_sha256(names_key, LABEL + b"name" + names)[:16])


async def seal(platform, key, aad, data):
    """nonce(12) || AES-GCM(key, nonce, data, aad). A random nonce: one key seals far fewer than 2^32 records."""
    nonce = platform.random(NONCE)
    return nonce + await platform.aes_gcm_seal(key, nonce, data, aad)


async def opened(platform, key, aad, sealed):
    """The data, or None for what seal() did not make with this key and aad."""
    (data,) = await platform.aes_gcm_open_all([(key, sealed[:NONCE], sealed[NONCE:], aad)])
    return data


class Records:
    """The records of the store `keys`, each sealed under the key of the profile."""

    def __init__(self, platform, store, profile_key):
        self.platform = platform
        self.store = store
        self.profile_key = profile_key

    async def sealed(self, key, data):
        """(store, key, value), to be put."""
        return self.to_put(key, await seal(self.platform, self.profile_key, place("keys", key), data))

    def to_put(self, key, octets):
        return "keys", key, self.platform.base64url(octets)

    async def octets(self, key):
        """What stands there, still sealed under the key of the profile, or None. Raises Damaged."""
        value = await self.store.get("keys", key)
        if value is None:
            return None
        try:
            octets = from_base64url(self.platform, value, "record")
        except Malformed:
            raise Damaged()
        if len(octets) < NONCE + TAG:
            raise Damaged()
        return octets

    async def get(self, key):
        """The data of a record, or None if there is no such. Raises Damaged."""
        octets = await self.octets(key)
        if octets is None:
            return None
        data = await opened(self.platform, self.profile_key, place("keys", key), octets)
        if data is None:
            raise Damaged()
        return data

    async def put(self, key, data):
        await self.store.put_all([await self.sealed(key, data)])

    async def wrapped(self, key, seed):
        """Two records with the private keys of seed(32), which unwrapped() makes handles of unseen."""
        scalar = (await self.platform.sha512(exactly(seed, 32, "seed")))[:32]
        ed25519 = await self.sealed(key + ".ed25519", ED25519_PKCS8 + seed)
        return [ed25519, await self.sealed(key + ".x25519", X25519_PKCS8 + scalar)]

    async def unwrapped(self, key):
        """OurIdentity of two such records. Raises Damaged."""
        ed25519 = await self.unwrap(self.platform.ed25519_unwrap, key + ".ed25519")
        x25519 = await self.unwrap(self.platform.x25519_unwrap, key + ".x25519")
        try:
            return await OurIdentity.from_keys(self.platform, ed25519, x25519)
        except ValueError:  # of two seeds
            raise Damaged()

    async def unwrap(self, unwrap, key):
        octets = await self.octets(key)
        if octets is None:
            raise Damaged()
        handle = await unwrap(self.profile_key, octets[:NONCE], octets[NONCE:], place("keys", key))
        if handle is None:
            raise Damaged()
        return handle
