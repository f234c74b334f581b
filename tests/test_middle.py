"""What the man in the middle does with frames, whoever carries them, and what who watches is told."""

import pytest

from lab import lines
from lab.attacks import identity, order
from lab.attacks.attack import Attack, Hand
from lab.middle import ANSWER, CHANGED, DROPPED, INVENTED, PASSED, Middle
from people import AT
from protocol.ladder import LADDER
from reference import ReferencePlatform, run

ROOM = "classic/kitchen"


class Watched:
    """Alice's and Bob's connections through a man in the middle, and all that who watches was told."""

    def __init__(self, attack=Attack):
        self.told = []
        self.middle = Middle(lambda connection, *what: self.told.append((connection.member, *what)))
        self.connections = {name: self.middle.open(f"{name}'s page", f"{name}'s relay") for name in ("Alice", "Bob")}
        for name in self.connections:
            assert self.up(name, join(name)) == [(f"{name}'s relay", join(name))]
        self.down("Alice", entries(entry(1, "Alice")))
        self.down("Bob", entries(entry(1, "Alice")))
        self.attack = attack(Hand(ReferencePlatform(), LADDER, LADDER.levels[0], "kitchen", None, self.log, []))
        self.told.clear()

    @property
    def log(self):
        return self.middle.log(ROOM)

    def begin(self):
        return run(self.middle.begin(self.attack))

    def up(self, name, frame):
        return self.middle.from_page(self.connections[name], frame)

    def down(self, name, frame):
        return self.middle.from_relay(self.connections[name], frame)

    def fates(self):
        return [fate for _, _, _, fate, _ in self.told]


def join(name):
    return {"type": "join", "room": ROOM, "name": name, "after": 0}


def entry(seq, name, body="body"):
    return {"seq": seq, "kind": "message", "id": f"id{seq}", "name": name, "at": AT, "body": f"{body} {seq}"}


def entries(*some):
    return {"type": "entries", "room": ROOM, "entries": list(some)}


def append(id="new"):
    return {"type": "append", "room": ROOM, "kind": "message", "id": id, "body": "sealed"}


# ------------------------------------------------------------------------------------------ what goes on


def test_without_an_attack_frames_go_on_as_they_came_each_on_its_own_connection():
    watched = Watched()
    assert watched.up("Alice", append()) == [("Alice's relay", append())]
    assert watched.down("Bob", entries(entry(2, "Alice"))) == [("Bob's page", entries(entry(2, "Alice")))]
    assert watched.fates() == [PASSED, PASSED]


def test_the_log_has_each_entry_once_whoever_is_shown_it_first():
    watched = Watched()
    for name in ("Bob", "Alice"):
        watched.down(name, entries(entry(2, "Bob"), entry(3, "Alice")))
    assert [one["seq"] for one in watched.log] == [1, 2, 3]


def test_the_log_keeps_what_the_relay_sent_and_not_what_an_attack_makes_of_it():
    watched = Watched(identity.FalseTime)
    watched.begin()
    [(_, shown)] = watched.down("Bob", entries(entry(2, "Alice")))
    assert shown["entries"][0]["at"] != AT
    assert watched.log[1]["at"] == AT


def test_who_joined_under_a_name_is_known_by_it_until_the_connection_is_closed():
    watched = Watched()
    assert watched.middle.of("Bob") == [watched.connections["Bob"]]
    watched.up("Bob", join("Carol"))
    assert watched.middle.of("Bob") == [] and watched.middle.of("Carol") == [watched.connections["Bob"]]
    watched.middle.close(watched.connections["Bob"])
    assert watched.middle.of("Carol") == []


def test_what_an_attack_appends_is_sent_when_it_begins_and_its_answer_is_not_shown_to_the_page():
    watched = Watched(order.ReplayLater)
    [(side, frame)] = watched.begin()
    assert side == "Alice's relay" and frame["body"] == "body 1"
    assert watched.down("Alice", {"type": "appended", "room": ROOM, "id": frame["id"], "seq": 2}) == []
    assert watched.attack.answers == {frame["id"]: 2} and watched.attack.answered()
    assert watched.fates() == [INVENTED, ANSWER]


def test_what_an_attack_sends_besides_comes_after_the_frame_that_led_to_it():
    watched = Watched(order.ReplayAtOnce)
    watched.begin()
    page, relay = watched.down("Alice", entries(entry(2, "Alice")))
    assert page == ("Alice's page", entries(entry(2, "Alice")))
    assert relay[0] == "Alice's relay" and relay[1]["body"] == "body 2"


def test_who_is_away_is_sent_nothing_besides():
    watched = Watched(order.ReplayLater)
    watched.middle.close(watched.connections["Alice"])
    assert watched.begin() == []


class Waits(Attack):
    """Frames come while it begins."""

    async def begin(self):
        self.passed = self.middle.from_page(self.connection, append())
        self.append("ours", member="Alice")

    def to_relay(self, member, frame):
        raise AssertionError("asked before it had begun")


