"""A message explained: each value is that of the formulas, and comes from the protocol's own functions."""

import re
import sys

import pytest

from conftest import ROOT
from known_answers import TEXT, WORDS, attacks, every, pad
from lab.explain import TOO_LATE, Value, passphrase
from lab.explain import classic as explain_classic
from lab.levels import LabClassic, LabPassphrase
from people import derive_all, entry, joined, opened
from protocol import identity as signatures
from protocol import padding
from protocol.levels import classic as classic_level
from protocol.levels import passphrase as passphrase_level
from protocol.levels.passphrase import Passphrase
from reference import ReferencePlatform, WithoutArgon2id, run

WEB = ROOT / "web"
SPECIFICATION = (WEB / "protocol" / "README.md").read_text("utf-8")
SECRETS = {"passphrase", "root", "key", "pad(UTF-8(text))", "UTF-8(text)", "text"}
KNOWN = every()


class Glass(bytes):
    octets = property(bytes)


class GlassReference(ReferencePlatform):
    """As lab/glass.py, over pyca/cryptography: keys are bytes here anyway, and know it."""

    async def passphrase_key(self, passphrase):
        return Glass(passphrase)

    async def pbkdf2_root(self, passphrase_key, salt, iterations):
        return Glass(await super().pbkdf2_root(passphrase_key, salt, iterations))

    pbkdf2_aes_key = pbkdf2_root

    async def argon2id_root(self, secret, salt, passes, lanes, mebibytes):
        root = await super().argon2id_root(secret, salt, passes, lanes, mebibytes)
        return root and Glass(root)

    async def hkdf_aes_key(self, root, salt, info):
        return Glass(await super().hkdf_aes_key(root, salt, info))

    async def aes_key(self, key):
        return Glass(key)


class AsPassphrase(LabPassphrase):
    """The lab's level under the name that the known answers are of."""

    id, prefix = Passphrase.id, Passphrase.prefix


class GlassWithoutArgon2id(WithoutArgon2id, GlassReference):
    pass


def reader(level=AsPassphrase, room="kitchen", words=WORDS, platform=None):
    return run(level.start(platform or GlassReference(), room, "Reader", words.encode()))


def shown(*bodies, first=1, **more):
    return [entry(seq, body, row=f"s0-{seq}", **more) for seq, body in enumerate(bodies, first)]


def explained(level, one, outcome=None):
    explain = explain_classic if isinstance(level, LabClassic) else passphrase
    return run(explain.steps(level, one, outcome))


def all_told(level, *bodies, **more):
    """Of each of these bodies (its entry, what the level made of it, its steps), once the level has seen them all."""
    entries = shown(*bodies, **more)
    outcomes = opened(level, *entries)
    return [(*both, explained(level, *both)) for both in zip(entries, outcomes, strict=True)]


def told(level, *bodies, **more):
    """The steps of the last of these bodies."""
    return all_told(level, *bodies, **more)[-1][-1]


def values(steps) -> dict:
    """Everything that the steps show, by name, as shown. A name stands for one value wherever it is shown."""
    found = {}
    for step in steps:
        for value in step.given + step.found:
            assert found.setdefault(value.name, value.shown()) == value.shown() or value.name == "label", value.name
    return found


def functions_called(work):
    """(file under web/, qualified name) of all that was called while `work()` ran."""
    called = set()

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(str(WEB)):
            path = frame.f_code.co_filename.removeprefix(f"{WEB}/")
            called.add((path, frame.f_code.co_qualname.replace(".<locals>", "")))

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return called


# ------------------------------------------------------------------------------------------ each value


@pytest.mark.parametrize("known", KNOWN["passphrase"], ids=["ascii", "unicode", "Argon2id", "Argon2id, unicode"])
def test_each_step_of_passphrase_gives_what_the_formulas_give(known):
    level = reader(room=known["room"], words=known["passphrase"])
    steps = told(level, known["body"], first=known["anchor_seq"] + 1)
    assert len(steps) == 12 and all(step.holds for step in steps)
    found = values(steps)
    for name in ("session_public", "root_salt", "root", "key", "nonce", "header", "anchor_hash", "room_salt"):
        assert found[name] == known[name], name
    assert (found["ct"], found["sig"], found["body"]) == (known["ciphertext"], known["signature"], known["body"])
    assert found["pad(UTF-8(text))"] == pad(known["text"].encode()).hex()
    assert found["UTF-8(text)"] == known["text"].encode().hex()
    for name in ("passphrase", "text", "room", "name"):
        assert found[name] == known[name], name
    assert int(found["cost"], 16) == known["cost"] and int(found["counter"], 16) == known["counter"]


