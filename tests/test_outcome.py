"""What stands on a page, what came of an attack in words, and the groups in which a person finds each attack."""

import pytest

from lab import findings
from lab.attacks import ATTACKS, lists, logs
from lab.attacks.attack import FALSE, Attack, Hand, has_list
from lab.attacks.groups import GROUPS
from lab.outcome import NO_EFFECT, SUCCEEDS, Outcome, Talk, has_newest, is_settled, of_label
from lab.seen import Seen, seq_of
from lab.told import Told
from people import AT
from protocol import rows
from protocol.encoding import NAME_NOT_SHOWN
from protocol.identity_errors import OldBundle, OtherIdentity
from protocol.ladder import LADDER
from protocol.levels.membership import AT_THE_DOOR, WITHHELD
from reference import ReferencePlatform

JOINED = rows.notice("n1", "“Bob” joined.", "joined")


def message(seq, name, text, **more):
    return rows.row(f"s0-{seq}", "message", text, name=name, at=AT, writer=name, **more)


def seen(*placed):
    page = Seen()
    page.take("rows", [list(placed)])
    return page


HELLO, ANSWER = message(1, "Alice", "hello"), message(2, "Bob", "hi")


def talk(*said):
    found = Talk()
    found.said += said or [("Alice", "hello"), ("Bob", "hi")]
    return found


def attack(*appended):
    """One that appended bodies with these labels, which got the numbers from 3 on; None: the relay refused it."""
    log = [{"seq": seq, "at": AT} for seq in range(1, 9)]
    found = Attack(Hand(ReferencePlatform(), LADDER, LADDER.levels[0], "kitchen", None, log, []))
    for number, label in enumerate(appended):
        found.append("body", label or "", id=str(number))
        found.answers[str(number)] = "id-conflict" if label is None else number + 3
    return found


def outcome(alice, bob, attack, talk):
    return Outcome(attack, talk, {"Alice": seen(JOINED, *alice), "Bob": seen(*bob)}).text()


# ------------------------------------------------------------------------------------------ what stands on a page


def test_an_own_message_stands_below_until_it_takes_its_place():
    page = seen(HELLO)
    page.take("pending", [rows.row("own", "message", "hi", state="sending")])
    page.take("rows", [[message(3, "Alice", "more")]])
    assert [row["id"] for row in page.rows()] == ["s0-1", "s0-3", "own"]
    page.take("change", ["own", rows.row("own", "message", "hi", state="relayed")])
    assert page.rows()[-1]["state"] == "relayed"
    page.take("place", ["own", ANSWER])
    page.take("rows", [[message(4, "Alice", "and more")]])
    assert [row["id"] for row in page.rows()] == ["s0-1", "s0-3", "s0-2", "s0-4"]


def test_a_row_is_changed_where_it_stands_and_marks_come_to_all_messages_of_their_writer():
    page = seen(rows.waiting({"row": "s0-1", "at": AT}), ANSWER | {}, message(3, "Bob", "more"))
    page.take("change", ["s0-1", HELLO | {}])
    page.take("mark", ["Bob", "same-tag", "same tag"])
    assert [(row["kind"], row["marks"]) for row in page.rows()] == [
        ("message", ""),
        ("message", "same-tag"),
        ("message", "same-tag"),
    ]


def test_what_is_said_beside_the_messages_is_what_was_said_last():
    page = seen()
    page.take("state", ["Joining ..."])
    page.take("alert", ["wrong passphrase"])
    page.take("state", [""])
    page.take("members", [[{"name": "Alice"}, {"name": "Bob"}]])
    assert (page.sentence("state"), page.sentence("alert"), page.sentence("ask")) == ("", "wrong passphrase", "")
    assert page.members == ["Alice", "Bob"]


@pytest.mark.parametrize(("id", "seq"), [("s0-17", 17), ("s12-3", 3), ("n1", None), ("sAb-x1", None), ("s1-2-3", None)])
def test_a_row_of_an_entry_tells_its_place_in_the_log_and_no_other_does(id, seq):
    assert seq_of({"id": id}) == seq


# ------------------------------------------------------------------------------------------ what a page tells

ROOM = "lab-classic/kitchen"


@pytest.fixture
def bob():
    found = Told("Bob")
    found.enter(ROOM, Talk())
    return found


