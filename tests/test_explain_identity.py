"""Level identity explained: values are those of the formulas, and come from the protocol's own functions."""

import re
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from known_answers import pad
from lab.attacks.attack import Accomplice
from lab.attacks.bodies import replaced
from lab.explain import identity
from lab.levels import LabIdentity
from people import entry
from protocol import identity as signatures
from protocol.encoding import sized
from protocol.levels import Opened, messages
from protocol.levels.changes import Add
from reference import run
from test_explain import WEB, GlassReference, functions_called, values

SPECIFICATION = (WEB / "protocol" / "identity.md").read_text("utf-8")
SECRETS = {"epoch_key", "key", "pad(UTF-8(text))", "UTF-8(text)", "text"}
LABEL, ROOM = b"secure-chat identity 1 ", sized(b"lab-identity/kitchen")
TEXT = "meet at noon"
PLATFORM = GlassReference()


class Room:
    """Alice's room, to which she has added Bob, who reads: both on keys of glass."""

    def __init__(self):
        people = [run(Accomplice.made(PLATFORM, name)) for name in ("Alice", "Bob")]
        self.alice, self.bob = [run(LabIdentity.start(PLATFORM, "kitchen", one.name, one)) for one in people]
        self.log, self.outcomes = [], []
        run(self.alice.prepare())
        self.changes()
        self.wishes(Add(people[1].ours.public, "Bob"))

    def wishes(self, change):
        self.alice.steward.wish(change)
        self.changes()

    def changes(self):
        control = run(self.alice.control(False))
        self.append(control.body, control.kind)

    def append(self, body, kind="message"):
        """(entry, what Bob made of it)."""
        one = entry(len(self.log) + 1, body, kind=kind, row=f"s0-{len(self.log) + 1}")
        self.log.append(one)
        run(self.alice.open([one]))
        [outcome] = run(self.bob.open([one]))
        self.outcomes.append(outcome)
        return one, outcome

    def steps(self, body, kind="message"):
        return run(identity.steps(self.bob, *self.append(body, kind)))

    def begins_epoch(self):
        control = run(self.alice.steward.epoch())
        self.append(control.body, control.kind)

    def sealed(self, text=TEXT):
        return run(self.alice.seal(text))

    def parts(self, body):
        return LabIdentity.parts(PLATFORM, body)

    def forged(self, body, field, octets):
        """Signed by Alice like an honest one, with another value of one field."""
        parts = replaced(self.parts(body), field, octets)
        fields, ct = b"".join(octets for _, octets in parts[:-2]), dict(parts)["ct"]
        signature = self.alice.ours.signing.sign(LABEL + b"header" + ROOM + fields + ct)
        return LabIdentity.body_of(PLATFORM, replaced(parts, "sig", signature))


def hkdf(key, salt, info):
    return HKDF(SHA256(), 32, salt, info).derive(key)


def test_each_step_gives_what_the_formulas_give():
    room = Room()
    body = room.sealed()
    parts = dict(room.parts(body))
    steps = room.steps(body)
    assert len(steps) == 12 and all(step.holds for step in steps)
    found = values(steps)
    for name, octets in parts.items():
        assert found[name] == octets.hex(), name
    epoch_key = bytes.fromhex(found["epoch_key"])
    assert found["commitment"] == hkdf(epoch_key, None, LABEL + b"commitment").hex()
    key = hkdf(epoch_key, parts["session"], LABEL + b"key" + parts["sender"])
    fields = b"".join(octets for name, octets in room.parts(body)[:-2])
    header = LABEL + b"header" + ROOM + fields
    nonce = bytes(8) + parts["counter"]
    assert (found["key"], found["header"], found["nonce"]) == (key.hex(), header.hex(), nonce.hex())
    padded = AESGCM(key).decrypt(nonce, parts["ct"], header)
    assert found["pad(UTF-8(text))"] == padded.hex() == pad(TEXT.encode()).hex()
    assert (found["text"], found["name"], found["room"]) == (TEXT, "Alice", "lab-identity/kitchen")
    assert found["anchor_hash"] == sha256(room.log[1]["body"].encode()).hexdigest()


def test_what_the_relay_may_not_learn_is_secret_and_the_rest_is_not():
    room = Room()
    steps = room.steps(room.sealed())
    assert {value.name for step in steps for value in step.given + step.found if value.secret} == SECRETS
    assert all(TEXT not in " ".join([step.title, step.sentence, *step.formulas]) for step in steps)


def test_every_formula_is_the_specifications():
    flat = re.sub(r"\s+", " ", SPECIFICATION)
    room = Room()
    lines = [line for step in room.steps(room.sealed()) for line in step.formulas]
    assert len(lines) >= 9
    assert [line for line in lines if re.sub(r"\s+", " ", line) not in flat] == []


def test_the_lines_named_are_those_that_ran():
    steps = []

    def talk():
        room = Room()
        steps.extend(room.steps(room.sealed()))

    called = functions_called(talk)
    named = {ran for step in steps for ran in step.ran}
    assert {one for one in named if one not in called and (one[0], f"{one[1]}.__init__") not in called} == set()
    assert all(step.ran for step in steps)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("header", lambda room, fields: fields),
        ("nonce", lambda counter: bytes(11) + b"\xff"),
        ("canonical_signature", lambda signature: False),
    ],
)
def test_a_formula_changed_in_the_protocol_is_changed_in_the_explanation(name, instead, monkeypatch):
    room = Room()
    body = room.sealed()
    one, outcome = room.append(body)
    before = run(identity.steps(room.bob, one, outcome))
    monkeypatch.setattr(signatures if name == "canonical_signature" else messages, name, instead)
    after = run(identity.steps(room.bob, one, outcome))
    assert values(after) != values(before) and len(after) < len(before)


