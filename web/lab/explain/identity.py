"""An entry of level identity, step by step, in the order of the checks. Specification, level identity, 5, 6. Pure."""

from protocol.epoch import commitment, wrap_info
from protocol.errors import Forked, OutOfOrder, Refusal, Replayed
from protocol.hpke import N_ENC, open_base
from protocol.identity_envelope import read_members
from protocol.identity_errors import BadWrap, NotForYou, OtherKey
from protocol.levels import Opened, messages
from protocol.levels.steward import HISTORY, MEMBERS
from protocol.padding import unpad
from protocol.roster import verified_hash

from . import Message, Step, Value, secret, take_apart, walk
from .passphrase import SIGNED, anchor

FILE = "protocol/levels/messages.py"
BODIES, EPOCH, ROSTER = "protocol/identity_bodies.py", "protocol/epoch.py", "protocol/roster.py"
HPKE = "protocol/hpke.py"
OF_THE_LOG = (Forked, OutOfOrder)  # the warnings of section 4.5 of the specification; the others are of its section 4.4


async def steps(level, entry, outcome):
    if entry["kind"] == MEMBERS:
        ways = (members_body, signatures, change, wrapped)
    elif entry["kind"] == HISTORY:
        ways = (history_body, change)
    else:
        ways = (body, form, header, signature, order, place, epoch_key, key, nonce, padded, text, anchor)
    return await walk(ways, Message(level, entry, outcome))


async def body(message):
    step = Step("What is in it?", [(BODIES, "message_parts")])
    step.formulas = [
        'body     = "identity-1." || base64url(fields || ct || sig)',
        "fields   = sender(32) || session(16) || epoch(8) || list_hash(32) || counter(4) || anchor_seq(8)"
        " || anchor_hash(32)",
    ]
    return take_apart(message, step)


async def form(message):
    ran = [(BODIES, "MessageBody"), ("protocol/identity.py", "checked")]
    step = Step("Is each field as it must be, and the sender a safe key?", ran, message.named("sender", "ct"))
    found = message.level.messages.look_at(message.entry)
    if isinstance(found, Refusal):
        return step.ends(found)
    message.body = found
    return step.finds(Value("fields", found.fields))


async def header(message):
    level = message.level
    step = Step("What is signed and authenticated besides the words?", [(FILE, "header")])
    step.formulas = ['header   = "secure-chat identity 1 header" || sized(room) || fields']
    step.given = [room(level)] + message.named("fields")
    return step.finds(Value("header", messages.header(level.room, message.body.fields)))


async def signature(message):
    ran = [(SIGNED, "SignedTexts.check_signatures"), ("protocol/encoding.py", "canonical_signature")]
    step = Step("Did this device write exactly this?", ran)
    step.formulas = ["sig      = Ed25519(sender, header || ct)"]
    step.given = message.named("sender", "header", "ct", "sig")
    checked = [message.body]
    await message.level.messages.check_signatures(checked)
    if isinstance(checked[0], Refusal):
        return step.ends(checked[0])
    return step.says(
        "The signature is valid, which only the device with this key can make. Whose device that is, the list says "
        "next, and people find out by comparing safety numbers."
    )


async def order(message):
    """What a session has sent before cannot be found out a second time: this is what the page found at the time."""
    step = Step("Is it new?", [("protocol/levels/senders.py", "Senders.check")])
    step.given = message.named("sender", "session", "counter")
    if isinstance(message.outcome, Replayed):
        return step.ends(message.outcome)
    warnings = message.outcome.warnings if isinstance(message.outcome, Opened) else []
    warnings = [warning for warning in warnings if not isinstance(warning, OF_THE_LOG)]
    return step.warns(warnings) or step.says(
        "This counter is the next of its session, or the first that came of it. No text is taken twice."
    )


async def place(message):
    """Likewise: what the newest list and epoch before it were is known only when it comes."""
    step = Step("Did it count there, by the list of members and the epoch of that moment?", [(FILE, "counted")])
    step.given = message.named("sender", "epoch", "list_hash")
    if is_of_place(message.outcome):
        return step.ends(message.outcome)
    step.says("Its epoch was the newest before it in the log, its list_hash that of its list, and the sender in it.")
    return step.finds(Value("name", message.outcome.name)) if isinstance(message.outcome, Opened) else step


def is_of_place(outcome):
    """Whether the refusal is one of the list and the epoch; NotForYou can also mean that there is no key."""
    return isinstance(outcome, Refusal) and outcome.code in ("old-epoch", "forked-list", "not-a-member")


async def epoch_key(message):
    level, keys = message.level, message.level.membership.keys
    step = Step("Which room key is that of its epoch?", [(EPOCH, "unwrap"), (EPOCH, "commitment")])
    step.formulas = [
        "enc || ct   = HPKE-Seal(member's x25519_public, info, epoch_key)",
        'commitment  = HKDF-SHA-256(epoch_key, no salt, info = "secure-chat identity 1 commitment")',
    ]
    found = keys.keys.get(message.body.epoch)
    step.given = [room(level)] + message.named("epoch", "list_hash")
    if found is None:
        return step.ends(NotForYou())
    step.says("It came wrapped for this device alone, in the entry that began the epoch, and is the one signed there.")
    return step.finds(secret("epoch_key", found), Value("commitment", commitment(found)))


