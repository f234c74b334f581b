"""One session among dummy neighbours, which all write to one list: what happened, in its order, and nothing else."""

import pytest

from people import AT, entry
from protocol import rows
from protocol.errors import CannotOpen, NotEncrypted, Problem, Replayed, TooManyKeys, UnknownKind, WrongPassphrase
from protocol.levels import MESSAGE, Opened, SharedSecret, Tag, Waiting
from protocol.levels.keyring import WANTED, KeyRing
from protocol.session import Session
from protocol.shelf import WAITING_MOST
from protocol.writers import Writer
from protocol.writing import IN_FLIGHT
from reference import run

ROOM = "dummy/tea"
WRITER = Writer("3", Tag(b"k"), "signed", "SIGNED", False)
READY = ["state Reading what was said ...", "state"]
REFUSALS = {refusal.code: refusal for refusal in (CannotOpen, NotEncrypted, Replayed, WrongPassphrase)}


class Platform:
    """Random bytes that are counted, and a clock that a test holds."""

    def __init__(self):
        self.made, self.now = 0, 0.0

    def random(self, count):
        self.made += 1
        return self.made.to_bytes(count, "big")

    def base64url(self, data):
        return f"id{int.from_bytes(data, 'big')}"

    def seconds(self):
        return self.now

    def nfc(self, text):
        return text

    def caseless(self, text):
        return text.upper()


class DummyLevel(SharedSecret):
    """A body is "KEY AUTHOR text" and opens once KEY is derived, or "! code" and is refused.

    AUTHOR is a session's key, and without the digits at its end the name.
    """

    def __init__(self, platform, events):
        self.events, self.tag, self.sealed, self.prepared = events, Tag(b"us"), 0, False
        self.open_to_view = False
        self.keyring = KeyRing(platform, self.derive)

    async def derive(self, name):
        self.events.append(f"derive {name}")
        return name

    async def prepare(self):
        await self.keyring.add("ours")
        self.prepared = True
        return []

    async def seal(self, text):
        assert self.prepared
        self.sealed += 1
        return f"ours us {text} #{self.sealed}"

    async def wish(self, entry):
        return isinstance(self.open_entry(entry), Waiting)

    async def open(self, entries):
        return [self.open_entry(one) for one in entries]

    def open_entry(self, one):
        return UnknownKind() if one["kind"] != MESSAGE else self.open_one(*one["body"].split(" ", 2))

    def open_one(self, key, author, text=""):
        if key == "!":
            return REFUSALS[author]()
        if not self.keyring.get(key):
            return Waiting(key)
        return Opened(text, author.rstrip("0123456789"), Tag(author.encode()), author == "us", [])

    def begins_at(self, log, oldest):
        self.events.append(f"complete from {oldest}")

    def new_log(self):
        self.events.append("new log")

    def close(self):
        self.events.append("close")


class Show:
    def __init__(self, events):
        self.events = events

    def rows(self, batch):
        self.events += [f"row {shown(row)}" for row in batch]

    def pending(self, row):
        self.events.append(f"pending {shown(row)}")

    def place(self, row_id, row):
        self.events.append(f"place {row_id} as {shown(row)}")

    def change(self, row_id, row):
        self.events.append(f"change {row_id} to {shown(row)}")

    def mark(self, writer, codes, word):
        self.events.append(f"mark {writer} {codes}")

    def state(self, sentence, kind):
        self.events.append(f"state {sentence}".strip())

    def alert(self, sentence, choices):
        self.events.append(f"alert {sentence[:30]} {[label for label, _ in choices]}" if sentence else "no alert")

    def members(self, listed):
        self.events.append("members " + ", ".join(f"{one['name']}*{one['count']}" for one in listed))

    def ask(self, sentence, choices):
        raise AssertionError("a session asks nothing")

    def facts(self, sentences):
        self.events.append(f"facts {len(sentences)}")


def shown(row):
    if row["marks"]:
        row["code"] = f"{row['code']} [{row['marks']}]".strip()
    parts = [row["id"], row["kind"], "" if row["kind"] in ("refusal", "waiting") else row["text"]]
    return " ".join(part for part in [*parts, row["state"], row["code"], *row["warnings"]] if part)


