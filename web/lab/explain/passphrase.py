"""A message of level passphrase, step by step, in the order of the checks. Specification, section 4. Pure."""

from protocol.envelope import ARGON2ID, argon2id_parts
from protocol.errors import Forked, OutOfOrder, Refusal
from protocol.levels import Opened, passphrase
from protocol.padding import unpad

from . import NOT_DERIVED, TOO_LATE, Message, Step, Value, secret, take_apart, walk

FILE, ENVELOPE = "protocol/levels/passphrase.py", "protocol/envelope.py"
SIGNED = "protocol/levels/signed_texts.py"
OF_THE_LOG = (Forked, OutOfOrder)  # the warnings of section 4.5; the others are of section 4.4


async def steps(level, entry, outcome):
    ways = (body, form, header, signature, root_salt, root, key, nonce, padded, text, session, anchor)
    return await walk(ways, Message(level, entry, outcome))


async def body(message):
    step = Step("What is in it?", [(ENVELOPE, "passphrase_parts")])
    step.formulas = [
        'body       = "passphrase-1." || base64url(fields || ct || sig)',
        "fields     = kdf(1) || cost(4) || room_salt(16) || session_public(32) || sized(name) || counter(4)\n"
        "             || anchor_seq(8) || anchor_hash(32)",
    ]
    return take_apart(message, step)


async def form(message):
    ran = [(ENVELOPE, "PassphraseBody"), (ENVELOPE, "Parameters.check")]
    step = Step("Is each field as it must be, and the cost within its bounds?", ran, message.named("kdf", "cost"))
    found = message.level.look_at(message.entry)
    if isinstance(found, Refusal):
        return step.ends(found)
    message.body = found
    cost = found.parameters.cost
    if found.parameters.kdf == ARGON2ID:
        passes, lanes, mebibytes = argon2id_parts(cost)
        step.says(f"kdf 2 is Argon2id: passes {passes}, lanes {lanes}, MiB {mebibytes}.")
    else:
        step.says(f"kdf 1 is PBKDF2-HMAC-SHA-256: iterations {cost}.")
    return step.finds(Value("name", found.name), Value("fields", found.fields))


async def header(message):
    level = message.level
    step = Step("What is signed and authenticated besides the words?", [(FILE, "header"), (FILE, "label")])
    step.formulas = ['header     = "secure-chat passphrase 1 header" || sized(room) || fields']
    step.given = [label(level, "header"), room(level)] + message.named("fields")
    return step.finds(Value("header", passphrase.header(level.room, message.body.fields, level.id)))


async def signature(message):
    ran = [(SIGNED, "SignedTexts.check_signatures"), ("protocol/encoding.py", "canonical_signature")]
    step = Step("Did this session write exactly this?", ran)
    step.formulas = ["sig        = Ed25519(session_private, header || ct)"]
    step.given = message.named("session_public", "header", "ct", "sig")
    checked = [message.body]
    await message.level.check_signatures(checked)
    if isinstance(checked[0], Refusal):
        return step.ends(checked[0])
    return step.says("The signature is valid, which only session_private can make. It does not tell whose that is.")


async def root_salt(message):
    level = message.level
    step = Step("Which salt is this room's?", [(FILE, "root_salt")])
    step.formulas = ['root_salt  = SHA-256("secure-chat passphrase 1 root" || sized(room) || room_salt(16))']
    step.given = [label(level, "root"), room(level)] + message.named("room_salt")
    return step.finds(Value("root_salt", passphrase.root_salt(level.room, message.octets("room_salt"), level.id)))


async def root(message):
    level = message.level
    step = Step("What makes each guess of the passphrase slow?", [(FILE, "Passphrase.derive_root")])
    step.formulas = ["root       = KDF(UTF-8(NFC(passphrase)), root_salt, cost)"]
    words = secret("passphrase", level.platform.utf8(level.passphrase_key.octets))
    step.given = [words] + message.named("root_salt", "kdf", "cost")
    found = level.keyring.get(message.body.parameters.octets)
    if found is None:
        return step.waits(NOT_DERIVED)
    if isinstance(found, Refusal):
        return step.ends(found)
    return step.finds(secret("root", found.octets))


