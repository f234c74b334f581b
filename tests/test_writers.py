"""Who can be taken for whom: which marks stand on whose messages, from the first one on and on those shown before."""

import re
import unicodedata
from pathlib import Path

import pytest

import bench_lookalike
from people import AT, classic_joined, joined, look_alike_sessions, look_alikes, opened, seed
from people import entry as stored
from protocol import rows, writers
from protocol.digits import groups, session_digits
from protocol.errors import Replayed
from protocol.levels import Opened, Tag, Waiting
from protocol.levels.passphrase import Passphrase
from protocol.looks import look
from protocol.writers import KEPT, LISTED, Writers
from reference import ReferencePlatform, run

CYRILLIC = "\u0412\u043eb"  # "Bob" to the eye
PLATFORM = ReferencePlatform()


class Room:
    """Writers among dummies. `shown` is what the view shows: the marks of each writer's messages."""

    def __init__(self, name="Alice"):
        self.here, self.seq, self.shown, self.told = {}, 0, {}, []
        self.level = joined(name)
        self.writers = Writers(PLATFORM, self.level, name, self, lambda look: self.here.get(look, 0))

    def mark(self, writer, codes, word):
        self.told.append((writer, codes, word))
        self.shown[writer] = codes

    def says(self, name, key, **how):
        """A message is shown; the codes that stand beside it."""
        return self.row(name, key, **how)["marks"].split()

    def row(self, name, key, own=False):
        self.seq += 1
        entry = stored(self.seq, "body", row=f"s0-{self.seq}")
        row = self.writers.row_of(entry, Opened("text", name, Tag(key), own, []))
        self.shown[row["writer"]] = row["marks"]
        self.writers.tell()
        return row

    def own(self):
        return self.row(self.level.name, self.level.public, own=True)

    def marks(self, key):
        """The codes on the messages of this key that stand already."""
        [writer] = [one for one in self.writers.order if one.tag.key == key]
        return self.shown[writer.number].split()

    def joins_after(self, messages):
        """So many messages were there before us."""
        self.writers.past = messages


@pytest.fixture
def room():
    return Room()


SAME_TAG = look_alikes(lambda number: seed(str(number), 16))


# Who is marked


def test_writers_with_names_and_tags_of_their_own_have_no_marks(room):
    for name in ("Bob", "Bobby", "Carol", "Zoë", "Zoe"):
        assert room.says(name, name.encode()) == room.says(name, name.encode()) == []
    assert room.own()["marks"] == ""
    assert room.told == []


def test_a_second_key_under_a_name_marks_both_and_the_messages_shown_before_too(room):
    assert room.says("Bob", b"first") == []
    assert room.says("Carol", b"carol") == []
    assert room.says("Bob", b"second") == ["same-name"]
    assert room.marks(b"first") == ["same-name"]
    assert room.marks(b"carol") == []


def test_messages_before_are_told_once_and_not_with_each_message(room):
    for key in (b"first", b"second", b"second", b"first", b"second", b"first"):
        room.says("Bob", key)
    told = list(room.told)
    for key in (b"first", b"second"):
        room.says("Bob", key)
    assert room.told == told and len(told) == 4


def test_one_reload_after_another_stays_quiet(room):
    for key in (b"1", b"1", b"2", b"2", b"3", b"4", b"4"):
        row = room.row("Bob", key)
        assert row["marks"] in ("", "same-name") and row["warnings"] == []
    assert [room.marks(key) for key in (b"1", b"2", b"3", b"4")] == [["same-name"]] * 4
    assert row["mark"] == "shared name"


def test_a_key_that_writes_again_after_another_of_its_name_shows_that_two_write_at_once(room):
    assert room.says("Bob", b"1") == []
    room.says("Bob", b"2")
    row = room.row("Bob", b"1")
    assert row["marks"] == "same-name same-name-now" and "at the same time" in row["warnings"][0]
    assert room.marks(b"2") == ["same-name", "same-name-now"]
    assert room.row("Bob", b"2")["warnings"] == []


def test_of_many_only_those_that_wrote_between_are_marked_as_two_at_once(room):
    for key in (b"1", b"2", b"3", b"2"):
        room.says("Bob", key)
    assert room.marks(b"1") == ["same-name"]
    assert room.marks(b"2") == room.marks(b"3") == ["same-name", "same-name-now"]


def test_two_members_of_one_name_show_it_with_the_second_ones_first_message(room):
    room.here = {"BOB": 2}
    room.says("Bob", b"1")
    assert room.says("Bob", b"2") == ["same-name", "same-name-now"]
    assert room.marks(b"1") == ["same-name", "same-name-now"]