class Room:
    """A session, the events around it, and what it asked to be called back for."""

    def __init__(self):
        self.events, self.due, self.platform, self.queued = [], [], Platform(), None
        self.level = DummyLevel(self.platform, self.events)
        self.session = Session(
            self.platform,
            self.level,
            ROOM,
            "us",
            Show(self.events),
            self.send,
            self.later,
            self.in_pump,
            [("Out", None)],
        )

    def send(self, frame):
        known = {"join": ("after", "log"), "append": ("id", "body"), "leave": ()}[frame["type"]]
        assert frame["room"] == ROOM
        self.events.append(" ".join(["send", frame["type"], *[str(frame[name]) for name in known if name in frame]]))

    def later(self, seconds, work):
        self.due.append((seconds, work))

    async def in_pump(self, work):
        if self.queued is not None:  # the pump is in the middle of a frame: a test lets it go on
            self.queued.append(work)
        else:
            await work()

    def happened(self):
        events, self.events[:] = list(self.events), []
        return events

    def pass_time(self):
        """Does what is due now, and what becomes due by it; what is due later stays."""
        while now := [work for seconds, work in self.due if seconds <= 0]:
            self.due = [(seconds, work) for seconds, work in self.due if seconds > 0]
            for work in now:
                waits = work()  # plain or async
                if waits:
                    run(waits)

    def sleep(self, seconds):
        self.platform.now += seconds
        self.due = [(wait - seconds, work) for wait, work in self.due]
        self.pass_time()

    def receive(self, kind, **fields):
        run(self.session.receive({"type": kind, "room": ROOM} | fields))

    def joined(self, newest=0, **fields):
        frame = {"log": "L1", "after": self.session.log.last, "oldest": min(newest, 1), "newest": newest, "you": 7}
        frame |= {"members": [{"member": 7, "name": "us"}], "kept": True}
        self.receive("joined", **frame | fields)

    def reads(self, *entries):
        self.receive("entries", entries=list(entries))

    def says(self, *texts):
        for text in texts:
            run(self.session.writing.say(text))


@pytest.fixture
def room():
    """A session that has joined an empty room and may speak."""
    room = Room()
    room.session.up()
    room.joined()
    room.pass_time()
    room.happened()
    return room


def theirs(seq, text, key="ours", author="them"):
    return entry(seq, f"{key} {author} {text}")


def ours(seq, number, text, **more):
    return entry(seq, f"ours us {text} #{number}", id=f"id{number}", **more)


# Joining


def test_joining_an_empty_room_ends_with_being_able_to_speak():
    room = Room()
    room.session.up()
    room.joined()
    room.pass_time()
    joined = ["send join 0", "state Joining ...", "complete from 0", "members us*1", "facts 0", "state", "state"]
    assert room.happened() == [*joined, "derive ours"]
    room.says("hello")
    assert room.happened() == ["pending id1 message hello sending", "send append id1 ours us hello #1"]


def test_nothing_is_sealed_before_the_history_has_been_read():
    room = Room()
    room.session.up()
    room.joined(newest=2)
    room.pass_time()
    room.happened()
    room.says("early")
    room.reads(theirs(1, "a"))
    assert room.happened() == ["pending id1 message early sending"]
    room.reads(theirs(2, "b"))
    room.pass_time()
    assert [one for one in room.happened() if "send" in one] == ["send append id1 ours us early #1"]


def test_a_relay_that_keeps_nothing_is_a_fact_of_the_room():
    room = Room()
    room.session.up()
    room.joined(kept=False)
    assert "facts 1" in room.happened()


def test_history_is_held_until_its_first_key_and_then_shown_once_in_order():
    room = Room()
    room.session.up()
    room.joined(newest=4)
    room.happened()
    room.reads(theirs(1, "a", "K"), theirs(2, "b", "K"))
    room.reads(theirs(3, "c", "K"), theirs(4, "d", "K"))
    assert room.happened() == []
    room.pass_time()
    shown_once = [f"row s0-{seq} message {text}" for seq, text in enumerate("abcd", 1)]
    assert room.happened() == ["derive K", *shown_once, "state", "derive ours"]


