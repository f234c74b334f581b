"""Level passphrase: a slow key per room, a cheap one per session, every body signed. Specification, section 4. Pure."""

from hashlib import sha256

from ..encoding import sized, utf8_bytes
from ..envelope import (
    ARGON2ID,
    PASSPHRASE_MEANINGS,
    PASSPHRASE_PREFIX,
    PBKDF2,
    PBKDF2_COST,
    Parameters,
    argon2id_cost,
    argon2id_parts,
    passphrase_fields,
    passphrase_parts,
    read_passphrase,
    text_bytes,
    write_passphrase,
)
from ..errors import BadInput, KdfUnavailable, Refusal, UnknownKind, WrongPassphrase
from ..padding import pad
from . import MESSAGE, Opened, Prefixed, SharedSecret, Tag, Waiting
from .anchors import Anchors
from .keyring import KeyRing
from .senders import Senders
from .signed_texts import SignedTexts, nonce

# What a new room is begun with: the first that the page can derive. 19 MiB, 2 passes, 1 lane is the least that OWASP's
# Password Storage Cheat Sheet has for Argon2id, and 600,000 iterations its figure for PBKDF2-HMAC-SHA-256.
NEW_ROOM = ((ARGON2ID, argon2id_cost(2, 1, 19)), (PBKDF2, PBKDF2_COST[0]))
SESSION_KEYS = 1_000  # kept at once: anyone can make up sessions, and a forgotten key is derived again in 0.1 ms


def label(level, purpose):
    """Keeps the bytes of one purpose from those of another, and those of a level (its id) from another's."""
    return f"secure-chat {level} 1 {purpose}".encode()


def root_salt(room, room_salt, level="passphrase"):
    """SHA-256(label || sized(room) || room_salt(16)): a guess of the passphrase helps in one room only."""
    return sha256(label(level, "root") + sized(room) + room_salt).digest()


def key_info(room, level="passphrase"):
    """HKDF's info for a session's key."""
    return label(level, "key") + sized(room)


def header(room, fields, level="passphrase"):
    """What is authenticated besides the ciphertext: label || sized(room) || the fields as they stand in the body."""
    return label(level, "header") + sized(room) + fields