def test_who_is_in_the_room_has_opened_it_is_a_member_and_has_read_the_log(bob):
    states = []
    for report in (
        [ROOM, "open_room"],
        [ROOM, "state", "Joining ..."],
        [ROOM, "members", [{"name": "Bob"}]],
        [ROOM, "state", ""],
        ["", "close_room", ROOM],
    ):
        bob.take(report)
        states.append(bob.is_in())
    assert states == [False, False, False, True, False]


def test_who_stands_at_the_door_of_a_room_is_in_it_too_and_of_its_list_the_names_and_admins_are_known(bob):
    states = []
    for report in (
        [ROOM, "open_room"],
        [ROOM, "people", {"members": []}],
        [ROOM, "state", "Reading what was said ..."],
        [ROOM, "state", AT_THE_DOOR],
        [ROOM, "people", {"members": [{"name": "Alice", "admin": True}, {"name": "Bob", "admin": False}]}],
        [ROOM, "state", ""],
    ):
        bob.take(report)
        states.append(bob.is_in())
    assert states == [False, False, False, True, True, True]
    assert (bob.seen.members, bob.seen.admins) == (["Alice", "Bob"], ["Alice"])


def test_what_a_page_keeps_of_the_room_is_known_and_of_another_is_not(bob):
    bob.take(["", "kept", ROOM, "c0ffee"])
    bob.take(["", "kept", "lab-identity/other", "00"])
    assert bob.kept == "c0ffee"
    bob.gone()
    assert bob.kept == "c0ffee"  # which a page that is loaded anew is given


def test_who_opens_the_room_again_was_away_and_begins_with_an_empty_page(bob):
    for _ in range(3):
        bob.take([ROOM, "open_room"])
        assert bob.seen.rows() == []
        bob.take([ROOM, "rows", [HELLO]])
    assert (bob.talk.absences, bob.talk.absent) == (2, {"Bob"})


def test_what_a_person_types_counts_as_said_whoever_pressed_the_keys_and_only_in_the_room(bob):
    bob.take([ROOM, "open_room"])
    bob.take(["lab-classic/other", "open_room"])
    for room, text in ((ROOM, "hi"), ("lab-classic/other", "elsewhere")):
        bob.take([room, "pending", rows.row("own", "message", text, state="sending")])
    assert bob.talk.said == [("Bob", "hi")]
    assert [row["text"] for row in bob.seen.rows()] == ["hi"]


def test_a_question_in_the_form_is_noted_until_the_room_is_opened(bob):
    bob.take(["", "ready"])
    bob.take(["", "join_note", "This room's name is also in use."])
    assert bob.ready and bob.asked and bob.talk.notes == {"Bob"}
    bob.take([ROOM, "open_room"])
    assert not bob.asked and bob.asked_once == "This room's name is also in use."
    bob.gone()
    assert not bob.ready and not bob.is_in()


# ------------------------------------------------------------------------------------------ how far people are


def test_what_was_said_is_written_once_it_is_relayed_and_said_once_it_has_its_place():
    page, told = seen(HELLO), talk(("Alice", "hello"), ("Bob", "hi"))
    page.take("pending", [rows.row("own", "message", "hi", state="sending")])
    assert [told.was_done(what, page) for what in ("writes", "says", "hears")] == [False, False, True]
    page.take("change", ["own", rows.row("own", "message", "hi", state="relayed")])
    assert [told.was_done(what, page) for what in ("writes", "says")] == [True, False]
    page.take("place", ["own", ANSWER | {"state": "relayed"}])
    assert [told.was_done(what, page) for what in ("writes", "says")] == [True, True]


def test_a_page_is_settled_once_all_that_was_appended_stands_there_and_nothing_waits():
    refused = rows.row("s0-3", "refusal", "", code="malformed")
    assert is_settled(seen(HELLO, refused), attack(""))
    assert not is_settled(seen(HELLO), attack(""))
    assert is_settled(seen(HELLO), attack(None))
    assert not is_settled(seen(rows.row("own", "message", "", state="sending")), attack())
    waiting = rows.waiting({"row": "s0-3", "at": AT})
    assert not is_settled(seen(waiting), attack(""))
    flood = attack("")
    flood.leaves_waiting = True
    assert is_settled(seen(waiting, rows.row("s0-4", "refusal", "", code="cannot-open")), flood)
    assert not is_settled(seen(waiting), flood)


# ------------------------------------------------------------------------------------------ in words