def test_history_under_two_keys_is_shown_with_the_newest_and_the_rest_follows_in_place():
    room = Room()
    room.session.up()
    room.joined(newest=3)
    room.happened()
    room.reads(theirs(1, "old", "K1"), theirs(2, "new", "K2"), theirs(3, "newest", "K1"))
    room.pass_time()
    assert room.happened() == [
        "derive K1",
        "row s0-1 message old",
        "row s0-2 waiting",
        "row s0-3 message newest",
        "derive K2",
        "change s0-2 to s0-2 message new",
        "state",
        "derive ours",
    ]


def test_a_refusal_in_the_history_needs_no_key_and_is_not_held():
    room = Room()
    room.session.up()
    room.joined(newest=1)
    room.happened()
    room.reads(entry(1, "! not-encrypted"))
    assert room.happened()[0] == "row s0-1 refusal not-encrypted"


def test_an_entry_of_an_unknown_kind_is_shown_as_refused_between_its_neighbours(room):
    room.reads(theirs(1, "a"), entry(2, "x", kind="epoch"), theirs(3, "b"))
    assert room.happened()[:3] == ["row s0-1 message a", "row s0-2 refusal unknown-kind", "row s0-3 message b"]


def test_members_come_and_go(room):
    room.receive("member-joined", member=8, name="them")
    room.receive("member-left", member=8, name="them")
    room.receive("member-joined", member=9, name="others")
    room.sleep(0.1)
    assert room.happened() == [
        "row n1 notice “them” joined. joined",
        "row n2 notice “them” left. left",
        "row n3 notice “others” joined. joined",
        "members us*1, others*1",
    ]
    room.receive("member-left", member=9, name="others")
    room.sleep(0.1)
    assert room.happened() == ["row n4 notice “others” left. left", "members us*1"]


def test_leaving_tells_the_relay(room):
    room.session.leave()
    assert room.happened() == ["close", "send leave"]


# Speaking


def test_an_acknowledgement_before_the_echo_shows_relayed_and_the_echo_takes_its_place(room):
    room.says("hello")
    room.happened()
    room.receive("appended", id="id1", seq=1)
    room.reads(ours(1, 1, "hello"))
    assert room.happened() == [
        "change id1 to id1 message hello relayed",
        "place id1 as s0-1 message hello #1 relayed",
        "state",
    ]


def test_an_acknowledgement_after_the_echo_changes_nothing_more(room):
    room.says("hello")
    room.happened()
    room.reads(ours(1, 1, "hello"))
    room.receive("appended", id="id1", seq=1)
    assert room.happened() == ["place id1 as s0-1 message hello #1 relayed", "state"]
    assert room.session.writing.outbox.unsent() == 0


def test_an_echo_with_another_body_is_shown_for_itself_and_acknowledges_nothing(room):
    room.says("pay 10")
    room.happened()
    room.reads(theirs(1, "pay 99") | {"id": "id1"})
    assert room.happened() == ["row s0-1 message pay 99", "state"]
    assert room.session.writing.outbox.unsent() == 1


def test_a_message_that_cannot_be_sent_is_not_taken(room):
    for text in ("", "x" * 16_385):
        with pytest.raises(Problem):
            room.says(text)
    assert room.happened() == []
    assert room.session.writing.outbox.items == []


def test_what_the_relay_refuses_reads_failed_with_its_sentence_and_a_retry_sends_the_same_bytes(room):
    room.says("hello")
    room.receive("error", code="room-full", message="Too much.", id="id1")
    run(room.session.writing.retry("id1"))
    assert room.happened() == [
        "pending id1 message hello sending",
        "send append id1 ours us hello #1",
        "change id1 to id1 message hello failed Too much.",
        "change id1 to id1 message hello sending",
        "send append id1 ours us hello #1",
    ]


def test_retrying_what_did_not_fail_or_is_not_known_does_nothing(room):
    room.says("hello")
    room.happened()
    run(room.session.writing.retry("id1"))
    run(room.session.writing.retry("id9"))
    assert room.happened() == []