@pytest.mark.parametrize("known", KNOWN["classic"], ids=["ascii", "unicode"])
def test_each_step_of_classic_gives_what_the_formulas_give(known):
    steps = told(reader(LabClassic, words=known["passphrase"]), known["body"])
    assert len(steps) == 4 and all(step.holds for step in steps)
    found = values(steps)
    for name in ("salt", "iv", "key", "body", "passphrase", "text"):
        assert found[name] == known[name], name
    assert found["UTF-8(text)"] == known["text"].encode().hex()


def test_in_a_lab_room_the_labels_are_those_of_the_lab():
    level = reader(LabPassphrase)
    run(level.prepare())
    steps = told(level, run(level.seal("hello")))
    labels = [value.value for step in steps for value in step.given if value.name == "label"]
    assert labels == [f"secure-chat lab-passphrase 1 {purpose}" for purpose in ("header", "root", "key")]
    assert values(steps)["text"] == "hello"


@pytest.mark.parametrize("known", [KNOWN["passphrase"][0], KNOWN["classic"][0]], ids=["passphrase", "classic"])
def test_what_the_relay_may_not_learn_is_secret_and_the_rest_is_not(known):
    steps = told(reader(AsPassphrase if "room" in known else LabClassic), known["body"])
    secret = {value.name for step in steps for value in step.given + step.found if value.secret}
    assert secret == SECRETS & values(steps).keys()
    for step in steps:
        said = " ".join([step.title, step.sentence, *step.formulas])
        assert WORDS not in said and TEXT not in said


# ------------------------------------------------------------------------------------------ formulas and lines


@pytest.mark.parametrize("known", [KNOWN["passphrase"][0], KNOWN["classic"][0]], ids=["passphrase", "classic"])
def test_every_formula_is_the_specifications(known):
    flat = re.sub(r"\s+", " ", SPECIFICATION)
    lines = [line for step in told(reader(AsPassphrase if "room" in known else LabClassic), known["body"])
             for line in step.formulas]  # fmt: skip
    assert len(lines) >= 5
    assert [line for line in lines if re.sub(r"\s+", " ", line) not in flat] == []


@pytest.mark.parametrize("known", [KNOWN["passphrase"][2], KNOWN["classic"][0]], ids=["passphrase", "classic"])
def test_the_lines_named_are_those_that_ran(known):
    level, steps = reader(AsPassphrase if "room" in known else LabClassic), []
    called = functions_called(lambda: steps.extend(told(level, known["body"])))
    named = {ran for step in steps for ran in step.ran}
    # Of a class, its lines run in __init__.
    assert {one for one in named if one not in called and (one[0], f"{one[1]}.__init__") not in called} == set()
    assert all(step.ran for step in steps)


