"""What a session says, on its way to the relay: its order, its pace, and its fate."""

import pytest

from protocol.errors import Problem
from protocol.levels import SharedSecret, Tag
from protocol.writing import IN_FLIGHT, Writing
from reference import ReferencePlatform, run


class Level(SharedSecret):
    tag = Tag(b"us")

    async def seal(self, text):
        return f"sealed {text}"


class Desk:
    """A Writing among neighbours that append to one list."""

    def __init__(self):
        self.events, self.due = [], []
        self.writing = Writing(ReferencePlatform(), Level(), "room", "Alice", self, self.send, self.later)

    def send(self, frame):
        self.events.append(f"send {frame['body']}")

    def later(self, seconds, work):
        self.due.append((seconds, work))

    def pending(self, row):
        self.events.append(f"pending {row['text']}")

    def change(self, row_id, row):
        self.events.append(f"{row['text']} {row['state']}")

    def state(self, sentence, kind):
        self.events.append(f"{kind}: {sentence}")

    def happened(self):
        events, self.events[:] = list(self.events), []
        return events

    def says(self, *texts):
        for text in texts:
            run(self.writing.say(text))

    def id_of(self, text):
        return next(item.id for item in self.writing.outbox.items if item.text == text)

    def refused(self, text, code):
        return self.writing.refused({"type": "error", "code": code, "message": "No.", "id": self.id_of(text)})


@pytest.fixture
def desk():
    desk = Desk()
    desk.writing.up()
    run(desk.writing.prepared())
    return desk


def test_a_text_is_shown_then_sealed_then_sent(desk):
    desk.says("a")
    assert desk.happened() == ["pending a", "send sealed a"]


def test_nothing_is_sealed_before_the_level_can_and_nothing_sent_before_the_room_is_joined():
    desk = Desk()
    desk.says("a")
    assert desk.happened() == ["pending a"]
    run(desk.writing.prepared())
    assert (desk.happened(), desk.writing.outbox.items[0].body) == ([], "sealed a")
    desk.writing.up()
    assert desk.happened() == ["send sealed a"]


def test_a_text_that_cannot_be_sent_leaves_no_trace(desk):
    with pytest.raises(Problem):
        desk.says("")
    assert (desk.happened(), desk.writing.outbox.items) == ([], [])


@pytest.mark.parametrize(
    ("code", "seconds"), [("too-fast", 1.0), ("address-too-fast", 1.0), ("room-too-fast", 1.0), ("storage", 5.0)]
)
def test_what_is_refused_for_the_moment_goes_again_before_what_came_after_it(desk, code, seconds):
    desk.says("a", "b")
    desk.happened()
    assert desk.refused("a", code)
    desk.refused("b", code)
    desk.says("c")
    [(wait, resume)] = desk.due
    assert wait == seconds
    desk.happened()
    resume()
    assert desk.happened() == ["send sealed a", "send sealed b", "send sealed c"]


def test_what_is_refused_for_good_reads_failed_until_a_retry(desk):
    desk.says("a")
    desk.refused("a", "id-conflict")
    assert desk.happened()[-1] == "a failed"
    run(desk.writing.retry(desk.id_of("a")))
    assert desk.happened() == ["a sending", "send sealed a"]


def test_an_error_about_no_message_of_ours_is_somebody_elses(desk):
    assert desk.writing.refused({"type": "error", "code": "room-full", "message": "Full."}) is False


def test_only_the_very_body_that_we_sent_counts_as_landed(desk):
    desk.says("a")
    entry = {"id": desk.id_of("a"), "body": "something else"}
    assert desk.writing.landed(entry) is None
    assert desk.writing.landed(entry | {"body": "sealed a"}).text == "a"
    assert desk.writing.outbox.items == []


def test_at_most_so_many_are_under_way_and_a_break_begins_the_count_anew(desk):
    desk.says(*[str(n) for n in range(IN_FLIGHT + 1)])
    assert len([one for one in desk.happened() if one.startswith("send")]) == IN_FLIGHT
    desk.writing.down()
    desk.says("offline")
    desk.writing.up()
    sent = [one for one in desk.happened() if one.startswith("send")]
    assert sent == [f"send sealed {n}" for n in range(IN_FLIGHT)]