def test_a_message_that_came_too_fast_is_sent_again_after_a_second_and_never_reads_failed(room):
    room.says("hello")
    room.happened()
    room.receive("error", code="too-fast", message="Wait.", id="id1")
    room.sleep(0.9)
    assert room.happened() == []
    room.sleep(0.1)
    assert room.happened() == ["send append id1 ours us hello #1"]


def test_after_too_fast_nothing_overtakes_the_refused_message(room):
    room.says("a", "b")
    room.happened()
    room.receive("error", code="too-fast", message="Wait.", id="id1")
    room.says("c")
    room.receive("error", code="too-fast", message="Wait.", id="id2")
    assert room.happened() == ["pending id3 message c sending"]
    room.sleep(1)
    sent = [f"send append id{n} ours us {text} #{n}" for n, text in enumerate("abc", 1)]
    assert room.happened() == sent


def test_only_so_many_messages_are_under_way_and_each_answer_lets_the_next_one_go(room):
    room.says(*[f"text {n}" for n in range(1, IN_FLIGHT + 4)])
    sent = [one for one in room.happened() if one.startswith("send append")]
    assert len(sent) == IN_FLIGHT
    room.receive("appended", id="id1", seq=1)
    room.receive("error", code="id-conflict", message="Another.", id="id2")
    room.reads(ours(2, 3, "text 3"))
    room.receive("appended", id="id3", seq=2)
    sent = [one.split()[2] for one in room.happened() if one.startswith("send append")]
    assert sent == [f"id{IN_FLIGHT + n}" for n in (1, 2, 3)]


def test_what_was_under_way_when_the_connection_broke_makes_room_again(room):
    room.says(*[f"text {n}" for n in range(1, IN_FLIGHT + 2)])
    room.session.down()
    room.happened()
    room.joined()
    sent = [one.split()[2] for one in room.happened() if one.startswith("send append")]
    assert sent == [f"id{n}" for n in range(1, IN_FLIGHT + 1)]


def test_a_mistake_of_ours_on_one_message_does_not_cost_those_beside_it(room):
    def open_one(*parts):
        if parts[-1] == "bad":
            raise KeyError("a mistake")
        return Opened(parts[-1], "them", Tag(b"them"), False, [])

    room.level.open_one = open_one
    room.reads(theirs(1, "a"), theirs(2, "bad"), theirs(3, "c"))
    assert room.happened()[:3] == ["row s0-1 message a", "row s0-2 refusal malformed", "row s0-3 message c"]


def test_a_refusal_of_the_room_is_its_state(room):
    room.receive("error", code="room-full", message="The room is full.")
    assert room.happened() == ["state The room is full."]


def test_messages_are_sealed_and_sent_in_the_order_they_were_written_in():
    room = Room()
    room.session.up()
    room.says("a", "b", "c")
    room.joined()
    room.pass_time()
    sent = [one for one in room.happened() if one.startswith("send append")]
    assert sent == [f"send append id{n} ours us {text} #{n}" for n, text in enumerate("abc", 1)]


# The connection breaks


def test_a_reconnect_resumes_after_the_last_seq_and_sends_the_same_bytes_once_each(room):
    room.says("one", "two", "three")
    room.receive("appended", id="id1", seq=1)
    room.reads(ours(1, 1, "one"))
    room.receive("appended", id="id2", seq=2)
    room.happened()
    room.session.down()
    room.session.up()
    room.joined(newest=2)
    room.reads(ours(2, 2, "two"))
    assert room.happened() == [
        "state Not connected. What you write is kept and sent later.",
        "send join 1 L1",
        "state Joining ...",
        "complete from 1",
        "members us*1",
        "facts 0",
        "state Reading what was said ...",
        "send append id3 ours us three #3",
        "place id2 as s0-2 message two #2 relayed",
        "state",
    ]


def test_what_is_written_while_offline_is_sealed_at_once_and_sent_after_the_join(room):
    room.session.down()
    room.happened()
    room.says("later")
    assert room.happened() == ["pending id1 message later sending"]
    room.session.up()
    assert [one for one in room.happened() if "append" in one] == []
    room.joined()
    assert "send append id1 ours us later #1" in room.happened()