def test_pages_that_show_what_was_said_and_nothing_else_are_no_effect():
    assert outcome([HELLO, ANSWER], [HELLO, ANSWER], attack(), talk()) == NO_EFFECT


@pytest.mark.parametrize(
    "bob",
    [
        [HELLO],
        [ANSWER, HELLO],
        [HELLO, ANSWER, JOINED],
        [HELLO | {"name": "Carol"}, ANSWER],
        [HELLO, ANSWER | {"at": "1999" + AT[4:]}],
        [HELLO, ANSWER, message(3, "Alice", "I never said this")],
    ],
)
def test_whatever_is_false_or_missing_with_nothing_beside_it_is_a_success(bob):
    assert outcome([HELLO, ANSWER], bob, attack(), talk()) == SUCCEEDS


def test_who_sees_what_is_said_unless_both_do():
    gap, refused = message(2, "Bob", "hi", code="gap"), rows.row("s0-3", "refusal", "", code="replayed")
    told = outcome([HELLO, gap, refused], [HELLO, ANSWER | {"marks": "your-name"}, refused], attack(""), talk())
    assert told == "refused: `replayed`; seen by Alice: `gap`; seen by Bob: `your-name`"


def test_variants_with_one_outcome_are_named_together_in_the_order_in_which_they_were_tried():
    refused = [
        rows.row(f"s0-{seq}", "refusal", "", code=code) for seq, code in ((3, "malformed"), (4, "bad-signature"))
    ]
    refused.append(rows.row("s0-5", "refusal", "", code="malformed"))
    pages = [HELLO, ANSWER, *refused]
    told = outcome(pages, pages, attack("name", "sig", "kdf"), talk())
    assert told == "refused: `malformed` (name, kdf); refused: `bad-signature` (sig)"
    assert [of_label(told, label) for label in ("name", "sig", "kdf")] == [
        "refused: `malformed`",
        "refused: `bad-signature`",
        "refused: `malformed`",
    ]


@pytest.mark.parametrize("text", ["refused: `malformed`", "(its bodies have no name)", "no effect"])
def test_an_outcome_that_all_had_is_that_of_each(text):
    assert of_label(text, "sig") == text


def test_what_the_relay_refuses_is_said_so_and_a_note_and_an_alert_are_seen():
    assert outcome([HELLO, ANSWER], [HELLO, ANSWER], attack(None), talk()) == "refused by the relay: `id-conflict`"
    noted = talk()
    noted.notes.add("Bob")
    page = seen(HELLO, ANSWER)
    page.take("alert", ["The passphrase is probably wrong."])
    text = Outcome(attack(), noted, {"Alice": seen(JOINED, HELLO, ANSWER), "Bob": page}).text()
    assert text == "seen by Bob: `alert`, `note`"


def test_who_came_back_has_two_keys_by_right_and_is_noticed_each_time():
    away = talk()
    away.absences, away.absent = 1, {"Bob"}
    left = rows.notice("n2", "“Bob” left.", "left")
    alice = [HELLO, left, JOINED, ANSWER | {"marks": "same-name"}]
    assert outcome(alice, [HELLO, ANSWER], attack(), away) == NO_EFFECT
    assert outcome([HELLO, ANSWER], [HELLO, ANSWER], attack(), away) == SUCCEEDS


# ------------------------------------------------------------------------------------------ for people


class Page:
    asked_once = ""

    def __init__(self, *placed):
        self.seen = seen(*placed)


def test_each_code_stands_with_the_sentence_that_the_page_says_once():
    refused = rows.row("s0-3", "refusal", "It arrived again.", code="replayed")
    gap = message(4, "Bob", "more", code="gap late", warnings=["2 are missing.", "It is late.", "Another key ..."])
    page = Page(JOINED, HELLO, refused, refused | {"id": "s0-5"}, gap)
    page.asked_once = "This room's name is also in use."
    page.seen.take("ask", ["Not relayed yet."])
    assert findings.of(page) == [
        ("note", "This room's name is also in use."),
        ("replayed", "It arrived again."),
        ("gap", "2 are missing."),
        ("late", "It is late."),
        ("alert", "Not relayed yet."),
    ]


