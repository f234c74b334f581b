"""Random sequences by honest and dishonest members, through a relay that reorders, drops, repeats, mixes and forks.

Each reader applies what it is shown with protocol/roster.py and with a second implementation (known_roster.py); they
have to agree on every body. Those who read the log as it is end with the same list; of the others, whoever has the same
list_hash has the same members and came the same way; and nothing was ever accepted that its author had no right to.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from known_roster import PREFIX, Person, Signer, State, after, body_of, epoch_part, hash_of, list_part
from protocol.errors import Refusal
from protocol.roster import Roster
from reference import ReferencePlatform, run
from test_model import profile

PLATFORM, ROOM = ReferencePlatform(), b"kitchen"
PEOPLE = [Signer(number) for number in range(6)]
people, places = st.integers(0, 5), st.integers(0, 1_000)
some = st.lists(people, max_size=4, unique=True)


class Reader:
    """What one page has, by both implementations, and how it came there."""

    def __init__(self):
        self.roster, self.state = Roster(ROOM), State()
        self.path = []  # the list_hash of every list that was accepted
        self.read = 0  # entries of the log

    def shown(self, body: str, authors: dict) -> str:
        before, self.state_before = self.roster, self.state
        expected = after(self.state, ROOM, body)
        try:
            self.roster = run(before.apply(PLATFORM, body))
        except Refusal as refusal:
            assert refusal.code == expected
            return refusal.code
        assert isinstance(expected, State), expected
        self.state = expected
        if self.roster.list_hash != before.list_hash:
            self.path.append(self.roster.list_hash)
            self.check_authority(authors[self.roster.list_hash])
        return "accepted"

    def check_authority(self, author: bytes):
        """By who really made the list, which the test knows without any signature."""
        had = {person.identity: person for person in self.state_before.people or self.state.people}
        has = {person.identity: person for person in self.state.people}
        assert author in had
        assert had[author].admin or has == {one: person for one, person in had.items() if one != author}


class Room(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.log, self.pool = [], []  # what an honest relay has; all that was ever made
        self.authors = {}  # list_hash -> identity of who made it
        self.newest = Reader()  # whoever has just read the whole log
        self.honest, self.lied_to = [Reader(), Reader()], [Reader(), Reader()]

    def made(self, author: Signer, number, previous, members, epoch=None, wrapper=None) -> str:
        part = list_part(author, ROOM, number, previous, members)
        self.authors[hash_of(ROOM, part)] = author.public
        wrapper = wrapper or author
        epochs = [epoch_part(wrapper, ROOM, hash_of(ROOM, part), epoch, len(members))] if epoch is not None else []
        body = body_of(part, *epochs)
        self.pool.append(body)
        return body

    def append(self, body: str) -> str:
        self.log.append(body)
        return self.newest.shown(body, self.authors)

    @initialize()
    def two_open_a_room_of_this_name(self):
        members = [self.person(number, number == 0) for number in range(4)]
        assert self.append(self.made(PEOPLE[0], 0, bytes(32), members, 1)) == "accepted"
        rival = self.made(PEOPLE[5], 0, bytes(32), [self.person(5, True), self.person(1, False)], 1)
        self.lied_to[1].shown(rival, self.authors)

    def person(self, number, admin):
        return Person(PEOPLE[number].public, admin, f"Person {number}")

    # Honest members: they have read the log, and a change follows its newest entry

    @rule(who=people, removed=some, added=some, admins=some)
    def an_admin_changes_the_list(self, who, removed, added, admins):
        state = self.newest.state
        if self.person(who, True) not in state.people:
            return
        kept = [one for one in state.people if one.identity not in {PEOPLE[number].public for number in removed}]
        have = {one.identity for one in kept}
        members = kept + [self.person(number, False) for number in added if PEOPLE[number].public not in have]
        named = {PEOPLE[number].public for number in admins}
        members = [one._replace(admin=one.admin or one.identity in named) for one in members]
        listed = PEOPLE[who].public in {one.identity for one in members}
        if members and not any(one.admin for one in members):
            return
        body = self.made(PEOPLE[who], state.number + 1, state.list_hash, members, state.epoch + 1 if listed else None)
        assert self.append(body) == "accepted"

    @rule(who=people)
    def a_member_leaves(self, who):
        state = self.newest.state
        others = [one for one in state.people if one.identity != PEOPLE[who].public]
        if len(others) < len(state.people) and (not others or any(one.admin for one in others)):
            assert self.append(self.made(PEOPLE[who], state.number + 1, state.list_hash, others)) == "accepted"

    @rule(who=people)
    def a_member_begins_an_epoch(self, who):
        state = self.newest.state
        if PEOPLE[who].public in {one.identity for one in state.people}:
            assert self.append(self.again(who, state.epoch + 1)) == "accepted"

    def again(self, who, epoch):
        one = self.newest.roster.list
        part = one.fields + one.signature
        body = body_of(part, epoch_part(PEOPLE[who], ROOM, hash_of(ROOM, part), epoch, len(one.members)))
        self.pool.append(body)
        return body

    # Dishonest ones: they sign what they like, and append it to the log or give it to the relay

    @rule(
        who=people, wrapper=people, members=some, admins=some, back=st.integers(-1, 2), at=places,
        epoch=st.integers(-2, 2), begins=st.booleans(), appended=st.booleans(),
    )  # fmt: skip
    def somebody_signs_any_list(self, who, wrapper, members, admins, back, at, epoch, begins, appended):
        state = self.newest.state
        known = [state.list_hash, state.list_hash, *self.authors, bytes(31) + b"\x01"]
        number = state.number + 1 - back
        if number < 1 or (members and not set(admins) & set(members)) or (who in members and not begins):
            return  # malformed, which test_roster.py has
        wanted = [self.person(one, one in admins) for one in members]
        begun = max(0, state.epoch + 1 + epoch) if begins else None
        body = self.made(PEOPLE[who], number, known[at % len(known)], wanted, begun, PEOPLE[wrapper])
        if appended:
            self.append(body)

    @rule(who=people, victim=people, members=some, wrapped=st.booleans())
    def somebody_signs_in_the_name_of_another(self, who, victim, members, wrapped):
        if who == victim:
            return
        state, forger = self.newest.state, Signer(who)
        forger.public = PEOPLE[victim].public
        wanted = [self.person(number, True) for number in {*members, victim}]
        part = list_part(forger, ROOM, state.number + 1, state.list_hash, wanted)
        self.authors.setdefault(hash_of(ROOM, part), PEOPLE[who].public)
        wrapper = PEOPLE[who] if wrapped else forger
        self.append(body_of(part, epoch_part(wrapper, ROOM, hash_of(ROOM, part), state.epoch + 1, len(wanted))))

    @rule(who=people, epoch=st.integers(-1, 3), appended=st.booleans())
    def somebody_begins_any_epoch(self, who, epoch, appended):
        body = self.again(who, max(0, self.newest.state.epoch + epoch))
        if appended:
            self.append(body)

    @rule(at=places)
    def somebody_repeats_an_entry(self, at):
        self.append(self.pool[at % len(self.pool)])

    @rule(at=places, other=places, whole=st.booleans())
    def the_relay_puts_parts_of_two_entries_together(self, at, other, whole):
        one, two = [PLATFORM.from_base64url(self.pool[x % len(self.pool)][len(PREFIX) :]) for x in (at, other)]
        first, second = one[: list_end(one)], two[list_end(two) :]
        fits = (len(second) - 136) == 80 * first[76]
        signer_stays = first[44:76] in first[76:]
        if fits and second and (whole or not signer_stays):
            self.pool.append(body_of(first, second))

    @rule(at=places, place=st.integers(1, 64))
    def the_relay_changes_a_signature(self, at, place):
        data = bytearray(PLATFORM.from_base64url(self.pool[at % len(self.pool)][len(PREFIX) :]))
        data[-place] ^= 1
        self.pool.append(body_of(bytes(data)))

    # What readers are shown

    @rule(reader=st.integers(0, 1), entries=st.integers(1, 5))
    def a_reader_reads_on_in_the_log(self, reader, entries):
        one = self.honest[reader]
        for body in self.log[one.read : one.read + entries]:
            one.shown(body, self.authors)
            one.read += 1

    @rule(reader=st.integers(0, 1), at=st.lists(places, min_size=1, max_size=8))
    def the_relay_shows_a_reader_what_it_likes(self, reader, at):
        one = self.lied_to[reader]
        one.shown(self.log[0], self.authors)
        for place in at:
            one.shown(self.pool[place % len(self.pool)], self.authors)

    @rule(reader=st.integers(0, 1), dropped=st.sets(places, max_size=2))
    def the_relay_shows_a_reader_the_log_and_leaves_some_out(self, reader, dropped):
        one = self.lied_to[reader]
        for at, body in enumerate(self.log):
            # Who is never shown the opening takes another entry for the first: test_roster.py.
            if at == 0 or at not in {place % len(self.log) for place in dropped}:
                one.shown(body, self.authors)

    @invariant()
    def whoever_has_one_list_hash_has_one_list_and_came_one_way(self):
        paths = {}
        for one in (self.newest, *self.honest, *self.lied_to):
            if one.path:
                members = [member.octets for member in one.roster.list.members]
                assert members == [person.octets() for person in one.state.people]
                facts = (one.path, members, one.roster.list.number, one.roster.proven)
                assert paths.setdefault(one.path[-1], facts) == facts
                assert (one.roster.list_hash, one.roster.epoch) == (one.state.list_hash, one.state.epoch)

    def teardown(self):
        for one in self.honest:
            for body in self.log[one.read :]:
                one.shown(body, self.authors)
            assert one.state == self.newest.state
            assert one.path == self.newest.path


def list_end(data: bytes) -> int:
    at = 77
    for _ in range(data[76]):
        at += 37 + int.from_bytes(data[at + 33 : at + 37], "big")
    return at + 64


def test_everybody_who_is_shown_the_same_entries_has_the_same_list():
    run_state_machine_as_test(Room, settings=profile(40, 40))