def test_what_failed_is_not_sent_again_by_a_reconnect(room):
    room.says("hello")
    room.receive("error", code="room-full", message="Too much.", id="id1")
    room.session.down()
    room.session.up()
    room.happened()
    room.joined()
    assert [one for one in room.happened() if "append" in one] == []


def test_an_entry_that_comes_a_second_time_is_shown_once(room):
    room.reads(theirs(1, "a"), theirs(2, "b"))
    room.happened()
    room.reads(theirs(1, "a"), theirs(2, "b"))
    room.reads(theirs(2, "b"), theirs(3, "c"))
    assert room.happened() == ["row s0-3 message c", "state"]


def test_a_new_log_is_said_and_its_repeats_are_not_shown_as_attacks(room):
    room.reads(theirs(1, "a"), theirs(2, "b"))
    room.session.down()
    room.session.up()
    room.happened()
    room.joined(newest=2, log="L2", after=0)
    room.reads(entry(1, "! replayed"), entry(2, "! replayed"))
    assert room.happened() == [
        "row n1 notice The relay lost or replaced what it had stored for this room. new-log",
        "new log",
        "complete from 1",
        "members us*1",
        "facts 0",
        "state Reading what was said ...",
        "state",
    ]
    room.reads(entry(3, "! replayed"))
    assert room.happened() == ["row s1-3 refusal replayed", "state"]


def test_a_log_that_lost_its_end_is_read_from_the_start_as_if_it_were_new(room):
    room.reads(theirs(1, "a"), theirs(2, "b"))
    room.session.down()
    room.session.up()
    room.happened()
    room.joined(newest=1, after=0)
    assert room.happened()[:2] == [
        "row n1 notice The relay lost or replaced what it had stored for this room. new-log",
        "new log",
    ]


def test_what_was_not_acknowledged_is_sent_to_a_new_log_too(room):
    room.says("hello")
    room.session.down()
    room.session.up()
    room.happened()
    room.joined(newest=0, log="L2", after=0)
    assert "send append id1 ours us hello #1" in room.happened()


def test_what_waited_for_a_key_when_the_log_was_replaced_does_not_wait_for_ever(room):
    room.reads(theirs(1, "x", "K"))
    room.session.down()
    room.happened()
    room.joined(newest=1, log="L2", after=0)
    assert f"change s0-1 to s0-1 refusal {TooManyKeys.code}" in room.happened()
    room.reads(theirs(1, "x", "K"))
    room.pass_time()
    assert [one for one in room.happened() if "s1-1" in one] == ["row s1-1 waiting", "change s1-1 to s1-1 message x"]


def test_history_that_is_no_longer_kept_is_said():
    room = Room()
    room.session.up()
    room.joined(newest=9, oldest=5)
    assert "row n1 notice Earlier messages are no longer kept. trimmed" in room.happened()


def test_where_nothing_at_all_is_kept_nobody_waits_for_it_before_speaking():
    room = Room()
    room.session.up()
    room.joined(newest=9, oldest=10, kept=False)
    room.pass_time()
    room.says("hello")
    assert "send append id1 ours us hello #1" in room.happened()
    room.session.down()
    room.session.up()
    assert "send join 9 L1" in room.happened()


def test_history_that_went_while_we_were_away_is_said_and_that_which_we_have_is_not(room):
    room.reads(theirs(1, "a"), theirs(2, "b"))
    for oldest, said in ((1, False), (3, False), (4, True)):
        room.session.down()
        room.session.up()
        room.happened()
        room.joined(newest=5, oldest=oldest, after=2)
        assert any("trimmed" in one for one in room.happened()) == said


# Keys


def test_a_message_under_an_unknown_key_waits_in_its_place_and_delays_no_other(room):
    room.reads(theirs(1, "a", "K"), theirs(2, "b"))
    assert room.happened() == ["row s0-1 waiting", "row s0-2 message b"]
    room.pass_time()
    assert room.happened() == ["derive K", "change s0-1 to s0-1 message a", "state"]


