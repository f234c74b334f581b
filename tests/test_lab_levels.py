"""Lab rooms are rooms of their own: what is said in one is nothing in a room that is no lab room, and the other way."""

import pytest

from lab.levels import LAB, LabPassphrase
from people import entry, opened
from protocol.digits import session_digits
from protocol.frames import room_address
from protocol.ladder import LADDER, facts_of
from protocol.levels import Opened
from protocol.levels.passphrase import Passphrase
from reference import ReferencePlatform, run

WORDS = b"copper kettle 47"


def sealed(level, text="meet at noon"):
    session = run(level.start(ReferencePlatform(), "kitchen", "Alice", WORDS))
    run(session.prepare())
    return run(session.seal(text))


def seen(level, body):
    """What Bob's page has of a body: its text, or the code of the refusal."""
    [outcome] = opened(run(level.start(ReferencePlatform(), "kitchen", "Bob", WORDS)), entry(1, body))
    return outcome.text if isinstance(outcome, Opened) else outcome.code


def test_every_level_has_one_for_the_lab_with_a_name_of_its_own_and_a_mark():
    assert [level.id for level in LAB.levels] == [f"lab-{level.id}" for level in LADDER.levels]
    for ordinary, lab in zip(LADDER.levels, LAB.levels, strict=True):
        assert facts_of(lab)["mark"] and not facts_of(ordinary)["mark"]
        assert lab.title == f"Lab: {ordinary.title}" and lab.sentence.endswith(ordinary.sentence)
        assert room_address(lab.id, "kitchen") != room_address(ordinary.id, "kitchen")


@pytest.mark.parametrize("level", LAB.levels, ids=lambda level: level.id)
def test_in_a_lab_room_people_understand_each_other(level):
    assert seen(level, sealed(level)) == "meet at noon"


@pytest.mark.parametrize(("of", "at"), [(LabPassphrase, Passphrase), (Passphrase, LabPassphrase)])
def test_a_body_that_is_moved_in_or_out_of_the_lab_is_refused_even_if_it_is_renamed(of, at):
    body = sealed(of)
    assert seen(at, body) == "other-level"
    assert seen(at, at.prefix + body.removeprefix(of.prefix)) == "bad-signature"


def test_the_digits_of_one_key_differ_in_the_lab():
    digits = [run(session_digits(ReferencePlatform(), level, bytes(32))) for level in ("passphrase", "lab-passphrase")]
    assert digits[0] != digits[1]
