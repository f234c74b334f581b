"""The talk that the lab's ladder shows of each level, over the reference platform."""

import pytest

from lab.conversation import ANSWER, Talk
from lab.levels import LAB, LabPassphrase
from protocol.envelope import TEXT_BYTES
from protocol.errors import Problem
from protocol.ladder import LADDER
from protocol.levels import Opened, Waiting
from reference import ReferencePlatform, run

LEVELS = [*LAB.levels, *(level for level in LADDER.levels if not level.of_two)]
at_every_level = pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.id)
CLASSIC, PASSPHRASE, IDENTITY = LAB.levels


def held(level, text="meet at noon", platform=None):
    talk = Talk(platform or ReferencePlatform(), level)
    run(talk.hold(text))
    return talk


def flipped(talk, field):
    return run(talk.flipped(field))


@at_every_level
def test_each_reads_what_the_other_typed_and_nothing_is_said_beside_it(level):
    first, answer = held(level).said
    assert (first.by, first.to, first.text, first.read.text) == ("Alice", "Bob", "meet at noon", "meet at noon")
    assert (answer.by, answer.to, answer.text, answer.read.text) == ("Bob", "Alice", ANSWER, ANSWER)
    for said in (first, answer):
        assert isinstance(said.read, Opened)
        assert (said.read.name, said.read.own, said.read.warnings) == (said.by, False, [])


@at_every_level
def test_entries_are_numbered_as_a_log_does(level):
    before = 2 if level.has_duties else 0  # the list, and Bob in it
    assert [said.entry["seq"] for said in held(level).said] == [before + 1, before + 2]
    assert len({said.entry["id"] for said in held(level).said}) == 2


@at_every_level
def test_the_parts_are_the_body_that_the_relay_carries_and_hold_no_words(level):
    talk = held(level)
    for said in talk.said:
        assert level.body_of(talk.platform, said.parts) == said.entry["body"]
        assert not any(said.text.encode() in octets for _, octets in said.parts)


def test_each_talk_has_a_passphrase_of_its_own():
    one, other = held(CLASSIC), held(CLASSIC)
    assert run(other.read(other.bob, one.said[0].entry)).code == "cannot-open"


# What the relay learns of the length


@pytest.mark.parametrize("typed", [1, 12, 255, 256, 300, TEXT_BYTES])
def test_at_classic_the_relay_learns_the_length(typed):
    talk = held(CLASSIC, "x" * typed)
    assert (talk.shortest, talk.longest) == (typed, typed)


@pytest.mark.parametrize("level", [PASSPHRASE, IDENTITY])
@pytest.mark.parametrize(
    ("typed", "between"),
    [(1, (1, 255)), (12, (1, 255)), (255, (1, 255)), (256, (256, 271)), (300, (288, 303))],
)
def test_where_texts_are_padded_it_learns_between_which_lengths_it_lies(level, typed, between):
    talk = held(level, "x" * typed)
    assert (talk.shortest, talk.longest) == between


def test_it_is_bytes_that_count():
    talk = held(CLASSIC, "é" * 6)
    assert (talk.shortest, talk.longest) == (12, 12)


# One bit


@at_every_level
def test_one_flipped_bit_of_any_field_and_bob_reads_nothing(level):
    talk = held(level)
    before = dict(talk.said[0].parts)
    for field, octets in talk.said[0].parts:
        parts, read = flipped(talk, field)
        assert not isinstance(read, Opened | Waiting), field
        changed = {name: value for name, value in parts if value != before[name]}
        assert changed == {field: octets[:-1] + bytes([octets[-1] ^ 1])}


@pytest.mark.parametrize(
    ("level", "field", "code"),
    [
        (CLASSIC, "ciphertext", "cannot-open"),
        (CLASSIC, "salt", "cannot-open"),
        (PASSPHRASE, "ct", "bad-signature"),
        (IDENTITY, "list_hash", "bad-signature"),
    ],
)
def test_the_code_is_that_of_the_level(level, field, code):
    assert flipped(held(level), field)[1].code == code


def test_the_copy_is_opened_and_not_only_judged_by_its_field():
    class Deaf(LabPassphrase):
        async def open(self, entries):
            return [Opened("taken", entry["name"], self.tag, False, []) for entry in entries]

    assert flipped(held(Deaf), "ct")[1].text == "taken"


# The key


class Slow(ReferencePlatform):
    """By its clock, the first derivation takes a second, the next one two, and so on."""

    def __init__(self):
        super().__init__()
        self.now, self.derived = 0.0, 0

    def derive(self):
        self.derived += 1
        self.now += self.derived

    async def pbkdf2_aes_key(self, *how):
        self.derive()
        return await super().pbkdf2_aes_key(*how)

    async def argon2id_root(self, *how):
        self.derive()
        return await super().argon2id_root(*how)


@at_every_level
def test_the_time_is_that_of_bobs_first_derivation(level):
    expected = 2.0 if level.secret == "passphrase" else None  # Alice's was before
    assert held(level, platform=Slow()).seconds == expected


# What is typed


@pytest.mark.parametrize(("text", "code"), [("", "message-empty"), ("x" * (TEXT_BYTES + 1), "message-too-long")])
def test_a_text_that_is_no_message_is_a_problem_and_nobody_joins(text, code):
    talk = Talk(ReferencePlatform(), CLASSIC)
    with pytest.raises(Problem) as problem:
        run(talk.hold(text))
    assert problem.value.code == code
    assert not hasattr(talk, "alice")