def test_a_message_read_while_a_key_is_derived_does_not_overtake_the_one_that_waits(room):
    room.reads(theirs(1, "first", "K"))
    room.queued = []  # the pump is busy
    room.pass_time()
    room.reads(theirs(2, "second", "K"))
    (work,), room.queued = room.queued, None
    run(work())
    assert [one for one in room.happened() if "message" in one] == [
        "change s0-1 to s0-1 message first",
        "change s0-2 to s0-2 message second",
    ]


def test_a_key_wished_for_several_times_is_derived_once(room):
    for seq in (1, 2, 3):
        room.reads(theirs(seq, "x", "K"))
    room.pass_time()
    room.reads(theirs(4, "x", "K"))
    room.pass_time()
    assert room.happened().count("derive K") == 1


def test_a_wish_made_while_our_own_key_is_derived_is_fulfilled_afterwards():
    room = Room()
    room.session.up()
    room.joined()
    (_, prepare), room.due = room.due[0], []
    room.level.keyring.deriving = "ours"  # as it is while the browser works
    room.reads(theirs(1, "hello", "K"))
    assert room.due == []
    room.level.keyring.deriving = None
    run(prepare())
    room.pass_time()
    assert [one for one in room.happened() if "hello" in one] == ["row s0-1 message hello"]


def test_at_most_ten_keys_a_minute_are_derived_and_the_others_follow(room):
    room.reads(*[theirs(seq, "x", f"K{seq}") for seq in range(1, 15)])
    room.pass_time()
    derived = [one for one in room.happened() if one.startswith("derive")]
    assert derived == [f"derive K{seq}" for seq in range(14, 4, -1)]
    room.sleep(59)
    assert room.happened() == []
    room.sleep(1)
    derived = [one for one in room.happened() if one.startswith("derive")]
    assert derived == [f"derive K{seq}" for seq in range(4, 0, -1)]


def test_a_flood_of_keys_delays_neither_known_messages_nor_our_own(room):
    room.reads(*[theirs(seq, "x", f"K{seq}") for seq in range(1, 50)])
    room.pass_time()
    room.happened()
    room.reads(theirs(50, "hello"))
    room.says("hi")
    assert room.happened() == [
        "row s0-50 message hello",
        "state",
        "pending id1 message hi sending",
        "send append id1 ours us hi #1",
    ]


def test_a_flood_before_our_own_key_does_not_keep_us_from_speaking():
    room = Room()
    room.session.up()
    room.joined(newest=50)
    room.reads(*[theirs(seq, "x", f"K{seq}") for seq in range(1, 51)])
    room.pass_time()
    room.says("hi")
    assert room.happened()[-1] == "send append id1 ours us hi #1"


def test_of_too_many_waiting_messages_the_oldest_are_refused(room):
    room.level.keyring.starts = [room.platform.now] * 10  # none may be derived now
    room.reads(*[theirs(seq, "x", "K") for seq in range(1, WAITING_MOST + 3)])
    changed = [one for one in room.happened() if one.startswith("change")]
    assert changed == [f"change s0-{seq} to s0-{seq} refusal {TooManyKeys.code}" for seq in (1, 2)]


# The wrong passphrase


def test_the_wrong_passphrase_is_said_once_when_nothing_of_others_opens(room):
    room.reads(entry(1, "! wrong-passphrase"))
    room.reads(entry(2, "! wrong-passphrase"))
    assert room.happened() == [
        "row s0-1 refusal wrong-passphrase",
        "state",
        "alert Nothing that others wrote here ['Out']",
        "row s0-2 refusal wrong-passphrase",
        "state",
    ]


def test_the_alert_goes_when_a_message_of_others_opens(room):
    room.reads(entry(1, "! cannot-open"))
    room.happened()
    room.reads(theirs(2, "hello"))
    assert room.happened() == ["row s0-2 message hello", "state", "no alert"]


def test_one_message_that_does_not_open_among_others_that_do_is_no_wrong_passphrase(room):
    room.reads(theirs(1, "hello"), entry(2, "! wrong-passphrase"))
    assert not any("alert" in one for one in room.happened())


