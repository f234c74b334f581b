"""Level classic: the first design exactly. PBKDF2 and AES-256-GCM, a salt per session. Specification, section 3. Pure.

It keeps the words from the relay and nothing more: no sender, no order, no room is authenticated.
"""

from ..encoding import shown_name
from ..envelope import (
    CLASSIC_IV,
    CLASSIC_MEANINGS,
    CLASSIC_SALT,
    ClassicBody,
    classic_parts,
    classic_pieces,
    read_classic,
    text_bytes,
    written,
)
from ..errors import CannotOpen, NotText, Refusal, Replayed, UnknownKind
from . import MESSAGE, Opened, SharedSecret, Tag, Waiting
from .keyring import KeyRing

ITERATIONS = 150_000


class Classic(SharedSecret):
    id = "classic"
    title = "Classic"
    mark = ""
    sentence = (
        "The relay cannot read the words. It can put false names on them, repeat, withhold or reorder them, "
        "and it can try to guess the passphrase."
    )
    comparison = (
        "If they differ, another session wrote it. If all are equal, that proves little at this level: "
        "whoever knows the passphrase can write with a copy of this key's salt."
    )

    open_to_view = False
    padded = False
    sealed, signature = "ciphertext", ""
    meanings = CLASSIC_MEANINGS
    in_clear = "which one wrote it: all that one session writes has the same salt"

    parts = staticmethod(classic_parts)
    pieces = staticmethod(classic_pieces)

    @staticmethod
    def body_of(platform, parts):
        return written(platform, classic_pieces(parts))

    def __init__(self, platform, passphrase_key):
        self.platform = platform
        self.salt = platform.random(CLASSIC_SALT)
        self.tag = Tag(self.salt)
        self.seen = set()

        async def derive(salt):
            return await platform.pbkdf2_aes_key(passphrase_key, salt, ITERATIONS)

        self.keyring = KeyRing(platform, derive)

    @classmethod
    async def start(cls, platform, room, name, passphrase):
        """Room and name are not used: this level binds a message to neither."""
        return cls(platform, await platform.passphrase_key(passphrase))

    def new_log(self):
        pass

    def begins_at(self, log, oldest):
        pass

    def close(self):
        pass

    async def prepare(self):
        await self.keyring.add(self.salt)
        return []

    async def seal(self, text):
        """{iv, ciphertext, salt}. Raises Problem for a text that is empty or too long."""
        plaintext = text_bytes(text)
        # Random, so at most 2^32 messages under one key: a session never comes near (NIST SP 800-38D, section 8.3).
        iv = self.platform.random(CLASSIC_IV)
        ciphertext = await self.platform.aes_gcm_seal(self.keyring.get(self.salt), iv, plaintext, b"")
        return ClassicBody(iv, ciphertext, self.salt).write(self.platform)

    async def open(self, entries):
        outcomes = [self.look_at(entry) for entry in entries]
        due = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, ClassicBody)]
        for i, plaintext in zip(due, await self.decrypt([outcomes[i] for i in due])):
            outcomes[i] = self.opened(entries[i]["name"], outcomes[i], plaintext)
        return outcomes

    async def wish(self, entry):
        return isinstance(self.look_at(entry), Waiting)

    def look_at(self, entry):
        if entry["kind"] != MESSAGE:
            return UnknownKind()
        try:
            body = read_classic(self.platform, entry["body"])
        except Refusal as refusal:
            return refusal
        return body if self.keyring.get(body.salt) else Waiting(body.salt)

    async def decrypt(self, bodies):
        """Of each body whose key is known the plaintext, or None."""
        sealed = [(self.keyring.get(body.salt), body.iv, body.ciphertext, b"") for body in bodies]
        return await self.platform.aes_gcm_open_all(sealed)

    def opened(self, name, body, plaintext):
        if plaintext is None:
            return CannotOpen()
        # The salt stands for the session and the iv for its counter: an honest sender never repeats the pair.
        once = body.salt + body.iv
        if once in self.seen:
            return Replayed()
        self.seen.add(once)
        text = self.platform.utf8(plaintext)
        if text is None:
            return NotText()
        return Opened(text, shown_name(self.platform, name), Tag(body.salt), body.salt == self.salt, [])