def test_a_mark_is_said_as_the_page_says_it_of_this_writer():
    found = dict(
        findings.of(
            Page(
                message(1, "Bob", "a", marks="like-name same-tag", tag="4KVE"),
                message(2, "BOB", "b", marks="like-name your-name", tag="4KVE"),
                message(3, NAME_NOT_SHOWN, "c", state="failed", warnings=["Too large."]),
            )
        )
    )
    assert "“BOB”" in found["like-name"] or "“Bob”" in found["like-name"]
    assert "4KVE" in found["same-tag"] and "under your name" in found["your-name"]
    assert found["failed"] == "Too large." and "name-not-shown" in found


# ------------------------------------------------------------------------------------------ groups


def test_every_attack_is_in_one_group():
    grouped = [kind for _, attacks in GROUPS for kind in attacks]
    assert len(grouped) == len(ATTACKS) and set(grouped) == set(ATTACKS)


# ------------------------------------------------------------------------------------------ where there is a list


MALLORY = message(3, "Mallory", FALSE)


def test_what_the_attacker_says_under_the_own_name_deceives_nobody():
    assert outcome([HELLO, ANSWER, MALLORY], [HELLO, ANSWER, MALLORY], attack(""), talk()) == NO_EFFECT
    other = message(3, "Bob", FALSE)
    assert outcome([HELLO, ANSWER, other], [HELLO, ANSWER, other], attack(""), talk()) == SUCCEEDS


def test_what_an_attacker_has_read_is_a_success_unless_a_page_says_something():
    reads = attack()
    reads.learned = ["hello"]
    assert outcome([HELLO, ANSWER], [HELLO, ANSWER], reads, talk()) == SUCCEEDS
    refused = rows.row("s0-3", "refusal", "", code="forked-list")
    assert outcome([HELLO, ANSWER, refused], [HELLO, ANSWER], reads, talk()) == "refused by Alice: `forked-list`"


@pytest.mark.parametrize(
    ("where", "sentence", "code"),
    [
        ("ask", OldBundle.for_people, "old-bundle"),
        ("ask", OtherIdentity.for_people + " You can add the new key.", "other-identity"),
        ("alert", "Something else.", "alert"),
        ("state", WITHHELD, "standing"),
    ],
)
def test_what_stands_beside_the_messages_is_seen(where, sentence, code):
    alice, bob = seen(JOINED, HELLO, ANSWER), seen(HELLO, ANSWER)
    alice.take(where, [sentence, []])
    assert Outcome(attack(), talk(), {"Alice": alice, "Bob": bob}).text() == f"seen by Alice: `{code}`"


def test_honest_changes_of_the_list_are_nothing_to_see():
    changed = [rows.notice(f"n{number}", "", code) for number, code in enumerate(("members", "unproven", "shared"), 7)]
    assert outcome([HELLO, ANSWER, *changed], [HELLO, ANSWER], attack(), talk()) == NO_EFFECT


def test_where_the_relays_word_is_not_final_a_message_is_written_once_it_stands_there():
    sending = seen(rows.row("own", "message", "hello", name="Alice", state="sending"))
    for is_final in (True, False):
        said = Talk(is_final)
        said.said.append(("Alice", "hello"))
        assert said.was_done("writes", sending) is not is_final


@pytest.mark.parametrize("level", LADDER.levels, ids=lambda level: level.id)
def test_what_the_relay_never_has_stays_on_its_way_only_where_its_word_is_not_final(level):
    sending = seen(HELLO, rows.row("own", "message", "hi", name="Alice", state="sending"))
    found = logs.NeverStored(Hand(ReferencePlatform(), LADDER, level, "kitchen", None, [], []))
    assert is_settled(sending, found) is not level.relayed_is_final
    assert not is_settled(sending, Attack(found.hand))


def test_who_has_the_newest_entry_has_it_though_it_be_refused():
    log = [{"at": AT}, {"at": "2026-11-23T20:42:35.000Z"}]
    refused = rows.row("s0-2", "refusal", "", code="forked-list", at=log[1]["at"])
    assert [has_newest(seen(*placed), log) for placed in ([HELLO], [HELLO, refused])] == [False, True]


def test_before_an_attack_of_a_member_alice_adds_that_one_where_there_is_a_list():
    for level in LADDER.levels:
        steps = lists.RemovedMember.before(level)
        assert ("Alice adds Mallory" in steps) == ("Alice removes Mallory" in steps) == has_list(level)
        assert "Alice adds Mallory" not in Attack.before(level)