CHANGED = {
    "label": lambda level, purpose: b"another",
    "root_salt": lambda *_: bytes(32),
    "key_info": lambda *_: b"another",
    "nonce": lambda counter: bytes(11) + b"\xff",
    "header": lambda room, fields, level: fields,
    "canonical_signature": lambda signature: False,
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_formula_changed_in_the_protocol_is_changed_in_the_explanation(name, monkeypatch):
    known = KNOWN["passphrase"][0]
    before = told(reader(), known["body"])
    module = signatures if name == "canonical_signature" else passphrase_level
    monkeypatch.setattr(module, name, CHANGED[name])
    after = told(reader(), known["body"])
    assert values(after) != values(before) and len(after) < len(before)


def test_so_are_the_padding_and_the_cost_of_classic(monkeypatch):
    monkeypatch.setattr(padding, "LEAST", 512)
    assert told(reader(), KNOWN["passphrase"][0]["body"])[-1].code == "bad-padding"
    monkeypatch.setattr(classic_level, "ITERATIONS", 149_999)
    steps = told(reader(LabClassic), KNOWN["classic"][0]["body"])
    assert steps[-1].code == "cannot-open" and values(steps)["key"] != KNOWN["classic"][0]["key"]


# ------------------------------------------------------------------------------------------ refusals and warnings


def test_what_is_refused_is_explained_up_to_the_refusal():
    cases = attacks()
    for (what, _, code), (_, outcome, steps) in zip(cases, all_told(reader(), *bodies(cases)), strict=True):
        if code == "opened":
            assert len(steps) == 12 and steps[-1].holds, what
            continue
        assert [step.holds for step in steps] == [True] * (len(steps) - 1) + [False], what
        assert (steps[-1].code, steps[-1].sentence) == (code, outcome.for_people), what
        values(steps)


def bodies(cases):
    return [body for _, body, _ in cases]


def test_the_step_that_does_not_hold_is_the_one_that_finds_it():
    cases = attacks()
    found = {(steps[-1].code, steps[-1].title) for _, _, steps in all_told(reader(), *bodies(cases))}
    found.remove(("malformed", "What is in it?"))  # what cannot be taken apart, beside what holds a wrong value
    assert dict(found) == {
        "": "Was its sender shown the same log?",
        "not-encrypted": "What is in it?",
        "other-level": "What is in it?",
        "malformed": "Is each field as it must be, and the cost within its bounds?",
        "cost-out-of-range": "Is each field as it must be, and the cost within its bounds?",
        "bad-signature": "Did this session write exactly this?",
        "wrong-passphrase": "Does it open?",
        "bad-padding": "How much of it is padding, and is the rest text?",
        "not-text": "How much of it is padding, and is the rest text?",
        "session-changed": "Is it new, and is its sender still the same?",
        "replayed": "Is it new, and is its sender still the same?",
    }


def test_what_classic_refuses_is_explained_up_to_the_refusal():
    level, honest = reader(LabClassic), KNOWN["classic"][0]["body"]
    parts = level.parts(level.platform, honest)
    flipped = [(name, octets[:-1] + bytes([octets[-1] ^ 1])) for name, octets in parts]
    altered = [level.body_of(level.platform, [*parts[:at], flipped[at], *parts[at + 1 :]]) for at in range(3)]
    cases = [
        (honest, "", 4),
        (honest, "replayed", 4),
        *[(body, "cannot-open", 3) for body in altered],
        (honest[:-3], "malformed", 1),
        (KNOWN["passphrase"][0]["body"], "other-level", 1),
        ("hello", "not-encrypted", 1),
    ]
    for (_, code, count), (_, _, steps) in zip(cases, all_told(level, *[case[0] for case in cases]), strict=True):
        assert (len(steps), steps[-1].code, steps[-1].holds) == (count, code, not code)


@pytest.mark.parametrize("level", [LabClassic, AsPassphrase])
def test_an_entry_of_an_unknown_kind_is_not_looked_into(level):
    [step] = told(reader(level), KNOWN["passphrase"][0]["body"], kind="later")
    assert (step.code, step.found) == ("unknown-kind", [])


def test_a_message_whose_key_is_not_derived_yet_says_so():
    for level, known, count in ((reader(), KNOWN["passphrase"][0], 6), (reader(LabClassic), KNOWN["classic"][0], 2)):
        [one] = shown(known["body"])
        run(level.open([one]))
        steps = explained(level, one)
        assert (len(steps), steps[-1].code, steps[-1].found) == (count, "waiting", [])


def test_without_argon2id_the_explanation_ends_at_the_root():
    steps = told(reader(platform=GlassWithoutArgon2id()), KNOWN["passphrase"][2]["body"])
    assert (len(steps), steps[-1].code) == (6, "kdf-unavailable")


def test_a_message_that_was_given_up_before_its_key_came_says_so():
    for level, known, count in ((reader(), KNOWN["passphrase"][0], 11), (reader(LabClassic), KNOWN["classic"][0], 4)):
        [one] = shown(known["body"])
        [outcome] = run(level.open([one]))
        derive_all(level)
        steps = explained(level, one, outcome)
        assert (len(steps), steps[-1].code, steps[-1].sentence) == (count, "waiting", TOO_LATE)


def test_warnings_stand_at_the_step_that_found_them():
    alice = joined("Alice")
    first, lost, third = (run(alice.seal(text)) for text in ("one", "lost", "three"))
    alice.anchors.newest = (2, bytes(32))
    fourth = run(alice.seal("four"))
    found = [steps[-2:] for _, _, steps in all_told(reader(), first, third, fourth, lost)]
    assert [[step.code for step in steps] for steps in found] == [["", ""], ["gap", ""], ["", "forked"], ["late", ""]]
    assert "1 message of this sender" in found[1][0].sentence


def test_a_value_says_how_long_it_is():
    assert [Value("", value).size() for value in (b"", b"x", b"xy", "é", 7)] == [
        "0 bytes", "1 byte", "2 bytes", "1 character", "",
    ]  # fmt: skip