async def key(message):
    level, sender = message.level, message.body
    step = Step("Which key is this session's?", [(FILE, "Passphrase.session_key"), (FILE, "key_info")])
    step.formulas = [
        'key        = HKDF-SHA-256(root, salt = session_public(32), info = "secure-chat passphrase 1 key"'
        " || sized(room))"
    ]
    step.given = message.named("root", "session_public") + [label(level, "key"), room(level)]
    return step.finds(secret("key", (await level.session_key(sender.parameters, sender.session_public)).octets))


async def nonce(message):
    step = Step("Which nonce is this text's?", [(SIGNED, "nonce")], message.named("counter"))
    step.formulas = ["nonce      = 0^8 || counter(4)"]
    return step.finds(Value("nonce", passphrase.nonce(message.body.counter)))


async def padded(message):
    step = Step("Does it open?", [(FILE, "Passphrase.decrypt")], message.named("key", "nonce", "ct", "header"))
    step.formulas = ["ct         = AES-GCM(key, nonce, pad(UTF-8(text)), AAD = header)"]
    opened = [message.body]
    await message.level.decrypt(opened)
    if isinstance(opened[0], Refusal):
        return step.ends(opened[0])
    return step.finds(secret("pad(UTF-8(text))", opened[0][1]))


async def text(message):
    ran = [("protocol/padding.py", "unpad"), (SIGNED, "SignedTexts.text_of")]
    step = Step("How much of it is padding, and is the rest text?", ran, message.named("pad(UTF-8(text))"))
    step.formulas = ["pad(x)     = x || 80 || 0^k"]
    padded = message.octets("pad(UTF-8(text))")
    try:
        found = message.level.text_of(padded)
    except Refusal as refusal:
        return step.ends(refusal)
    return step.finds(secret("UTF-8(text)", unpad(padded)), secret("text", found))


async def session(message):
    """What a session has sent before cannot be found out a second time: this is what the page found at the time."""
    step = Step("Is it new, and is its sender still the same?", [("protocol/levels/senders.py", "Senders.check")])
    step.given = message.named("session_public", "name", "counter")
    if isinstance(message.outcome, Refusal):
        return step.ends(message.outcome)
    if not isinstance(message.outcome, Opened):
        return step.waits(TOO_LATE)
    warnings = [warning for warning in message.outcome.warnings if not isinstance(warning, OF_THE_LOG)]
    return step.warns(warnings) or step.says(
        "The name is still the same, and this counter is the next, or the first that came of this session."
    )


async def anchor(message):
    """Against the log as it was shown until then."""
    step = Step("Was its sender shown the same log?", [("protocol/levels/anchors.py", "Anchors.check")])
    step.given = [Value("seq", message.entry["seq"])] + message.named("anchor_seq", "anchor_hash")
    warnings = [warning for warning in message.outcome.warnings if isinstance(warning, OF_THE_LOG)]
    seq, anchors = message.body.anchor_seq, anchors_of(message.level)
    if seq in anchors.hashes:
        step.finds(Value(f"SHA-256 of body {seq} here", anchors.hashes[seq]))
    if seq == 0:
        return step.warns(warnings) or step.says("Its sender had been shown nothing before.")
    if anchors.hashes.get(seq) == message.body.anchor_hash:
        return step.warns(warnings) or step.says(f"Entry {seq}, the last that its sender was shown, is the same here.")
    return step.warns(warnings) or step.says(f"Entry {seq} is too long ago to be compared.")


def anchors_of(level):
    return level.messages.anchors if level.has_duties else level.anchors


def label(level, purpose):
    """As it is in this room: in the lab the level has another name than in the formula, and so has each label."""
    return Value("label", passphrase.label(level.id, purpose).decode())


def room(level):
    return Value("room", level.room.decode())