def test_the_step_that_does_not_hold_is_the_one_that_finds_it():
    room = Room()
    old = room.sealed("too late")
    room.begins_epoch()
    late = room.append(old)
    body = room.sealed()
    parts = room.parts(body)
    other_list = room.forged(room.sealed(), "list_hash", bytes(32))
    cases = [
        room.append(LabIdentity.body_of(PLATFORM, replaced(parts, "ct", bytes(300)))),
        room.append("hello"),
        room.append(LabIdentity.body_of(PLATFORM, replaced(parts, "sender", bytes(32)))),
        room.append(body),
        room.append(body),
        late,
        room.append(other_list),
        room.append(room.forged(room.sealed(), "ct", bytes(272))),
    ]
    explained = [run(identity.steps(room.bob, *case)) for case in cases]
    for (_, outcome), steps in zip(cases, explained, strict=True):
        if not isinstance(outcome, Opened):
            assert [step.holds for step in steps] == [True] * (len(steps) - 1) + [False]
            assert (steps[-1].code, steps[-1].sentence) == (outcome.code, outcome.for_people)
    assert [(steps[-1].code, steps[-1].title.partition(",")[0]) for steps in explained] == [
        ("bad-signature", "Did this device write exactly this?"),
        ("not-encrypted", "What is in it?"),
        ("bad-identity", "Is each field as it must be"),
        ("", "Was its sender shown the same log?"),
        ("replayed", "Is it new?"),
        ("old-epoch", "Did it count there"),
        ("forked-list", "Did it count there"),
        ("other-key", "Does it open?"),
    ]


def test_an_entry_of_another_kind_is_not_looked_into():
    room = Room()
    [step] = room.steps(room.sealed(), "later")
    assert step.code == "unknown-kind"


def test_what_was_not_for_this_device_ends_at_the_room_key():
    room = Room()
    body = room.sealed()
    people = run(Accomplice.made(PLATFORM, "Carol"))
    carol = run(LabIdentity.start(PLATFORM, "kitchen", "Carol", people))
    one = entry(len(room.log) + 1, body, row="s0-9")
    run(carol.open(room.log))
    [outcome] = run(carol.open([one]))
    steps = run(identity.steps(carol, one, outcome))
    assert (outcome.code, steps[-1].code, steps[-1].title) == (
        "not-for-you",
        "not-for-you",
        "Which room key is that of its epoch?",
    )


def test_a_list_of_members_is_explained_with_its_hash_and_what_it_changed():
    room = Room()
    first, second = [
        run(identity.steps(room.bob, one, outcome)) for one, outcome in zip(room.log, room.outcomes, strict=True)
    ]
    assert all(step.holds for step in first + second)
    assert (first[-2].sentence, second[-2].sentence) == ("“Alice” opened this room.", "“Alice” added you.")
    assert first[-1].sentence == "None: it is not in the list."
    assert values(first)["list_hash"] == values(second)["previous"]
    assert values(second)["sized(name) 2"] == sized(b"Bob").hex()
    flat = re.sub(r"\s+", " ", SPECIFICATION)
    lines = [line for step in second for line in step.formulas]
    assert [line for line in lines if re.sub(r"\s+", " ", line) not in flat] == []
    called = functions_called(Room)
    named = {ran for step in second for ran in step.ran}
    assert {one for one in named if one not in called and (one[0], f"{one[1]}.__init__") not in called} == set()


def test_the_room_key_that_is_wrapped_for_this_device_is_opened_again_by_hpke():
    room = Room()
    steps = run(identity.steps(room.bob, room.log[1], room.outcomes[1]))
    found = values(steps)
    key, info = bytes.fromhex(found["epoch_key"]), bytes.fromhex(found["info"])
    assert room.bob.membership.keys.keys == {2: key}
    assert found["our enc"] == found["enc 2"] and found["our ct"] == found["ct 2"]
    parts = [bytes.fromhex(found[name]) for name in ("epoch", "list_hash", "wrapper")]
    assert info == LABEL + b"wrap" + ROOM + b"".join(parts)
    opened = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM).decrypt(
        bytes.fromhex(found["our enc"] + found["our ct"]), room.bob.ours.x25519_private, info
    )
    assert opened == key and found["commitment"] == hkdf(key, None, LABEL + b"commitment").hex()
    assert {value.name for step in steps for value in step.given + step.found if value.secret} == {"epoch_key"}


def test_a_list_that_does_not_count_is_explained_up_to_the_refusal():
    room = Room()
    again = room.append(room.log[0]["body"], "members")
    parts = LabIdentity.forms["members"].parts(PLATFORM, room.log[0]["body"])
    later = LabIdentity.forms["members"].body_of(PLATFORM, replaced(parts, "time", bytes(8)))
    cut = room.log[0]["body"][:-4]
    found = [run(identity.steps(room.bob, *case))[-1] for case in (
        again, room.append(later, "members"), room.append(cut, "members"))]  # fmt: skip
    assert [(step.code, step.title) for step in found] == [
        ("old-list", "Did it count there, and what did it change?"),
        ("bad-signature", "Did its signer and its wrapper sign exactly this?"),
        ("malformed", "What is in it?"),
    ]


def test_former_keys_are_explained():
    room = Room()
    room.alice.steward.to_share.append(room.bob.ours.public)
    control = run(room.alice.control(False))
    steps = room.steps(control.body, control.kind)
    assert all(step.holds for step in steps)
    assert steps[-1].sentence == "“Alice” shared earlier messages with you."
    assert values(steps)["recipient"] == room.bob.ours.public.hex()
