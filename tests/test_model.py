"""The state of a room over random operations equals a simple model, through sockets and restarts (room_model.py).

Derandomized, so that a red run is red again for everybody, and a commit that touches nothing here cannot make it red;
and not shrunk, which takes minutes. By hand there are other examples each time, as many as wanted, and shrunk:

    MODEL_EXAMPLES=1000 python -m pytest tests/test_model.py tests/test_log_model.py
"""

import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from relay_client import RelayClient
from relay_server import RelayServer
from room_model import KINDS, MEMBERS, Entry, Member, Room

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))  # 0: those of every run
ROOMS_EACH = 2  # rooms that one connection may be in
UNLIMITED = [f"{whose}frames_{what}" for whose in ("", "address_", "room_") for what in ("per_second", "burst")]
UNLIMITED += ["address_rooms_burst", "address_bytes_burst"]
LIMITS = {"members_per_room": MEMBERS, "kinds_per_room": KINDS, "rooms_per_connection": ROOMS_EACH}

examples = count(1)  # each has rooms of its own
people, places = st.integers(0, 3), st.integers(0, 2)
joinings = st.integers(0, 11)  # one of those that there are
names = st.sampled_from(["Ann", "Bob"])
kinds = st.sampled_from(["message", "list", "key", "epoch"])