def test_who_left_long_ago_is_not_marked_as_writing_at_once_with_two_members(room):
    for key in (b"0", b"1"):
        room.says("Bob", key)
    room.here = {"BOB": 2}
    room.says("Bob", b"2")
    assert room.marks(b"0") == ["same-name"]
    assert room.marks(b"1") == room.marks(b"2") == ["same-name", "same-name-now"]


def test_two_members_of_one_name_tell_nothing_of_messages_before_us(room):
    room.here = {"BOB": 2}
    room.joins_after(10)
    room.says("Bob", b"1")
    assert room.says("Bob", b"2") == ["same-name"]


def test_our_own_messages_from_before_a_reload_are_marked_quietly(room):
    room.joins_after(1)
    room.says("Alice", b"before")
    assert room.own()["marks"] == "same-name"
    assert room.own()["warnings"] == []
    assert room.marks(b"before") == ["same-name"]


@pytest.mark.parametrize("we_wrote", [True, False])
@pytest.mark.parametrize("wrote_before", [True, False])
def test_who_writes_under_our_name_while_we_are_here_is_marked_as_that(room, we_wrote, wrote_before):
    if wrote_before:
        room.joins_after(1)
        room.says("Alice", b"other")
    if we_wrote:
        room.own()
    row = room.row("Alice", b"other")
    assert row["marks"] == "same-name your-name"
    assert "under your name" in row["warnings"][0] and row["mark"] == "your name"
    assert room.marks(room.level.public) == ["same-name", "your-name"]
    assert room.own()["warnings"] == []


@pytest.mark.parametrize("other", [CYRILLIC, "bob", "B ob", "\uff22ob"])
def test_a_name_that_looks_alike_is_marked_with_the_other_ones_name(room, other):
    room.says("Bob", b"1")
    row = room.row(other, b"2")
    assert row["marks"] == "like-name" and "“Bob”" in row["warnings"][0]
    assert room.marks(b"1") == ["like-name"]
    assert f"“{other}”" in run(room.writers.described("1"))["marks"][0]
    assert room.says("Bob", b"1") == ["like-name"]


def test_an_equal_tag_of_another_key_marks_both_whatever_the_names_and_colours(room):
    first, second = SAME_TAG
    assert Tag(first).color != Tag(second).color
    room.says("Bob", first)
    row = room.row("Carol", second)
    assert row["marks"] == "same-tag" and f"tag {row['tag']}" in row["warnings"][0]
    assert room.marks(first) == ["same-tag"]


def test_our_own_tag_made_by_another_is_marked_before_we_write(room):
    first, second = SAME_TAG
    room.writers = Writers(PLATFORM, classic_joined(), "Alice", room, lambda look: 0)
    room.writers.order.clear()
    room.writers.known.clear()
    room.writers.alike.clear()
    room.writers.add(Tag(first), "Alice", True)
    assert room.says("Bob", second) == ["same-tag"]


def test_one_key_under_two_names_is_marked_as_that_and_never_as_two_keys(room):
    room.says("Bob", b"1")
    assert room.says("Carol", b"1") == ["two-names"]
    assert room.says("bob", b"1") == ["two-names"]
    assert [codes for _, codes, _ in room.told] == ["two-names"] * len(room.told)


def test_the_gravest_mark_is_the_one_that_stands_beside_the_tag(room):
    first, second = SAME_TAG
    room.says("Bob", first)
    assert room.row("Bob", second)["mark"] == "same tag"
    assert room.row("Bob", b"3")["mark"] == "shared name"


def test_refusals_and_waiting_messages_are_nobodys(room):
    entry = stored(1, "body", row="s0-1")
    for outcome, kind in ((Replayed(), "refusal"), (Waiting(b"key"), "waiting")):
        row = room.writers.row_of(entry, outcome)
        assert (row["kind"], row["writer"], row["marks"]) == (kind, "", "")
    assert len(room.writers.order) == 1


# Whole keys are compared


def test_sessions_of_one_tag_are_counted_each_for_itself():
    # A look-alike that begins with counter 0 again would be refused as a repeat, if tags were compared.
    first, second = look_alike_sessions("Bob", "Bob")
    assert first.tag.text == second.tag.text and first.public != second.public
    reader, bodies = joined("Reader"), [run(who.seal(text)) for who in (first, second) for text in ("one", "two")]
    outcomes = opened(reader, *[stored(seq, body) for seq, body in enumerate(bodies, 1)])
    keys = (first.public, second.public)
    assert [(one.text, one.tag.key) for one in outcomes] == [(text, key) for key in keys for text in ("one", "two")]
    assert len(reader.senders.by_speaker) == 2


