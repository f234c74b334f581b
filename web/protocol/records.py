"""What lasts on a device, sealed with its place. Specification, level identity, section 7.1. Pure: a store keeps it.

A record that was altered, or that stands where another belongs, does not open.
"""

from .encoding import exactly, from_base64url, sized, utf8_bytes
from .errors import Malformed
from .hkdf import hmac_sha256
from .identity import LABEL, OurIdentity
from .platform import ED25519_PKCS8, X25519_PKCS8
from .store_errors import NotKept

NONCE, TAG = 12, 16


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


def octets_of(platform, value):
    """The bytes of a record, long enough to be opened. Raises NotKept."""
    try:
        octets = from_base64url(platform, value, "record") if type(value) is str else b""
    except Malformed:
        octets = b""
    if len(octets) < NONCE + TAG:
        raise NotKept("store-damaged")
    return octets


async def opened(platform, key, aad, sealed):
    """The data, or None for what seal() did not make with this key and aad."""
    (data,) = await platform.aes_gcm_open_all([(key, sealed[:NONCE], sealed[NONCE:], aad)])
    return data


class Records:
    """The records of the store `keys`, each sealed under the key of the profile.

    layered    each is sealed once more, under layer_key, a handle; None while it is locked
    """

    def __init__(self, platform, store, profile_key, layered=False, layer_key=None):
        self.platform = platform
        self.store = store
        self.profile_key = profile_key
        self.layered = layered
        self.layer_key = layer_key

    def unlocked(self):
        """Raises NotKept, unless records can be read and written."""
        if self.layered and self.layer_key is None:
            raise NotKept("device-locked")

    async def sealed(self, key, data):
        """(store, key, value), to be put."""
        return await self.with_layer(key, await seal(self.platform, self.profile_key, place("keys", key), data))

    async def with_layer(self, key, octets):
        self.unlocked()
        if self.layered:
            octets = await seal(self.platform, self.layer_key, place("keys", key), octets)
        return "keys", key, self.platform.base64url(octets)

    async def octets(self, key):
        """What stands there, still sealed under the key of the profile, or None. Raises NotKept."""
        self.unlocked()
        value = await self.store.get("keys", key)
        if value is None:
            return None
        octets = octets_of(self.platform, value)
        if self.layered:
            octets = await opened(self.platform, self.layer_key, place("keys", key), octets)
        if octets is None or len(octets) < NONCE + TAG:
            raise NotKept("store-damaged")
        return octets

    async def moved_to(self, other):
        """All of them, as they stand in the Records `other`, which has the same key of the profile. What is damaged is
        not among them: it stays what it is."""
        moved = []
        for key in await self.store.keys("keys"):
            try:
                moved.append(await other.with_layer(key, await self.octets(key)))
            except NotKept as failure:
                if failure.code != "store-damaged":
                    raise
        return moved

    async def get(self, key):
        """The data of a record, or None if there is no such. Raises NotKept."""
        octets = await self.octets(key)
        if octets is None:
            return None
        data = await opened(self.platform, self.profile_key, place("keys", key), octets)
        if data is None:
            raise NotKept("store-damaged")
        return data

    async def put(self, key, data):
        await self.store.put_all([await self.sealed(key, data)])

    async def wrapped(self, key, seed):
        """Two records with the private keys of seed(32), which unwrapped() makes handles of unseen."""
        scalar = (await self.platform.sha512(exactly(seed, 32, "seed")))[:32]
        ed25519 = await self.sealed(key + ".ed25519", ED25519_PKCS8 + seed)
        return [ed25519, await self.sealed(key + ".x25519", X25519_PKCS8 + scalar)]

    async def unwrapped(self, key):
        """OurIdentity of two such records. Raises NotKept."""
        ed25519 = await self.unwrap(self.platform.ed25519_unwrap, key + ".ed25519")
        x25519 = await self.unwrap(self.platform.x25519_unwrap, key + ".x25519")
        try:
            return await OurIdentity.from_keys(self.platform, ed25519, x25519)
        except ValueError:  # of two seeds
            raise NotKept("store-damaged")

    async def unwrap(self, unwrap, key):
        octets = await self.octets(key)
        if octets is None:
            raise NotKept("store-damaged")
        handle = await unwrap(self.profile_key, octets[:NONCE], octets[NONCE:], place("keys", key))
        if handle is None:
            raise NotKept("store-damaged")
        return handle
