"""A message of level classic, step by step. Specification, section 3. Pure."""

from protocol.errors import CannotOpen, Refusal
from protocol.levels import Opened

from . import NOT_DERIVED, TOO_LATE, Message, Step, Value, secret, take_apart, walk

FILE = "protocol/levels/classic.py"


async def steps(level, entry, outcome):
    return await walk((body, key, plaintext, text), Message(level, entry, outcome))


async def body(message):
    step = Step("What is in it?", [("protocol/envelope.py", "read_classic")])
    step.formulas = [
        'body       = {"iv":"<base64url>","ciphertext":"<base64url>","salt":"<base64url>"}',
        "salt       = random(16), new for each session, sent with each message",
        "iv         = random(12), new for each message",
    ]
    return take_apart(message, step)


async def key(message):
    level = message.level
    step = Step("Which key is this session's?", [(FILE, "Classic.__init__.derive")])
    step.formulas = ["key        = PBKDF2-HMAC-SHA-256(UTF-8(NFC(passphrase)), salt, 150,000 iterations)"]
    step.given = [secret("passphrase", level.platform.utf8(level.passphrase_key.octets))] + message.named("salt")
    derived = level.keyring.get(message.octets("salt"))
    if derived is None:
        return step.waits(NOT_DERIVED)
    return step.finds(secret("key", derived.octets))


async def plaintext(message):
    step = Step("Does it open?", [(FILE, "Classic.decrypt")], message.named("key", "iv", "ciphertext"))
    step.formulas = ["ciphertext = AES-GCM(key, iv, UTF-8(text), no AAD)"]
    [opened] = await message.level.decrypt([message.level.look_at(message.entry)])
    if opened is None:
        return step.ends(CannotOpen())
    return step.finds(secret("UTF-8(text)", opened))


async def text(message):
    """A repeat cannot be found out a second time: this is what the page found when the message came."""
    step = Step("Is it new, and a text?", [(FILE, "Classic.opened")], message.named("salt", "iv", "UTF-8(text)"))
    if isinstance(message.outcome, Refusal):
        return step.ends(message.outcome)
    if not isinstance(message.outcome, Opened):
        return step.waits(TOO_LATE)
    step.says(
        "This salt has not come with this iv before. The name beside the message and its time are the relay's word: "
        "nothing in the body tells who wrote it."
    )
    return step.finds(secret("text", message.outcome.text), Value("name", message.outcome.name))
