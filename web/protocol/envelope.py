"""Bodies that the relay carries <-> checked values, within their limits. Specification, sections 3 and 4.2. Pure.

Nothing here is cryptography: what comes out has the right form and is not yet believed.
"""

from .encoding import Reader, exactly, from_base64url, is_clean_name, sized, uint, utf8_bytes
from .errors import BadInput, CostOutOfRange, Malformed, NotEncrypted, OtherLevel, Problem

TEXT_BYTES = 16_384  # of a message, before padding
BODY_CHARACTERS = 65_536  # of a body, as the relay limits it
CLASSIC_SALT, CLASSIC_IV = 16, 12
GCM_TAG, SIGNATURE = 16, 64

PASSPHRASE_PREFIX, LAB_PASSPHRASE_PREFIX = "passphrase-1.", "lab-passphrase-1."
CLASSIC_START = '{"iv":"'
PREFIXES = (PASSPHRASE_PREFIX, "identity-1.", "identity-members-1.", "identity-history-1.")
PREFIXES += ("ratchet-1.", "ratchet-begin-1.")
STARTS = (CLASSIC_START,) + PREFIXES + tuple(["lab-" + prefix for prefix in PREFIXES])  # of a body of any level

# The fields before the ciphertext, in the order of section 4.2, with their bytes; 0 for one that gives its own length.
PASSPHRASE_FIELDS = (
    ("kdf", 1),
    ("cost", 4),
    ("room_salt", 16),
    ("session_public", 32),
    ("name", 0),
    ("counter", 4),
    ("anchor_seq", 8),
    ("anchor_hash", 32),
)

# What each field is, for who looks at a body.
CLASSIC_MEANINGS = {
    "iv": "random, new for each message",
    "ciphertext": "the text, encrypted, and the tag(16)",
    "salt": "random, once for the session: the slow key's salt",
}
PASSPHRASE_MEANINGS = {
    "kdf": "the slow key by PBKDF2 (1) or Argon2id (2)",
    "cost": "iterations, or passes(1), lanes(1), MiB(2)",
    "room_salt": "random, once for the room: the slow key's salt",
    "session_public": "the session's Ed25519 key, new at each Join",
    "name": "its length and the name, signed",
    "counter": "texts that the session sealed before; makes the nonce",
    "anchor_seq": "the newest entry that the sender had been shown",
    "anchor_hash": "SHA-256 of that entry's body",
    "ct": "the text, padded and encrypted, and the tag(16)",
    "sig": "Ed25519 over level, room and all fields before it",
}

PBKDF2, ARGON2ID = 1, 2
PBKDF2_COST = (600_000, 10_000_000)  # least and most iterations that are accepted
# What may come of passes, lanes and MiB, and of passes times MiB: 512 take about as long as the most of PBKDF2.
ARGON2ID_PASSES, ARGON2ID_LANES, ARGON2ID_MEBIBYTES, ARGON2ID_WORK = (2, 10), (1, 4), (19, 256), 512


def text_bytes(text):
    """UTF-8 of a message: 1 to 16,384 bytes. Raises Problem."""
    try:
        data = utf8_bytes(text, "text")
    except BadInput:
        raise Problem("message", "message-not-text", "The message holds half of a character. Type it anew.")
    if not data:
        raise Problem("message", "message-empty", "There is nothing to send yet.")
    if len(data) > TEXT_BYTES:
        raise Problem(
            "message",
            "message-too-long",
            f"The message has {len(data)} bytes; at most {TEXT_BYTES} are possible. Send it in parts.",
        )
    return data


def foreign(body):
    """The refusal for a body that is not of the level that looks at it."""
    if body.startswith(STARTS):
        return OtherLevel()
    return NotEncrypted()


class ClassicBody:
    """{iv, ciphertext, salt}: 12 bytes, ciphertext || tag(16), 16 bytes."""

    def __init__(self, iv, ciphertext, salt):
        self.iv = exactly(iv, CLASSIC_IV, "iv")
        self.ciphertext = ciphertext
        self.salt = exactly(salt, CLASSIC_SALT, "salt")

    def write(self, platform):
        b64 = platform.base64url
        return f'{{"iv":"{b64(self.iv)}","ciphertext":"{b64(self.ciphertext)}","salt":"{b64(self.salt)}"}}'


def read_classic(platform, body):
    """ClassicBody from a body. Raises NotEncrypted, OtherLevel or Malformed."""
    if not body.startswith(CLASSIC_START):
        raise foreign(body)
    # One spelling only, so no JSON parser is asked: MicroPython's takes 1e3, repeated keys and control characters.
    parts = body.split('"')
    if len(parts) != 13 or [parts[i] for i in (0, 1, 2, 4, 5, 6, 8, 9, 10, 12)] != [
        "{", "iv", ":", ",", "ciphertext", ":", ",", "salt", ":", "}",
    ]:  # fmt: skip
        raise Malformed("classic: not the one spelling")
    iv = from_base64url(platform, parts[3], "iv")
    ciphertext = from_base64url(platform, parts[7], "ciphertext")
    salt = from_base64url(platform, parts[11], "salt")
    if len(iv) != CLASSIC_IV or len(salt) != CLASSIC_SALT:
        raise Malformed("classic: wrong length of iv or salt")
    if not GCM_TAG < len(ciphertext) <= TEXT_BYTES + GCM_TAG:
        raise Malformed("classic: wrong length of ciphertext")
    return ClassicBody(iv, ciphertext, salt)


