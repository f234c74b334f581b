"""The attacks on CPython and, inside the page, on MicroPython, as a page that plays the relay will run them."""

from lab.attacks import ATTACKS
from lab.attacks.attack import ACCOMPLICE, Accomplice, Attack, Hand, NotHere
from lab.levels import LAB
from lab.outcome import Outcome, Talk
from lab.seen import Seen
from protocol import frames, rows
from protocol.ladder import LADDER
from protocol.levels.changes import Add, Remove

AT = "2026-11-23T20:42:34.123Z"
WORDS = b"copper kettle 47"
REFUSED = [(2, "malformed"), (3, "bad-signature"), (4, "malformed"), (5, "bad-signature")]


def entry(seq, name, body, kind="message"):
    return {"seq": seq, "kind": kind, "id": f"id{seq}", "name": name, "at": AT, "body": body}


async def talk_of(platform, ladder, level, room):
    """What an attack finds: entries of Alice and Bob, the next body of Alice, what a member begins with, and the entry
    that removes this member, or None."""
    log, secrets, removal = [], {"Alice": WORDS, "Bob": WORDS, ACCOMPLICE: WORDS}, None
    if level.secret == "device":
        for name in secrets:
            secrets[name] = await Accomplice.made(platform, name)
        admin = await listed(platform, level, room, secrets, log)
    alice = Attack(Hand(platform, ladder, level, room, secrets["Alice"], log, []))
    bob = Attack(Hand(platform, ladder, level, room, secrets["Bob"], log, []))
    writer = await alice.session("Alice")
    log.append(entry(len(log) + 1, "Alice", await writer.seal("hello")))
    log.append(entry(len(log) + 1, "Bob", await (await bob.session("Bob")).seal("hello")))
    body = await writer.seal("next")
    alice.hand.close()
    bob.hand.close()
    if level.secret == "device":
        admin.steward.wish(Remove(secrets[ACCOMPLICE].ours.public))
        removal = entry(len(log) + 1, "Alice", (await admin.control(False)).body, "members")
    return log, body, secrets[ACCOMPLICE], removal


async def listed(platform, level, room, secrets, log):
    """Alice, who opens the room and adds the others."""
    alice = await level.start(platform, room, "Alice", secrets["Alice"])
    await alice.prepare()
    for name in ("", "Bob", ACCOMPLICE):
        if name:
            alice.steward.wish(Add(secrets[name].ours.public, name))
        control = await alice.control(False)
        log.append(entry(len(log) + 1, "Alice", control.body, control.kind))
        await alice.open([log[-1]])
    return alice


async def run(attack, log, body):
    """Some of everything that passes: what goes on must be of the specification, or a page would hang up on it."""
    room, to_page = attack.hand.address(), []
    await attack.begin()
    append = {"type": "append", "room": room, "kind": "message", "id": "new", "body": body}
    join = {"type": "join", "room": room, "name": "Bob", "after": 2, "log": "log"}
    to_relay = attack.to_relay("Alice", append) + attack.to_relay("Bob", join)
    log.append(entry(len(log) + 1, "Alice", body))
    joined = {"type": "joined", "room": room, "log": "log", "after": 0, "oldest": 1, "newest": len(log) - 1, "you": 2}
    joined["members"], joined["kept"] = [{"member": 1, "name": "Alice"}], True
    came = {"type": "member-joined", "room": room, "member": 2, "name": "Bob"}
    to_page += attack.from_relay("Alice", {"type": "found", "names": [{"name": "Carol", "bundles": []}]})
    for member in ("Alice", "Bob"):
        for frame in ({"type": "looked", "rooms": [{"room": "a", "newest": 0, "members": 0}]}, joined, came):
            to_page += attack.from_relay(member, dict(frame))
        for one in log:
            entries = {"type": "entries", "room": room, "entries": [dict(one)]}
            to_page += attack.from_relay(member, entries)
    for side, _, frame in attack.injections:
        (to_page if side == "page" else to_relay).append(frame)
    return to_relay, to_page


async def check_every_attack_runs_and_what_it_sends_is_of_the_specification(platform, given):
    """At the levels of the lab: those of the chat are the same code, of which each attack takes the page a while."""
    await every_attack_in(platform, LAB)


async def every_attack_in(platform, ladder):
    async def from_seed(seed):
        platform.seeded = seed
        return await platform.ed25519_generate()

    platform.ed25519_from_seed = from_seed
    for level in ladder.levels:
        if not level.of_two:  # attack_memory.py has these
            await every_attack_at(platform, ladder, level)


async def every_attack_at(platform, ladder, level):
    elsewhere, _, _, _ = await talk_of(platform, ladder, level, "elsewhere")
    talk, body, secret, removal = await talk_of(platform, ladder, level, "kitchen")
    here = []
    for kind in ATTACKS:
        log = talk[:]
        if kind.parting and removal:
            log.append(removal)
        attack = kind(Hand(platform, ladder, level, "kitchen", secret, log, elsewhere))
        try:
            to_relay, to_page = await run(attack, attack.hand.log, body)
        except NotHere:
            continue
        finally:
            attack.hand.close()
        here.append(kind)
        for frame in to_relay:
            assert frame["type"] in ("append", "join"), kind.name
            assert len(frames.write(frame)) <= 131_072, kind.name
        for frame in to_page:
            frames.read(frames.write(frame))
    assert len(here) > 30, level.id


def seen(*placed):
    found = Seen()
    for row in placed:
        found.take("rows", [[row]])
    return found


async def check_an_outcome_is_put_in_the_same_words(platform, given):
    """Several variants, of which some have one outcome: they are named in the order in which they were tried."""
    attack = Attack(Hand(platform, LADDER, LADDER.levels[0], "kitchen", None, [entry(1, "Alice", "")], []))
    for number, label in enumerate(("name", "sig", "kdf", "ct", "iv")):
        attack.append("body", label, id=str(number))
        attack.answers[str(number)] = number + 2 if label != "iv" else "id-conflict"
    said = rows.row("s0-1", "message", "hello", name="Alice", at=AT)
    refusals = [rows.row(f"s0-{seq}", "refusal", "", code=code) for seq, code in REFUSED]
    joined = rows.notice("n1", "", "joined")
    talk = Talk()
    talk.said.append(("Alice", "hello"))
    text = Outcome(attack, talk, {"Alice": seen(joined, said, *refusals), "Bob": seen(said, *refusals[:3])}).text()
    assert text == (
        "refused: `malformed` (name, kdf); refused: `bad-signature` (sig); refused by Alice: `bad-signature` (ct); "
        "refused by the relay: `id-conflict` (iv)"
    ), text