def test_the_look_alike_that_the_specification_names_has_the_tag_of_its_known_answer_and_other_digits():
    look_alike = bench_lookalike.session(87_067)
    assert look_alike != bench_lookalike.TARGET
    assert Tag(look_alike).text == Tag(bench_lookalike.TARGET).text == "4KVE"
    made = {tuple(run(session_digits(PLATFORM, "passphrase", key))) for key in (look_alike, bench_lookalike.TARGET)}
    assert len(made) == 2


def test_nothing_but_what_is_shown_and_marked_asks_for_the_text_of_a_tag():
    protocol = Path(writers.__file__).parent
    users = {path.name for path in protocol.rglob("*.py") if re.search(r"tag\.(text|color)", path.read_text("utf-8"))}
    assert users == {"rows.py", "writers.py", "people.py"}


# What is kept, and shown on request


def test_no_more_writers_are_kept_than_stated_and_we_are_never_forgotten(room):
    for number in range(KEPT + 50):
        room.says(f"N{number}", seed(str(number), 32))
    assert len(room.writers.order) == len(room.writers.known) == KEPT
    assert room.writers.order[0].own
    assert len(room.writers.alike) <= 3 * KEPT
    assert run(room.writers.described("1")) is None
    assert run(room.writers.described(rows.OURS))["own"]
    assert room.says("N0", seed("0", 32)) in ([], ["same-tag"])  # new again


def test_what_is_described_is_the_whole_key_of_the_writer_and_of_those_like_it(room):
    room.says("Bob", b"1")
    room.says("Bob", b"2")
    room.says("Carol", b"3")
    told = run(room.writers.described("1"))
    assert (told["name"], told["tag"], told["own"], told["since"]) == ("Bob", Tag(b"1").text, False, AT)
    assert told["digits"] == run(session_digits(PLATFORM, "passphrase", b"1"))
    [other] = told["others"]
    assert other["digits"] == run(session_digits(PLATFORM, "passphrase", b"2")) != told["digits"]
    assert told["comparison"] == Passphrase.comparison
    assert told["marks"] == [] and "same person after a reload" in told["quiet"][0]
    room.says("Bob", b"1")
    told = run(room.writers.described("1"))
    assert told["quiet"] == [] and "at the same time" in told["marks"][0]
    assert run(room.writers.described("3"))["others"] == []
    assert run(room.writers.described("99")) is None


def test_of_many_that_look_alike_the_newest_are_listed_and_the_rest_counted_but_we_always_are(room):
    for number in range(LISTED + 5):
        room.says("Alice", str(number).encode())
    told = run(room.writers.described("3"))
    assert len(told["others"]) == LISTED + 1 and told["more"] == 4
    assert told["others"][0]["own"] and told["others"][-1]["tag"] == Tag(str(LISTED + 4).encode()).text


def test_we_can_be_described_before_we_have_written(room):
    told = run(room.writers.described(rows.OURS))
    assert (told["name"], told["own"], told["since"], told["others"]) == ("Alice", True, "", [])
    assert told["digits"] == run(session_digits(PLATFORM, "passphrase", room.level.public))


def test_digits_are_sixty_and_differ_by_level_and_by_the_last_bit_of_a_key():
    made = {" ".join(run(session_digits(PLATFORM, level, key))) for level in ("classic", "passphrase") for key in KEYS}
    assert len(made) == 4
    assert groups(bytes(64)) == ["00000"] * 12
    assert groups(b"\x00\x00\x01\x86\x9f" * 12 + bytes(4)) == ["99999"] * 12
    assert groups(b"\x00\x00\x01\x86\xa1" + bytes(59))[:2] == ["00001", "00000"]


KEYS = (bytes(32), bytes(31) + b"\x01")


def test_whatever_case_folding_finds_in_one_letter_is_found():
    for code in range(0x110000):
        letter = chr(code)
        if not 0xD800 <= code < 0xE000 and letter.casefold() != letter:
            folded = unicodedata.normalize("NFC", letter.casefold())
            assert look(PLATFORM, letter) == look(PLATFORM, folded), hex(code)


def test_a_letter_of_no_width_changes_no_look():
    assert writers.look is look
    for code in (0x200B, 0x200D, 0x2060, 0xFEFF, 0xFE0F, 0x3164, 0xE0020):
        assert look(PLATFORM, "B" + chr(code) + "öb") == look(PLATFORM, "Böb")