class Passphrase(SharedSecret, Prefixed, SignedTexts):
    id = "passphrase"
    prefix = PASSPHRASE_PREFIX  # of its bodies
    title = "Passphrase"
    mark = ""
    sentence = (
        "Only who knows the passphrase can read or write. Altered, forged and repeated messages are refused; "
        "missing or reordered ones are marked. Whoever learns the passphrase can read all that is stored."
    )
    comparison = "If all are equal, the same session wrote it; if one differs, another did."

    open_to_view = False
    padded = True
    sealed, signature = "ct", "sig"
    meanings = PASSPHRASE_MEANINGS
    in_clear = "whose it is, how much it wrote before and what it had been shown: all before ct is not encrypted"

    @classmethod
    def parts(cls, platform, body):
        return passphrase_parts(platform, body, cls.prefix)

    def __init__(self, platform, room, name, secrets, session):
        self.platform = platform
        self.room = utf8_bytes(room, "room")
        self.name = name
        self.private, self.public = session
        self.tag = Tag(self.public)
        self.counter = 0
        self.parameters = None  # what we seal with; fixed from our first message on
        self.newest_opened = None  # parameters of the newest body in the log that opened
        self.newest_seq = 0
        self.session_keys = {}  # parameters || session_public -> AES key
        self.senders = Senders()
        self.anchors = Anchors()
        self.passphrase_key, self.argon2id_secret = secrets
        self.keyring = KeyRing(platform, self.derive_root)

    @classmethod
    async def start(cls, platform, room, name, passphrase):
        """A new session: an Ed25519 pair made in memory, never stored. `room` and `name` are clean names."""
        secrets = await platform.passphrase_key(passphrase), platform.argon2id_secret(passphrase)
        return cls(platform, room, name, secrets, await platform.ed25519_generate())

    async def derive_root(self, octets):
        """The root for kdf(1) || cost(4) || room_salt(16), which Parameters.check() accepts, or KdfUnavailable."""
        cost, salt = int.from_bytes(octets[1:5], "big"), root_salt(self.room, octets[5:], self.id)
        if octets[0] == PBKDF2:
            return await self.platform.pbkdf2_root(self.passphrase_key, salt, cost)
        passes, lanes, mebibytes = argon2id_parts(cost)
        root = await self.platform.argon2id_root(self.argon2id_secret, salt, passes, lanes, mebibytes)
        return KdfUnavailable() if root is None else root

    def new_log(self):
        self.anchors = Anchors()
        self.newest_seq = 0

    def begins_at(self, log, oldest):
        self.anchors.complete_from(oldest)

    def close(self):
        self.platform.argon2id_forget(self.argon2id_secret)

    async def prepare(self):
        """Takes kdf, cost and room_salt from the newest body that opened; makes a room_salt only if there is none."""
        if self.parameters is None:
            self.parameters = self.newest_opened or await self.new_parameters()
        await self.session_key(self.parameters, self.public)
        return []

    async def new_parameters(self):
        """Of a room in which nothing opened."""
        room_salt = self.platform.random(16)
        for kdf, cost in NEW_ROOM:
            parameters = Parameters(kdf, cost, room_salt)
            await self.keyring.add(parameters.octets)
            if not isinstance(self.keyring.get(parameters.octets), Refusal):
                break
        return parameters

    async def session_key(self, parameters, public):
        """key = HKDF-SHA-256(root, salt = session_public, info = label || sized(room)). None while there is no root,
        and the refusal if there cannot be one."""
        name = parameters.octets + public
        key = self.session_keys.get(name)
        if key is None:
            root = self.keyring.get(parameters.octets)
            if root is None or isinstance(root, Refusal):
                return root
            if len(self.session_keys) >= SESSION_KEYS:
                self.session_keys = {}
            key = await self.platform.hkdf_aes_key(root, public, key_info(self.room, self.id))
            self.session_keys[name] = key
        return key

    def header_of(self, body):
        return header(self.room, body.fields, self.id)

    async def seal(self, text):
        """The body. Raises Problem for a text that is empty or too long. Call prepare() before."""
        plaintext = pad(text_bytes(text))
        if self.counter >= 2**32 - 1:
            raise BadInput("counter: this session has sealed all it may; join again")
        counter, self.counter = self.counter, self.counter + 1
        # Taken before the first await, so that no second seal() can come by the same counter.
        anchor_seq, anchor_hash = self.anchors.newest
        fields = passphrase_fields(self.parameters, self.public, self.name, counter, anchor_seq, anchor_hash)
        aad = header(self.room, fields, self.id)
        key = await self.session_key(self.parameters, self.public)
        ciphertext = await self.platform.aes_gcm_seal(key, nonce(counter), plaintext, aad)
        signature = await self.platform.ed25519_sign(self.private, aad + ciphertext)
        return write_passphrase(self.platform, fields, ciphertext, signature, self.prefix)

    async def open(self, entries):
        """Three passes, each one batch: form, signature, key and ciphertext; then order, one by one."""
        outcomes = [self.look_at(entry) for entry in entries]
        await self.check_signatures(outcomes)
        await self.decrypt(outcomes)
        for i, entry in enumerate(entries):
            self.anchors.note(entry["seq"], entry["body"])
            if isinstance(outcomes[i], tuple):
                outcomes[i] = self.opened(entry["seq"], *outcomes[i])
        return outcomes

    async def wish(self, entry):
        outcomes = [self.look_at(entry)]
        await self.check_signatures(outcomes)
        body = outcomes[0]
        return not isinstance(body, Refusal) and self.keyring.get(body.parameters.octets) is None

    def look_at(self, entry):
        if entry["kind"] != MESSAGE:
            return UnknownKind()
        try:
            return read_passphrase(self.platform, entry["body"], self.prefix)
        except Refusal as refusal:
            return refusal

    async def decrypt(self, outcomes):
        due, sealed = [], []
        for i, body in enumerate(outcomes):
            if isinstance(body, Refusal):
                continue
            key = await self.session_key(body.parameters, body.session_public)
            if key is None or isinstance(key, Refusal):
                outcomes[i] = key or Waiting(body.parameters.octets)
                continue
            due.append(i)
            sealed.append((key, nonce(body.counter), body.ciphertext, body.aad))
        for i, padded in zip(due, await self.platform.aes_gcm_open_all(sealed)):
            outcomes[i] = WrongPassphrase() if padded is None else (outcomes[i], padded)

    def opened(self, seq, body, padded):
        try:
            text = self.text_of(padded)
            warnings = self.senders.check(body)
        except Refusal as refusal:
            return refusal
        if seq > self.newest_seq:  # older ones may have waited for their key
            self.newest_opened, self.newest_seq = body.parameters, seq
        anchor = self.anchors.check(seq, body.anchor_seq, body.anchor_hash)
        if anchor:
            warnings.append(anchor)
        return Opened(text, body.name, self.senders.tag(body), body.session_public == self.public, warnings)
