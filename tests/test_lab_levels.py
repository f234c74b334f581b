"""Lab rooms are rooms of their own: what is said in one is nothing in a room that is no lab room, and the other way."""

from types import SimpleNamespace

import pytest

from directory import Directory
from lab.attacks.attack import Accomplice
from lab.levels import LAB, LabIdentity, LabPassphrase
from people import entry, opened
from protocol.digits import session_digits
from protocol.directory import check
from protocol.frames import room_address
from protocol.identity_errors import BadBundle
from protocol.ladder import LADDER, facts_of
from protocol.levels import Opened
from protocol.levels.changes import Add
from protocol.levels.identity import Identity
from protocol.levels.passphrase import Passphrase
from reference import ReferencePlatform, run

PLATFORM, WORDS = ReferencePlatform(), b"copper kettle 47"
ALICE, BOB = [run(Accomplice.made(PLATFORM, name)) for name in ("Alice", "Bob")]


def room(level):
    """(Alice's session, Bob's) in a room of this level, in which both can write: the same people in each."""
    secrets = (ALICE, BOB) if level.secret == "device" else (WORDS, WORDS)
    alice, bob = [run(level.start(PLATFORM, "kitchen", *who)) for who in zip(("Alice", "Bob"), secrets, strict=True)]
    run(alice.prepare())
    for seq in (1, 2) if level.has_duties else ():
        control = run(alice.control(False))
        for session in (alice, bob):
            run(session.open([entry(seq, control.body, kind=control.kind)]))
        alice.steward.wish(Add(BOB.ours.public, "Bob"))
    return alice, bob


def sealed(level, text="meet at noon"):
    return run(room(level)[0].seal(text))


def seen(level, body):
    """What Bob's page has of a body in this room: its text, or the code of the refusal."""
    [outcome] = opened(room(level)[1], entry(3, body))
    return outcome.text if isinstance(outcome, Opened) else outcome.code


def test_every_level_has_one_for_the_lab_with_a_name_of_its_own_and_a_mark():
    """But level ratchet, whose rooms have a part of the lab of their own."""
    rooms = [level for level in LADDER.levels if not level.of_two]
    assert [level.id for level in LAB.levels] == [f"lab-{level.id}" for level in rooms]
    for ordinary, lab in zip(rooms, LAB.levels, strict=True):
        assert facts_of(lab)["mark"] and not facts_of(ordinary)["mark"]
        assert lab.title == f"Lab: {ordinary.title}" and lab.sentence.endswith(ordinary.sentence)
        assert room_address(lab.id, "kitchen") != room_address(ordinary.id, "kitchen")


@pytest.mark.parametrize("level", LAB.levels, ids=lambda level: level.id)
def test_in_a_lab_room_people_understand_each_other(level):
    alice, bob = room(level)
    [outcome] = opened(bob, entry(3, run(alice.seal("meet at noon"))))
    assert outcome.text == "meet at noon"


@pytest.mark.parametrize(
    ("of", "at"),
    [(LabPassphrase, Passphrase), (Passphrase, LabPassphrase), (LabIdentity, Identity), (Identity, LabIdentity)],
)
def test_a_body_that_is_moved_in_or_out_of_the_lab_is_refused_even_if_it_is_renamed(of, at):
    body = sealed(of)
    assert seen(at, body) == "other-level"
    assert seen(at, at.prefix + body.removeprefix(of.prefix)) == "bad-signature"


def test_the_digits_of_one_key_differ_in_the_lab():
    digits = [run(session_digits(ReferencePlatform(), level, bytes(32))) for level in ("passphrase", "lab-passphrase")]
    assert digits[0] != digits[1]


def test_nor_does_a_list_of_members_count_that_is_moved_in_or_out_of_the_lab():
    for of, at in ((LabIdentity, Identity), (Identity, LabIdentity)):
        alice, bob = [run(level.start(PLATFORM, "kitchen", "Alice", ALICE)) for level in (of, at)]
        run(alice.prepare())
        body = run(alice.control(False)).body
        codes = []
        for one in (body, at.members_prefix + body.removeprefix(of.members_prefix)):
            [outcome] = run(bob.open([entry(1, one, kind="members")]))
            codes.append(outcome.code)
        assert codes == ["other-level", "bad-signature"]


def test_in_the_directory_names_of_the_lab_are_names_of_their_own():
    sent, problems = [], []
    ours = Directory(PLATFORM, sent.append, LabIdentity.scope)
    ours.up()
    ours.publish(SimpleNamespace(name="Alice", ours=ALICE.ours, former=None), problems.append)
    name = "lab-identity/Alice"
    assert sent.pop() == {"type": "look-up", "names": [name]}
    run(ours.answered({"type": "found", "names": [{"name": name, "bundles": []}]}))
    published = sent.pop()
    assert (published["type"], published["name"], problems) == ("publish", name, [])
    assert run(check(PLATFORM, name, [published["bundle"]])).identity == ALICE.ours.public
    for other in ("Alice", "lab-identity/Bob"):
        with pytest.raises(BadBundle):
            run(check(PLATFORM, other, [published["bundle"]]))