def test_our_own_messages_opening_do_not_hide_a_wrong_passphrase(room):
    room.says("hello")
    room.reads(ours(1, 1, "hello"), entry(2, "! wrong-passphrase"))
    assert any("alert Nothing" in one for one in room.happened())


def test_an_attack_that_opens_nothing_but_is_no_wrong_passphrase_raises_no_alert(room):
    room.reads(entry(1, "! not-encrypted"), entry(2, "! replayed"))
    assert not any("alert" in one for one in room.happened())


# Rows


def test_a_row_has_all_its_fields_and_the_name_that_its_level_gives():
    made = entry(1, "b", row="s0-1", name="relay says")
    message = rows.message(made, Opened("t", "signed", Tag(b"k"), True, []), WRITER, [])
    assert (message["name"], message["state"]) == ("signed", "relayed")
    expected = {"id", "kind", "text", "name", "tag", "color", "own", "at", "state", "warnings", "code"}
    expected |= {"writer", "marks", "mark", "trust"}
    for row in (message, rows.notice("n1", "t"), rows.waiting(made), rows.refusal(made, CannotOpen())):
        assert set(row) == expected
    assert message["at"] == AT


def test_a_nul_in_a_text_is_shown_as_a_mark_and_does_not_end_it():
    made = rows.message(entry(1, "b", row="s0-1"), Opened("pay\x00 nothing", "them", Tag(b"k"), False, []), WRITER, [])
    assert made["text"] == "pay\ufffd nothing"


# Joining, refused and repeated


def test_what_others_wrote_before_ours_in_one_frame_stands_before_ours(room):
    room.says("ours")
    room.happened()
    room.reads(theirs(1, "first"), ours(2, 1, "ours"), theirs(3, "third"))
    assert room.happened()[:3] == [
        "row s0-1 message first",
        "place id1 as s0-2 message ours #1 relayed",
        "row s0-3 message third",
    ]


def test_entries_of_an_earlier_joining_are_left_to_the_new_one():
    room = Room()
    room.session.up()
    room.happened()
    room.reads(theirs(5, "early"))
    assert room.happened() == []
    room.joined(newest=5, after=0)
    room.reads(theirs(1, "a"), theirs(2, "b"))
    room.pass_time()
    assert [one for one in room.happened() if one.startswith("row")] == ["row s0-1 message a", "row s0-2 message b"]


def test_the_answer_to_an_earlier_joining_of_the_room_is_no_lost_log():
    room = Room()
    room.session.up()
    room.joined(newest=1, after=0)  # of a joining that was left at once
    room.reads(theirs(1, "a"))
    room.pass_time()
    room.joined(newest=1, after=0)  # of this one
    room.reads(theirs(1, "a"))
    rows = [one for one in room.happened() if one.startswith("row")]
    assert rows == ["row s0-1 message a"]


@pytest.mark.parametrize("code", ["too-fast", "storage"])
def test_a_joining_refused_for_the_moment_is_tried_again(code):
    room = Room()
    room.session.up()
    room.happened()
    room.receive("error", code=code, message="Not now.")
    assert room.happened() == ["state Not now."]
    room.sleep(2)
    assert room.happened() == ["send join 0", "state Joining ..."]


def test_a_joining_refused_for_good_offers_to_try_again_and_says_no_more_once_joined():
    room = Room()
    room.session.up()
    room.happened()
    room.receive("error", code="room-full", message="The room is full.")
    room.sleep(60)
    assert room.happened() == ["state The room is full.", "alert The room is full. ['Try again', 'Out']"]
    run(room.session.try_again())
    assert room.happened() == ["send join 0", "state Joining ..."]
    room.joined()
    assert room.happened()[0] == "no alert"


def test_entries_left_out_in_the_middle_are_said(room):
    room.reads(theirs(1, "a"), theirs(4, "d"))
    assert "row n1 notice Entries are missing here (2): no longer kept, or withheld. missing" in room.happened()


def test_after_leaving_nothing_is_sent_or_derived_any_more(room):
    room.says("a")
    room.receive("error", code="too-fast", message="Wait.", id="id1")
    room.reads(theirs(1, "x", "K"))
    room.session.leave()
    room.happened()
    room.sleep(60)
    assert room.happened() == []


