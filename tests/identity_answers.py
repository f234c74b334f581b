"""Known answers for rooms of level identity: vectors/identity.json, whose README says what is in it.

Made by the peer (identity_peer.py) with fixed seeds, clock and randomness. `python tests/identity_answers.py` writes
the file; test_identity_answers.py compares the two.
"""

import json
from pathlib import Path

from identity_hostile import door, hostile_room
from identity_peer_bodies import read_message
from identity_peer_directory import Pin, check_found, make_bundle, read_bundle
from identity_peer_keys import Refused, digits, safety_number, x25519_public
from identity_peer_list import read_members
from identity_peer_reader import PeerReader
from identity_story import IDENTITIES, NOON, PUBLIC, SEEDS, Stage, story

FILE = Path(__file__).with_name("vectors") / "identity.json"


def as_json(value):
    """Bytes as hexadecimal, tuples as lists, keys as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): as_json(one) for key, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, (list, tuple)) else value


def every() -> dict:
    played, hostile = story(), hostile_room()
    pairs = [("Alice", "Bob"), ("Bob", "Carol"), ("Carol", "Alice")]
    parts = [
        ("Bob", "what a relay shows later that keeps all from 12 on", [(12, [8, 11, *range(12, 25)])]),
        ("Bob", "nothing from 4 to 10, which are kept no longer", [(0, range(1, 4)), (11, range(11, 25))]),
        ("Bob", "nothing from 4 to 19, which are kept no longer", [(0, range(1, 4)), (20, range(20, 25))]),
    ]
    return as_json(
        {
            "people": [person(name) for name in SEEDS],
            "safety_numbers": [[*pair, safety_number(*[PUBLIC[name] for name in pair])] for pair in pairs],
            "directory": directory(),
            "rooms": [room("story", played, parts), room("hostile", hostile, []), room("door", door(), [])],
        }
    )


def person(name: str) -> dict:
    identity = PUBLIC[name]
    numbers = {"identity": identity, "x25519_public": x25519_public(identity), "digits": digits(identity)}
    return {"name": name, "seed": SEEDS[name], **numbers}


# The directory


def directory() -> list[dict]:
    """What `found` may have of the name Alice, what is known of her, and what a page makes of it."""
    alice, bob, mallory = [IDENTITIES[name] for name in ("Alice", "Bob", "Mallory")]
    first = make_bundle(alice, "Alice")
    renewal = make_bundle(alice, "Alice", read_bundle(first))
    rotation = make_bundle(bob, "Alice", read_bundle(renewal), alice)
    newest = make_bundle(bob, "Alice", read_bundle(rotation))
    own = make_bundle(mallory, "Alice", read_bundle(renewal), mallory)  # nothing that Alice signed
    stolen, cut, of_bob = make_bundle(mallory, "Alice"), first[:-4], make_bundle(bob, "Bob")
    pin, pin_of_bob = Pin(alice.public, 2), Pin(bob.public, 4)
    return [
        looked_up(what, bundles, pin)
        for what, bundles, pin in (
            ("nobody", [], None),
            ("a first contact", [first], None),
            ("a renewal", [renewal], pin),
            ("a rotation", [rotation], pin),
            ("a rotation and a renewal", [rotation, newest], pin),
            ("a rotation that is known", [rotation, newest], pin_of_bob),
            ("a version before the one that was seen", [first], pin),
            ("another key", [stolen], Pin(alice.public, 1)),
            ("another key, and the rotation that it signs itself", [own], pin),
            ("a bundle that is cut", [cut], None),
            ("a bundle of another name", [of_bob], None),
            ("versions that fall", [newest, rotation], None),
        )
    ]


def looked_up(what: str, bundles: list[str], pin: Pin | None) -> dict:
    try:
        answer = {"pin": check_found("Alice", bundles, pin)}
    except Refused as refused:
        answer = {"refused": refused.code}
    return {"what": what, "bundles": bundles, "known": pin, **answer}


# Rooms


def room(name: str, stage: Stage, parts: list) -> dict:
    """`parts`: readers who are not shown all of it, each with what it is shown in one go after another."""
    whole = [(0, range(1, len(stage.log.entries) + 1))]
    readers = [(one, "all", [*whole]) for one in SEEDS] + parts
    keys = {number: key for one in stage.people.values() for number, key in one.peer.keys.items()}
    return {
        "name": name,
        "room": stage.room,
        "began": NOON,
        "entries": stage.log.entries,
        "made": stage.made,
        "lists": lists(stage),
        "messages": messages(stage, keys),
        "readers": [read_by(stage, *one) for one in readers],
    }


def accepted(stage: Stage, kind: str):
    """(seq, body) of what counts for who wrote it."""
    for entry in stage.log.entries:
        seq = entry["seq"]
        if any(person.peer.outcomes[seq][0] == kind for person in stage.people.values()):
            yield seq, entry["body"]


def lists(stage: Stage) -> list[dict]:
    found = []
    for seq, body in accepted(stage, "members"):
        members, _, epoch = read_members(stage.room, body)
        numbers = {"number": members.number, "list_hash": members.hash(), "room_number": members.room_number()}
        epoch_fields = {"epoch": epoch.number, "commitment": epoch.commitment} if epoch else {}
        found.append({"seq": seq, **numbers, **epoch_fields})
    return found


def messages(stage: Stage, keys: dict[int, bytes]) -> list[dict]:
    found = []
    for seq, body in accepted(stage, "text"):
        message = read_message(stage.room, body)
        fields = {"epoch_key": keys[message.epoch], "session": message.session, "counter": message.counter}
        found.append({"seq": seq, **fields, "key": message.key(keys[message.epoch]), "nonce": message.nonce()})
    return found


def read_by(stage: Stage, name: str, shown: str, parts: list) -> dict:
    """A page that begins anew: what it makes of every entry at first, and of some after former keys were shared."""
    pinned = [] if name == "Mallory" else ["Alice"]
    reader = PeerReader(IDENTITIES[name], stage.room, [PUBLIC[one] for one in pinned])
    first = []
    for oldest, seqs in parts:
        reader.resume_log(oldest)
        for seq in seqs:
            outcome = reader.read(stage.log.entries[seq - 1])
            first.append([seq, outcome, list(reader.says[seq])])
    now = [[seq, reader.outcomes[seq], reader.says[seq]] for seq, _, _ in first]
    return {
        "name": name,
        "pinned": pinned,
        "shown": shown,
        "parts": [{"oldest": oldest, "seqs": list(seqs)} for oldest, seqs in parts],
        "outcomes": first,
        "later": [one for one, before in zip(now, first, strict=True) if one != before],
        "epoch_keys": reader.keys,
    }


def written(value, depth: int = 0) -> str:
    """JSON with a line for each innermost object or list, and for each outcome."""
    if not isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    inner = value.values() if isinstance(value, dict) else value
    if depth > 5 or not any(isinstance(one, (dict, list)) for one in inner):
        return json.dumps(value, ensure_ascii=False)
    names = [json.dumps(name) + ": " for name in value] if isinstance(value, dict) else [""] * len(value)
    lines = [name + written(one, depth + 1) for name, one in zip(names, inner, strict=True)]
    return ("{%s}" if isinstance(value, dict) else "[%s]") % ("\n" + ",\n".join(lines) + "\n")


if __name__ == "__main__":
    FILE.write_text(written(every()) + "\n", "utf-8")