def test_an_attack_is_not_asked_before_it_has_begun():
    watched = Watched(Waits)
    watched.attack.middle, watched.attack.connection = watched.middle, watched.connections["Bob"]
    assert [frame["body"] for _, frame in watched.begin()] == ["ours"]
    assert watched.attack.passed == [("Bob's relay", append())]
    watched.middle.stop()


class Wrong(Attack):
    def to_page(self, member, frame):
        raise KeyError("a mistake of its own")


def test_a_mistake_of_an_attack_stops_no_frame_and_is_told_to_the_runner_once():
    watched = Watched(Wrong)
    watched.begin()
    assert watched.down("Bob", entries(entry(2, "Alice"))) == [("Bob's page", entries(entry(2, "Alice")))]
    with pytest.raises(KeyError, match="of its own"):
        watched.middle.stop()
    watched.attack.to_page = lambda member, frame: []
    assert watched.down("Bob", entries(entry(3, "Alice"))) != []  # it is over
    watched.begin()
    watched.middle.stop()


def test_joinings_are_counted_that_the_relay_took():
    watched = Watched()
    before = watched.middle.joins
    watched.down("Bob", {"type": "joined", "room": ROOM, "newest": 1, "oldest": 1})
    watched.down("Bob", {"type": "left", "room": ROOM})
    assert watched.middle.joins == before + 1


def test_the_directory_has_people_of_the_attackers_own_by_way_of_the_man_in_the_middle_and_of_others_what_it_has():
    watched = Watched()
    watched.middle.bundles["Mallory"] = ["bundle-1.M"]
    found = {"type": "found", "names": [{"name": "Mallory", "bundles": []}, {"name": "Bob", "bundles": ["bundle-1.B"]}]}
    [(side, frame)] = watched.down("Alice", found)
    assert side == "Alice's page"
    assert [one["bundles"] for one in frame["names"]] == [["bundle-1.M"], ["bundle-1.B"]]
    watched.down("Bob", {"type": "published", "name": "Bob", "version": 1})
    assert watched.middle.published == {"Bob"}


# ------------------------------------------------------------------------------------------ what who watches is told


def test_who_watches_is_told_what_is_dropped_changed_and_sent_once_more():
    dropping = Watched(order.DropTail)
    dropping.begin()
    assert dropping.down("Bob", entries(entry(2, "Alice"))) == []
    dropping.down("Bob", entries(entry(3, "Bob")))
    assert dropping.told == [
        ("Bob", "page", entries(entry(2, "Alice")), DROPPED, None),
        ("Bob", "page", entries(entry(3, "Bob")), CHANGED, entries(entry(3, "Bob") | {"seq": 2})),
    ]
    twice = Watched(order.Duplicate)
    twice.begin()
    twice.down("Bob", entries(entry(2, "Alice")))
    assert twice.fates() == [PASSED, INVENTED]


def test_a_frame_that_an_attack_changes_where_it_stands_is_told_as_it_came_and_as_it_went():
    watched = Watched(identity.RenamedByRelay)
    watched.begin()
    watched.down("Bob", entries(entry(2, "Alice")))
    [(who, to, came, fate, went)] = watched.told
    assert (who, to, fate) == ("Bob", "page", CHANGED)
    assert (came["entries"][0]["name"], went["entries"][0]["name"]) == ("Alice", "Bob")


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        (join("Bob"), "join, as “Bob”, after 0"),
        (append(), "append: a body of 6 characters"),
        (entries(entry(7, "Alice")), "entry 7 by “Alice”"),
        (entries(entry(2, "Bob"), entry(3, "Alice"), entry(4, "Bob")), "entries 2 to 4 by “Bob” and “Alice”"),
        (entries(entry(2, "Bob"), entry(9, "Bob")), "entries 2, 9 by “Bob”"),
        ({"type": "joined", "newest": 0, "oldest": 0}, "joined: the log is empty"),
        ({"type": "joined", "newest": 9, "oldest": 2}, "joined: the log goes from 2 to 9"),
        ({"type": "appended", "seq": 3}, "appended, as 3"),
        ({"type": "error", "code": "id-conflict"}, "error: id-conflict"),
        ({"type": "member-joined", "name": "Bob"}, "member-joined: “Bob”"),
        ({"type": "looked", "rooms": [{"room": ROOM, "members": 1}]}, "looked: classic/kitchen has 1"),
        ({"type": "leave", "room": ROOM}, "leave"),
    ],
)
def test_a_frame_is_one_short_line(frame, line):
    assert lines.described(frame) == line


@pytest.mark.parametrize(
    ("became", "difference"),
    [
        (entries(entry(8, "Alice")), "entry 8 by “Alice”"),
        (entries(entry(7, "Alice", "other")), "another body"),
        (entries(entry(7, "Alice") | {"at": "1999" + AT[4:]}), "another at: 1999" + AT[4:]),
        (entries(entry(7, "Alice")) | {"room": "other"}, "another room"),
    ],
)
def test_what_a_frame_was_changed_to_is_said_by_what_differs(became, difference):
    assert lines.difference(entries(entry(7, "Alice")), became) == difference