def test_a_full_disk_of_the_relay_delays_our_messages_and_none_overtakes_another(room):
    room.says("a", "b")
    room.happened()
    room.receive("error", code="storage", message="Cannot write.", id="id1")
    assert room.happened() == ["state Cannot write."]
    room.receive("error", code="storage", message="Cannot write.", id="id2")
    room.sleep(5)
    assert [one for one in room.happened() if "send" in one] == [
        "send append id1 ours us a #1",
        "send append id2 ours us b #2",
    ]


def test_a_wish_that_a_flood_pushed_out_is_made_again(room):
    room.level.keyring.starts = [room.platform.now] * 10
    room.reads(theirs(1, "honest", "K0"))
    room.reads(*[theirs(seq, "x", f"K{seq}") for seq in range(2, WANTED + 3)])
    assert "K0" not in room.level.keyring.wanted
    for _ in range(15):
        room.sleep(61)
    assert "change s0-1 to s0-1 message honest" in room.happened()


def test_a_complaint_about_a_text_stays_until_the_next_one_is_taken(room):
    room.session.complain("Too long.")
    room.reads(theirs(1, "a"))
    room.session.complain("")
    assert [one for one in room.happened() if one.startswith("state")] == ["state Too long."] * 2 + ["state"]


# Who can be taken for whom


def test_who_writes_under_anothers_name_is_marked_and_the_rows_before_are_once_they_stand(room):
    room.reads(theirs(1, "a", author="bob1"), theirs(2, "b", author="bob2"))
    assert room.happened() == [
        "row s0-1 message a",
        "row s0-2 message b [same-name]",
        "mark 2 same-name",
        "mark 1 same-name",
        "state",
    ]


def test_what_waited_for_its_key_marks_the_rows_before_too(room):
    room.reads(theirs(1, "a", author="bob1"), theirs(2, "b", "K", author="bob2"))
    room.happened()
    room.pass_time()
    assert room.happened()[:4] == [
        "derive K",
        "change s0-2 to s0-2 message b [same-name]",
        "mark 2 same-name",
        "mark 1 same-name",
    ]


def test_what_stood_under_our_name_before_we_joined_is_no_alarm_and_what_comes_after_is():
    room = Room()
    room.session.up()
    room.joined(newest=1)
    room.reads(theirs(1, "a", author="us1"))
    room.pass_time()
    assert "row s0-1 message a [same-name]" in room.happened()
    room.reads(theirs(2, "b", author="us1"))
    assert "under your name" in room.happened()[0]


def test_a_replaced_log_is_as_old_as_it_says_and_the_same_log_after_a_break_is_not(room):
    room.session.down()
    room.session.up()
    room.joined(newest=1)
    room.reads(theirs(1, "a", author="us1"))
    assert "[same-name your-name]" in " ".join(room.happened())  # written while we were away, but had joined
    room.session.down()
    room.session.up()
    room.joined(newest=1, log="L2", after=0)
    room.reads(theirs(1, "b", author="us2"))
    assert "[same-name]" in " ".join(room.happened())


# What the relay sees


@pytest.mark.parametrize("open_to_view", [False, True])
def test_what_the_relay_sees_is_kept_of_our_own_messages_and_of_others_only_where_a_room_is_open_to_view(
    room, open_to_view
):
    room.level.open_to_view = open_to_view
    room.says("hello")
    room.reads(theirs(1, "a"), ours(2, 1, "hello"), entry(3, "! not-encrypted"), theirs(4, "b", "K"))
    assert set(room.session.wire.kept) == ({"s0-1", "s0-2", "s0-3", "s0-4"} if open_to_view else {"s0-2"})
    own, outcome = room.session.wire.kept["s0-2"]
    assert (own["body"], outcome.text) == ("ours us hello #1", "hello #1")


def test_what_is_kept_of_a_message_that_waited_for_its_key_is_what_became_of_it(room):
    room.level.open_to_view = True
    room.reads(theirs(1, "a", "K"))
    assert isinstance(room.session.wire.kept["s0-1"][1], Waiting)
    room.pass_time()
    assert room.session.wire.kept["s0-1"][1].text == "a"