def argon2id_cost(passes, lanes, mebibytes):
    """passes(1) || lanes(1) || mebibytes(2), as a number."""
    return passes << 24 | lanes << 16 | mebibytes


def argon2id_parts(cost):
    """(passes, lanes, mebibytes)."""
    return cost >> 24, cost >> 16 & 0xFF, cost & 0xFFFF


def within(number, bounds):
    return bounds[0] <= number <= bounds[1]


class Parameters:
    """What a root key is derived with: kdf(1) || cost(4) || room_salt(16)."""

    def __init__(self, kdf, cost, room_salt):
        self.kdf = kdf
        self.cost = cost
        self.room_salt = exactly(room_salt, 16, "room_salt")
        self.octets = uint(kdf, 1, "kdf") + uint(cost, 4, "cost") + room_salt

    def check(self):
        """Raises Malformed or CostOutOfRange."""
        if self.kdf not in (PBKDF2, ARGON2ID):
            raise Malformed("kdf: unknown")
        if not (within(self.cost, PBKDF2_COST) if self.kdf == PBKDF2 else self.is_argon2id_cost()):
            raise CostOutOfRange()

    def is_argon2id_cost(self):
        passes, lanes, mebibytes = argon2id_parts(self.cost)
        if not within(passes, ARGON2ID_PASSES) or not within(lanes, ARGON2ID_LANES):
            return False
        return within(mebibytes, ARGON2ID_MEBIBYTES) and passes * mebibytes <= ARGON2ID_WORK


def passphrase_fields(parameters, session_public, name, counter, anchor_seq, anchor_hash):
    """The fields of a header as they stand in the body, in the order of section 4.2."""
    return (
        parameters.octets
        + exactly(session_public, 32, "session_public")
        + sized(utf8_bytes(name, "name"))
        + uint(counter, 4, "counter")
        + uint(anchor_seq, 8, "anchor_seq")
        + exactly(anchor_hash, 32, "anchor_hash")
    )


def write_passphrase(platform, fields, ciphertext, signature, prefix=PASSPHRASE_PREFIX):
    """The body: prefix || base64url(fields || ct || sig)."""
    return prefix + platform.base64url(fields + ciphertext + exactly(signature, SIGNATURE, "signature"))


class PassphraseBody:
    """A body of the passphrase level, taken apart; `fields` and `ciphertext` are the very bytes carried."""

    def __init__(self, platform, data):
        if len(data) <= SIGNATURE:
            raise Malformed("too short")
        reader = Reader(data[:-SIGNATURE])
        self.parameters = Parameters(reader.uint(1), reader.uint(4), reader.take(16))
        self.session_public = reader.take(32)
        self.name = platform.utf8(reader.sized(256))
        self.counter = reader.uint(4)
        self.anchor_seq = reader.uint(8)
        self.anchor_hash = reader.take(32)
        self.fields = data[: reader.at]
        self.ciphertext = data[reader.at : -SIGNATURE]
        self.signature = data[-SIGNATURE:]
        if self.name is None or not is_clean_name(platform, self.name):
            raise Malformed("name: not a clean name")
        if len(self.ciphertext) < 256 + GCM_TAG:
            raise Malformed("ciphertext: shorter than the least padding")
        self.parameters.check()
        # As senders.py asks for them.
        self.public = self.speaker = self.session_public
        self.constant = (self.name, self.parameters.octets)


def read_passphrase(platform, body, prefix=PASSPHRASE_PREFIX):
    """PassphraseBody from a body. Raises NotEncrypted, OtherLevel, Malformed or CostOutOfRange."""
    if not body.startswith(prefix):
        raise foreign(body)
    return PassphraseBody(platform, from_base64url(platform, body[len(prefix) :], "body"))


def classic_parts(platform, body):
    found = read_classic(platform, body)
    return [("iv", found.iv), ("ciphertext", found.ciphertext), ("salt", found.salt)]


def classic_pieces(parts):
    """The body as it is spelt: characters as they stand, and lists of parts that are joined and spelt in base64url."""
    pieces, before = [], "{"
    for part in parts:
        pieces += [f'{before}"{part[0]}":"', [part]]
        before = '",'
    return pieces + ['"}']


def passphrase_parts(platform, body, prefix=PASSPHRASE_PREFIX):
    if not body.startswith(prefix):
        raise foreign(body)
    data = from_base64url(platform, body[len(prefix) :], "body")
    if len(data) <= SIGNATURE:
        raise Malformed("too short")
    reader = Reader(data[:-SIGNATURE])
    parts = []
    for field, size in PASSPHRASE_FIELDS:
        octets = reader.take(size) if size else sized(reader.sized(256))
        parts.append((field, octets))
    return parts + [("ct", reader.data[reader.at :]), ("sig", data[-SIGNATURE:])]


def written(platform, pieces):
    """The body that a level's pieces spell."""
    spelt = [piece if type(piece) is str else platform.base64url(joined(piece)) for piece in pieces]
    return "".join(spelt)


def joined(parts):
    return b"".join([octets for _, octets in parts])
