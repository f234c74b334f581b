"""Sessions of the levels over the reference platform, and bodies as an attacker would write them. For tests only."""

from hashlib import sha256

from protocol.envelope import passphrase_fields, write_passphrase
from protocol.errors import Refusal
from protocol.levels import Tag, Waiting
from protocol.levels.classic import Classic
from protocol.levels.passphrase import Passphrase, header, key_info, nonce
from protocol.padding import pad
from reference import ReferencePlatform, run

WORDS = b"correct horse battery staple"
AT = "2026-11-23T20:42:34.123Z"
SALT = bytes(range(16))


def entry(seq, body, **more):
    """An entry of the relay's log."""
    return {"seq": seq, "kind": "message", "id": f"id{seq}", "name": "Someone", "at": AT, "body": body} | more


def seed(name, size):
    """Bytes that are the same at each run, so that slowly derived keys are derived once for all tests."""
    return sha256(name.encode()).digest()[:size]


def joined(name="Alice", room="kitchen", passphrase=WORDS, room_salt=SALT, **how):
    """A session at level passphrase that was first in its room, ready to seal. how: platform."""
    platform = how.get("platform") or ReferencePlatform()
    platform.seeded = bytearray(seed(name, 32) + room_salt)
    level = run(Passphrase.start(platform, room, name, passphrase))
    run(level.prepare())
    return level


def classic_joined(name="Alice", passphrase=WORDS):
    """A session at level classic, ready to seal."""
    level = run(Classic.start(ReferencePlatform(seed(name, 16)), "kitchen", name, passphrase))
    run(level.prepare())
    return level


def look_alikes(make):
    """Two different public values with one tag; `make(number)` makes them. Among some thousand there is a pair."""
    seen = {}
    for number in range(20_000):
        key = make(number)
        other = seen.setdefault(Tag(key).text, key)
        if other != key:
            return other, key
    raise AssertionError("no two tags are equal")


def look_alike_sessions(first, second):
    """Two sessions at level passphrase, of these names, with one tag and different keys, ready to seal."""
    seeds = {}

    def public(number):
        private = seed(f"look-alike {number}", 32)
        _, key = run(ReferencePlatform(private).ed25519_generate())
        seeds[key] = private
        return key

    levels = []
    for key, name in zip(look_alikes(public), (first, second), strict=True):
        levels.append(run(Passphrase.start(ReferencePlatform(seeds[key] + SALT), "kitchen", name, WORDS)))
        run(levels[-1].prepare())
    return levels


def derive_all(level):
    """Derives every wanted key, as a page does beside its pump."""
    while level.keyring.wait() == 0.0:
        level.keyring.keep(*run(level.keyring.derive_next()))


def opened(level, *entries):
    """The outcomes once all keys are derived: Opened or Refusal."""
    outcomes = run(level.open(list(entries)))
    derive_all(level)
    waiting = [at for at, outcome in enumerate(outcomes) if isinstance(outcome, Waiting)]
    for at, outcome in zip(waiting, run(level.open([entries[at] for at in waiting])), strict=True):
        outcomes[at] = outcome
    return outcomes


def is_accepted(parameters):
    try:
        parameters.check()
    except Refusal:
        return False
    return True


def forge(level, text="hello", **changed):
    """A body that is signed and sealed as its fields say. By default it is an honest one of this session.

    changed: name, counter, anchor (seq, hash), parameters (stated; of a cost that is not accepted nothing is derived,
    and the key is the session's own), room, padded, signature, passphrase.
    """
    room, parameters = changed.get("room", "kitchen"), changed.get("parameters", level.parameters)
    anchor_seq, anchor_hash = changed.get("anchor", (0, bytes(32)))
    counter = changed.get("counter", 0)
    fields = passphrase_fields(
        parameters, level.public, changed.get("name", level.name), counter, anchor_seq, anchor_hash
    )
    reference = ReferencePlatform()
    writer = run(Passphrase.start(reference, room, level.name, changed.get("passphrase", WORDS)))
    root = run(writer.derive_root((parameters if is_accepted(parameters) else level.parameters).octets))
    aad = header(room.encode(), fields)
    key = run(reference.hkdf_aes_key(root, level.public, key_info(room.encode())))
    padded = changed.get("padded", pad(text.encode()))
    ciphertext = run(reference.aes_gcm_seal(key, nonce(counter), padded, aad))
    signature = changed.get("signature") or run(reference.ed25519_sign(level.private, aad + ciphertext))
    return write_passphrase(reference, fields, ciphertext, signature)
