"""What a session appends because its level has to: one entry at a time, and again if it was refused for the moment."""

import pytest

from protocol.duties import TICK, Duties
from protocol.levels import Control
from reference import ReferencePlatform, run


class Desk:
    """Duties among neighbours that append to one list, and a level that wants what stands in `wanted`."""

    def __init__(self):
        self.events, self.due, self.wanted, self.since, self.writes = [], [], [], 0, False
        self.duties = Duties(ReferencePlatform(), self, "room", self, self.send, self.later, lambda: self.writes)

    async def control(self, wants_to_write):
        self.events.append(f"asked, {wants_to_write}")
        return self.wanted.pop(0) if self.wanted else None

    def unconfirmed(self):
        return self.since

    def confirmed(self, since):
        self.events.append(f"confirmed since {since}")

    def send(self, frame):
        self.events.append(frame)

    def later(self, seconds, work):
        self.due.append((seconds, work))

    def happened(self):
        events, self.events = self.events, []
        return events

    def pursue(self, *wanted):
        self.wanted += wanted
        run(self.duties.pursue())
        return [event for event in self.happened() if isinstance(event, dict)]

    def refused(self, code, id):
        return self.duties.refused({"type": "error", "code": code, "message": "No.", "id": id})


LIST, KEYS = Control("members", "a list", 7), Control("history", "keys", None)


@pytest.fixture
def desk():
    desk = Desk()
    run(desk.duties.up())
    desk.happened()
    return desk


def test_what_the_level_wants_is_appended_with_its_precondition_if_it_has_one(desk):
    [frame] = desk.pursue(LIST)
    expected = {"type": "append", "room": "room", "kind": "members", "body": "a list", "if_newest": 7}
    assert frame == expected | {"id": frame["id"]} and len(frame["id"]) == 22
    desk.duties.landed({"id": frame["id"]})
    [frame] = desk.pursue(KEYS)
    assert frame == {"type": "append", "room": "room", "kind": "history", "body": "keys", "id": frame["id"]}


def test_nothing_is_asked_before_the_log_was_read_nor_while_offline():
    desk = Desk()
    assert (desk.pursue(LIST), desk.events) == ([], [])
    run(desk.duties.up())
    assert desk.happened()[-1]["body"] == "a list"
    desk.duties.down()
    assert (desk.pursue(KEYS), desk.events) == ([], [])


def test_a_second_entry_waits_until_the_first_has_been_read(desk):
    [first] = desk.pursue(LIST, KEYS)
    assert desk.pursue() == []
    desk.duties.landed({"id": "another"})
    assert desk.pursue() == []
    desk.duties.landed({"id": first["id"]})
    assert [frame["body"] for frame in desk.pursue()] == ["keys"]


def test_what_was_under_way_when_the_connection_broke_is_asked_for_anew(desk):
    desk.pursue(LIST)
    desk.duties.down()
    desk.wanted.append(LIST)
    run(desk.duties.up())
    assert desk.happened()[-1]["body"] == "a list"


def test_nothing_is_sent_that_was_made_while_the_connection_broke(desk):
    async def control(wants_to_write):
        desk.duties.down()
        return LIST

    desk.control = control
    assert desk.pursue() == [] and desk.duties.under_way is None


def test_the_level_is_asked_once_at_a_time(desk):
    asked = []

    async def control(wants_to_write):
        asked.append(wants_to_write)
        await desk.duties.pursue()

    desk.control = control
    desk.pursue()
    assert asked == [False]


def test_a_level_that_fails_is_asked_again(desk):
    async def control(wants_to_write):
        raise ValueError

    right, desk.control = desk.control, control
    with pytest.raises(ValueError):
        desk.pursue()
    desk.control = right
    assert [frame["body"] for frame in desk.pursue(LIST)] == ["a list"]


def test_the_level_is_told_whether_a_text_waits(desk):
    desk.writes = True
    run(desk.duties.pursue())
    assert desk.happened() == ["asked, True"]


@pytest.mark.parametrize(
    ("code", "seconds"),
    [("not-newest", 0.5), ("too-fast", 1.0), ("address-too-fast", 1.0), ("room-too-fast", 1.0), ("storage", 5.0)],
)
def test_what_is_refused_for_the_moment_is_asked_for_anew_and_not_said(desk, code, seconds):
    [frame] = desk.pursue(LIST)
    assert desk.refused(code, frame["id"])
    [(wait, work)] = desk.due
    desk.wanted.append(KEYS)
    run(work())
    assert wait == seconds and desk.happened()[-1]["body"] == "keys"


def test_what_is_refused_for_good_is_left_to_be_said_and_holds_nothing_up(desk):
    [frame] = desk.pursue(LIST)
    assert not desk.refused("too-many-kinds", frame["id"])
    assert desk.due == [] and len(desk.pursue(KEYS)) == 1


def test_an_error_about_something_else_is_nothing_of_ours(desk):
    assert not desk.refused("not-newest", "x") and not desk.duties.refused({"type": "error", "code": "not-newest"})
    desk.pursue(LIST)
    assert not desk.refused("not-newest", "x") and not desk.duties.refused({"type": "error", "code": "not-newest"})
    assert desk.duties.under_way and desk.due == []


def test_what_becomes_due_by_itself_is_looked_for_each_minute_until_the_end(desk):
    desk.duties.begin()
    desk.duties.begin()
    [(wait, tick)] = desk.due
    desk.wanted, desk.since = [LIST], 1_800_000_000
    run(tick())
    happened = desk.happened()
    assert wait == TICK == 60 and [one[0] for one in desk.due] == [60, 60]
    assert "not confirmed since 2027-01-15 08:00 UTC." in happened[0] and happened[-1]["body"] == "a list"
    desk.duties.end()
    run(tick())
    assert desk.happened() == [] and len(desk.due) == 2


def test_a_list_that_somebody_confirmed_is_said_to_be_nothing_special(desk):
    run(desk.duties.up())
    assert desk.happened()[0] == "confirmed since "