async def key(message):
    body = message.body
    step = Step("Which key is this sender's?", [(EPOCH, "message_key")])
    step.formulas = [
        'key      = HKDF-SHA-256(epoch_key, salt = session, info = "secure-chat identity 1 key" || sender)'
    ]
    step.given = message.named("epoch_key", "session", "sender")
    message.key = await message.level.membership.keys.message_key(body.epoch, body.session, body.sender)
    return step.finds(secret("key", message.key.octets))


async def nonce(message):
    step = Step("Which nonce is this text's?", [(SIGNED, "nonce")], message.named("counter"))
    step.formulas = ["nonce    = 0^8 || counter(4)"]
    return step.finds(Value("nonce", messages.nonce(message.body.counter)))


async def padded(message):
    step = Step("Does it open?", [(FILE, "Messages.decrypt")], message.named("key", "nonce", "ct", "header"))
    step.formulas = ["ct       = AES-GCM(key, nonce, pad(UTF-8(text)), AAD = header)"]
    sealed = (message.key, message.octets("nonce"), message.body.ciphertext, message.octets("header"))
    [opened] = await message.level.platform.aes_gcm_open_all([sealed])
    return step.ends(OtherKey()) if opened is None else step.finds(secret("pad(UTF-8(text))", opened))


async def text(message):
    ran = [("protocol/padding.py", "unpad"), (SIGNED, "SignedTexts.text_of")]
    step = Step("How much of it is padding, and is the rest text?", ran, message.named("pad(UTF-8(text))"))
    padded = message.octets("pad(UTF-8(text))")
    try:
        found = message.level.messages.text_of(padded)
    except Refusal as refusal:
        return step.ends(refusal)
    return step.finds(secret("UTF-8(text)", unpad(padded)), secret("text", found))


# An entry of the level's own


async def members_body(message):
    step = Step("What is in it?", [("protocol/identity_envelope.py", "MembersEntry")])
    step.formulas = [
        "fields     = number(4) || previous(32) || time(8) || signer(32) || count(1) || member ...",
        "member     = identity(32) || flags(1) || sized(name)",
        "epoch_fields  = epoch(8) || wrapper(32) || commitment(32) || (enc(32) || ct(48)) for each member, in the order"
        " of the list",
    ]
    return take_apart(message, step)


async def signatures(message):
    level = message.level
    step = Step("Did its signer and its wrapper sign exactly this?", [(ROSTER, "verified_hash"), (ROSTER, "hash_of")])
    step.formulas = [
        'list       = "secure-chat identity 1 list" || sized(room) || fields',
        "list_hash  = SHA-256(list)",
        "list_sig   = Ed25519(signer, list)",
    ]
    step.given = [room(level)] + message.named("signer", "list_sig")
    try:
        message.read = read_members(level.platform, message.entry["body"], level.members_prefix)
        return step.finds(Value("list_hash", await verified_hash(level.platform, level.room, message.read)))
    except Refusal as refusal:
        return step.ends(refusal)


async def wrapped(message):
    level, epoch = message.level, message.read.epoch
    step = Step(
        "Which room key is in it for this device?", [(EPOCH, "wrap_info"), (EPOCH, "unwrap"), (HPKE, "open_base")]
    )
    step.formulas = [
        "enc || ct   = HPKE-Seal(member's x25519_public, info, epoch_key)",
        'info        = "secure-chat identity 1 wrap" || sized(room) || epoch(8) || list_hash(32) || wrapper(32)',
        'commitment  = HKDF-SHA-256(epoch_key, no salt, info = "secure-chat identity 1 commitment")',
    ]
    ours, identities = level.ours, [member.identity for member in message.read.list.members]
    if epoch is None or ours.public not in identities:
        return step.says("None: " + ("who leaves begins no room key." if epoch is None else "it is not in the list."))
    info = wrap_info(level.room, epoch.number, message.octets("list_hash"), epoch.wrapper)
    sealed = epoch.wrapped[identities.index(ours.public)]
    own = [Value("our enc", sealed[:N_ENC]), Value("our ct", sealed[N_ENC:])]
    step.given = [room(level)] + message.named("list_hash", "epoch", "wrapper") + own
    key = await open_base(level.platform, ours.x25519_private, ours.x25519_public, info, b"", sealed)
    if key is None or commitment(key) != epoch.commitment:
        return step.says(BadWrap.for_people, BadWrap.code)
    step.says(
        "It opens with this device's X25519 key, which the page holds and cannot read out, and is the one signed."
    )
    return step.finds(Value("info", info), secret("epoch_key", key), Value("commitment", commitment(key)))


async def history_body(message):
    step = Step("What is in it?", [(BODIES, "HistoryEntry"), (EPOCH, "history_label")])
    step.formulas = ["fields   = sender(32) || recipient(32) || first epoch(8) || count(2)"]
    return take_apart(message, step)


async def change(message):
    """What the newest list and epoch before it were is known only when it comes."""
    step = Step(
        "Did it count there, and what did it change?", [("protocol/levels/identity.py", "Identity.open_control")]
    )
    if isinstance(message.outcome, Refusal):
        return step.ends(message.outcome)
    return step.says(" ".join([sentence for sentence, _ in message.outcome.notices]))


def room(level):
    return Value("room", level.room.decode())