def profile(examples: int, steps: int) -> settings:
    return settings(
        max_examples=EXAMPLES or examples,
        stateful_step_count=steps,
        derandomize=not EXAMPLES,
        phases=[Phase.generate] + [Phase.shrink] * bool(EXAMPLES),
        deadline=None,  # the machine may be busy
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def break_off(client: RelayClient) -> None:
    with suppress(OSError):  # it has ended already
        client.socket.socket.shutdown(socket.SHUT_RDWR)  # close() alone would wait for a thread in recv()


class Person:
    """A connection, and by the place of each room that it is in what the model knows of its joining."""

    def __init__(self, client: RelayClient):
        self.client, self.joinings = client, dict[int, Member]()


@dataclass(eq=False)
class Sent:
    """An append that has been sent so often, and has not been answered."""

    person: Person
    room: Room
    entry: Entry
    times: int = 1

    def answer(self) -> int | str:
        """The seq, or the code of the refusal: always the same."""
        (answer,) = {self.person.client.results([self.entry.id])[0] for _ in range(self.times)}
        return answer


class RelayMachine(RuleBasedStateMachine):
    """Four people in three rooms. After each rule all were shown and told what the model says and nothing else."""

    def __init__(self, relay: RelayServer):
        super().__init__()
        self.relay, self.restarts, self.ids = relay, 0, count(1)
        example = next(examples)
        self.rooms = [Room(f"{example} {place}") for place in range(3)]
        self.people: list[Person | None] = [None] * 4
        self.outsider = relay.client()  # is in no room, and looks

    def teardown(self):
        for client in [self.outsider, *(person.client for person in self.people if person)]:
            break_off(client)

    @initialize(entries=st.integers(0, 5))
    def some_are_there(self, entries):
        for who, place in ((0, 0), (0, 1), (1, 0), (2, 1), (3, 0)):
            self.connect(who)
            self.join(who, place, "Ann", "nothing", "none")
        self.append_at_once([(number, 1) for number in range(entries)])

    def joining(self, which: int) -> tuple[Person, int] | None:
        """A person, and the place of a room that it is in."""
        there = [(person, place) for person in self.people if person for place in sorted(person.joinings)]
        return there[which % len(there)] if there else None

    # Connections

    @rule(who=people)
    def connect(self, who):
        if not self.people[who]:
            self.people[who] = Person(self.relay.client())

    @rule(who=people, politely=st.booleans())
    def disconnect(self, who, politely):
        if person := self.people[who]:
            self.people[who] = None
            person.client.close() if politely else break_off(person.client)
            for place, member in person.joinings.items():
                self.rooms[place].leave(member)
            self.wait_for_members()

    def wait_for_members(self):
        end = time.monotonic() + 10
        while self.counts() != [(room.newest, len(room.members)) for room in self.rooms]:
            assert time.monotonic() < end, "who has gone is still there"

    def counts(self) -> list[tuple[int, int]]:
        self.outsider.send({"type": "look", "rooms": [room.name for room in self.rooms]})
        return [(one["newest"], one["members"]) for one in self.outsider.receive("looked")["rooms"]]

    # Rooms

    @rule(
        who=people,
        place=places,
        name=names,
        after=st.sampled_from(["nothing", "half", "all", "beyond"]),
        log=st.sampled_from(["none", "right", "wrong"]),
    )
    def join(self, who, place, name, after, log):
        person, room = self.people[who], self.rooms[place]
        if person and (refusal := self.refusal(person, place)):
            person.client.send({"type": "join", "room": room.name, "name": name, "after": 0})
            assert person.client.receive("error", room=room.name)["code"] == refusal
        elif person:
            seq = {"nothing": 0, "half": room.newest // 2, "all": room.newest, "beyond": room.newest + 1}[after]
            self.join_with(
                person, place, name, seq, "wrong" if log == "wrong" else room.log if log == "right" else None
            )

    def refusal(self, person, place) -> str | None:
        if place in person.joinings:
            return None
        if len(person.joinings) == ROOMS_EACH:
            return "too-many-rooms"
        return "room-full" if len(self.rooms[place].members) == MEMBERS else None

    def join_with(self, person, place, name, after, log, under_way=0):
        """Joins, and compares the answer with the model. `under_way`: so many appends may or may not be in the log."""
        room, before = self.rooms[place], person.joinings.pop(place, None)
        joined = person.client.join(room.name, name, after, **({"log": log} if log else {}))
        if before and before.name != name:
            room.leave(before)
            before = None
        newest = joined["newest"]
        assert room.newest <= newest <= room.newest + under_way
        room.log = room.log or joined["log"]
        begin = after if log in (None, room.log) and after <= newest else 0
        member = Member(before.number if before else joined["you"], name, begin)
        if before:
            room.members[before.number] = member
        else:
            assert member.number not in room.members
            room.enter(member)
        person.joinings[place] = member
        there = [{"member": one.number, "name": one.name} for one in room.members.values()]
        expected = {"type": "joined", "room": room.name, "log": room.log, "after": begin, "oldest": min(newest, 1)}
        assert joined == expected | {"newest": newest, "you": member.number, "members": there, "kept": True}

    @rule(who=people, place=places)
    def leave(self, who, place):
        if person := self.people[who]:
            person.client.send({"type": "leave", "room": self.rooms[place].name})
            if place in person.joinings:
                assert person.client.receive("left") == {"type": "left", "room": self.rooms[place].name}
                self.rooms[place].leave(person.joinings.pop(place))
            else:
                assert person.client.receive("error", room=self.rooms[place].name)["code"] == "not-joined"

    # Appends

    @rule(joining=joinings, kind=kinds, if_newest=st.sampled_from([None, "right", "wrong"]))
    def append(self, joining, kind, if_newest):
        if there := self.joining(joining):
            self.append_as(*there, kind, f"id-{next(self.ids)}", f"é {next(self.ids)}", if_newest)

    @rule(joining=joinings, which=st.integers(0, 9), change=st.sampled_from(["", "", "body", "kind"]), kind=kinds)
    def append_again(self, joining, which, change, kind):
        there = self.joining(joining)
        if there and (entries := self.rooms[there[1]].entries):
            first = entries[which % len(entries)]
            body = "another" if change == "body" else first.body
            self.append_as(*there, kind if change == "kind" else first.kind, first.id, body, None)

    def append_as(self, person, place, kind, id, body, if_newest):
        room, entry = self.rooms[place], Entry(kind, id, person.joinings[place].name, body)
        newest = {"right": room.newest_of(kind), "wrong": room.newest_of(kind) + 1}.get(if_newest)
        expected = room.append(entry, newest)
        self.send(person, room, entry, newest)
        assert person.client.results([id]) == [expected]

    @rule(who=people, place=places)
    def append_from_outside(self, who, place):
        person = self.people[who]
        if person and place not in person.joinings:
            self.send(person, self.rooms[place], Entry("message", "id", "nobody", "let me in"))
            assert person.client.results(["id"]) == ["not-joined"]

    def send(self, person, room, entry, if_newest=None):
        members = {} if if_newest is None else {"if_newest": if_newest}
        person.client.append(room.name, entry.body, entry.kind, entry.id, **members)

    @rule(wishes=st.lists(st.tuples(joinings, st.integers(1, 3)), min_size=2, max_size=12))
    def append_at_once(self, wishes):
        self.learn(self.send_without_waiting(wishes))

    def send_without_waiting(self, wishes) -> list[Sent]:
        """Each wish is a new entry that is sent so often."""
        sent = []
        for joining, times in wishes:
            if there := self.joining(joining):
                (person, place), number = there, next(self.ids)
                entry = Entry("message", f"id-{number}", person.joinings[place].name, f"{number}")
                sent.append(Sent(person, self.rooms[place], entry, times))
                for _ in range(times):
                    self.send(person, self.rooms[place], entry)
        return sent

    def learn(self, sent: list[Sent]):
        """Reads the answers. The order between people is the relay's choice, and the model learns it from them."""
        answers = {one.entry.id: one.answer() for one in sent}
        for room in self.rooms:
            new = [one for one in sent if one.room is room]
            if not new or room.answer(new[0].entry) == "too-many-kinds":
                assert {answers[one.entry.id] for one in new} <= {"too-many-kinds"}
                continue
            in_order = sorted(new, key=lambda one: answers[one.entry.id])
            assert [room.append(one.entry) for one in in_order] == [answers[one.entry.id] for one in in_order]
            for person in filter(None, self.people):
                assert [one for one in in_order if one.person is person] == [one for one in new if one.person is person]

    @rule(place=places, kind=kinds)
    def compare_at_once(self, place, kind):
        room, sent = self.rooms[place], []
        newest, number = room.newest_of(kind), next(self.ids)
        for person in filter(None, self.people):
            if place in person.joinings:
                entry = Entry(kind, f"id-{number}-{len(sent)}", person.joinings[place].name, "mine")
                sent.append(Sent(person, room, entry))
                self.send(person, room, entry, newest)
        answers = [one.answer() for one in sent]
        expected = [room.answer(one.entry, newest) for one in sent[:1]]
        if expected == [room.newest + 1]:
            expected += ["not-newest"] * (len(sent) - 1)
            room.append(sent[answers.index(expected[0])].entry, newest)
        else:
            expected *= len(sent)
        assert sorted(answers, key=str) == sorted(expected, key=str)

    # Breaks

    @rule(who=people, wishes=st.lists(st.tuples(joinings, st.integers(1, 2)), min_size=1, max_size=30))
    def reconnect_in_the_middle(self, who, wishes):
        if person := self.people[who]:
            self.people[who] = None  # writes nothing meanwhile
            sent = self.send_without_waiting(wishes)
            person.client.close()
            for place, member in person.joinings.items():
                self.rooms[place].leave(member)
            self.people[who] = person
            self.come_again(person, sent)
            self.learn(sent)

    def come_again(self, person, sent):
        before, person.client, person.joinings = person.joinings, self.relay.client(), {}
        for place, member in before.items():
            room = self.rooms[place]
            under_way = sum(one.room is room for one in sent)
            self.join_with(person, place, member.name, member.last, room.log, under_way)

    @precondition(lambda self: not self.restarts)  # it takes as long as all else together
    @rule(is_clean=st.booleans(), wishes=st.lists(st.tuples(joinings, st.just(1)), max_size=12))
    def restart_with_appends_under_way(self, is_clean, wishes):
        self.restarts += 1
        sent = self.send_without_waiting(wishes)
        assert self.relay.terminate() == 0 if is_clean else self.relay.kill() is None
        self.relay.start()
        self.outsider = self.relay.client()
        for room in self.rooms:
            room.members.clear()
            room.forget_log()
        for person in filter(None, self.people):
            for member in person.joinings.values():
                member.news.clear()
            self.come_again(person, sent)
        for one in sent:
            self.send(one.person, one.room, one.entry)
        self.learn(sent)

    # What must hold after each rule

    @invariant()
    def everybody_has_what_the_model_says(self):
        for person in filter(None, self.people):
            for place, member in person.joinings.items():
                self.read(person, self.rooms[place], member)
            more = person.client.answers()
            assert more == [], "what nobody was to be told"
        assert self.counts() == [(room.newest, len(room.members)) for room in self.rooms]

    def read(self, person, room, member):
        for news in member.news:
            frame = person.client.receive_if(lambda one: one["type"].startswith("member-") and one["room"] == room.name)
            assert frame == dict(zip(("type", "member", "name"), news, strict=True)) | {"room": room.name}
        member.news.clear()
        while member.last < room.newest:
            frame = person.client.receive("entries", room=room.name)
            member.shown += frame["entries"]
        for one in member.shown:
            room.times.setdefault(one["seq"], one["at"])
        numbered = list(enumerate(room.entries, 1))[member.after :]
        expected = [{"seq": seq, **vars(entry), "at": room.times.get(seq)} for seq, entry in numbered]
        assert member.shown == expected


@pytest.fixture
def relay(make_relay):
    return make_relay(**LIMITS | dict.fromkeys(UNLIMITED, 10**12))


def test_a_room_over_sockets_and_restarts_is_as_the_model_has_it(relay):
    run_state_machine_as_test(lambda: RelayMachine(relay), settings=profile(examples=15, steps=50))
    assert relay.output == ""
