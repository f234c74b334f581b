"""Random sequences at level identity: who comes, goes, adds, removes, writes, crashes and loses the connection.

Sessions of our own code talk over the relay of identity_room.py. What becomes of its log is worked out a second time
from its entries alone (known_roster.py): who was a member when, which texts count, and who may read which of them.
"""

import struct
from base64 import urlsafe_b64decode
from types import SimpleNamespace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from identity_room import Clock, Device, Page, Relay, settle
from known_roster import State, after
from protocol.errors import Problem
from test_model import profile

ROOM = b"den"
NAMES = ("Ann", "Bob", "Cid", "Dora", "Eve", "Fay")
people, few = st.integers(0, 5), st.integers(1, 4)
PROBLEMS = {"may-not-write", "not-a-member", "not-an-admin", "no-admin", "name-in-list"}


def octets(body, prefix):
    return urlsafe_b64decode(body[len(prefix) :] + "===")


class Log:
    """What the entries of a log mean, by the specification and without the code under test."""

    def __init__(self, entries):
        self.entries = entries
        self.state, self.states = State(), []  # the state after each entry
        self.readers = {}  # number of an epoch -> the identities that may read it
        self.codes = []  # of each entry: "counts", or the code of the refusal
        self.epochs = {}  # seq of a message that counts -> the number of its epoch
        for entry in entries:
            self.codes.append(getattr(self, entry["kind"])(entry["seq"], entry["body"]))
            self.states.append(self.state)

    def judged(self):
        return zip(self.entries, self.codes, strict=True)

    def identities(self):
        return {person.identity for person in self.state.people}

    def members(self, seq, body):
        found = after(self.state, ROOM, body)
        if isinstance(found, str):
            return found
        if found.epoch != self.state.epoch:
            self.readers[found.epoch] = {person.identity for person in found.people}
        self.state = found
        return "counts"

    def message(self, seq, body):
        sender, _, epoch, list_hash = struct.unpack_from(">32s16sQ32s", octets(body, "identity-1."))
        if self.state.epoch == 0:
            return "not-for-you"
        if epoch < self.state.epoch or (epoch == self.state.epoch and not self.state.has_epoch):
            return "old-epoch"
        if epoch > self.state.epoch or list_hash != self.state.list_hash:
            return "forked-list"
        if sender not in self.identities():
            return "not-a-member"
        self.epochs[seq] = epoch
        return "counts"

    def history(self, seq, body):
        sender, recipient, first, count = struct.unpack_from(">32s32sQH", octets(body, "identity-history-1."))
        if sender not in self.identities():
            return "not-a-member"
        for epoch in range(first, first + count):
            self.readers[epoch].add(recipient)
        return "counts"

    def was_member_since(self, identity, seq):
        """In every state from that after entry `seq` on."""
        return all(identity in {person.identity for person in one.people} for one in self.states[max(0, seq - 1) :])


def is_listed(page, device):
    one = page.level.membership.roster.list
    return one is not None and one.member(device.ours.public) is not None


class Said:
    def __init__(self, page, text, seq):
        self.page, self.text, self.seq = page, text, seq  # seq: the newest entry of the relay when it was said


class People(RuleBasedStateMachine):
    """Up to six devices, each with at most one page."""

    steps = 0
    pauses = False

    def __init__(self):
        super().__init__()
        self.clock, self.relay = Clock(), Relay()
        self.devices, self.pages, self.ended = [], [], []
        self.said, self.made = [], {}  # made: body -> its text

    @initialize(count=st.integers(2, 6), at_once=st.integers(1, 5), members=st.integers(1, 6), admins=st.integers(1, 2))
    def some_are_members(self, count, at_once, members, admins):
        self.relay.at_once = at_once
        self.devices = [Device(self.clock, name) for name in NAMES[:count]]
        self.pages = [None] * count
        for who in range(count):
            self.arrive(who)
        settle(*self.pages)
        for page in self.pages[1:members]:
            self.pages[0].adds(page)
            settle(*self.pages)
        for page in self.pages[1 : min(members, admins)]:
            self.pages[0].names_admin(page)
            settle(*self.pages)
        for device in self.devices:
            device.platform.pauses = self.pauses

    def one_of(self, which, fits):
        """Of the pages that are there and fit, or None."""
        type(self).steps += 1
        pages = [page for page in self.pages if page and fits(page)]
        return pages[which % len(pages)] if pages else None

    def anyone(self, which):
        return self.one_of(which, lambda page: True)

    # Coming and going

    @rule(who=people)
    def come_back(self, who):
        """After a crash, or after the connection broke."""
        who %= len(self.pages)
        if self.pages[who] is None:
            self.arrive(who)
        elif self.pages[who].lost:
            self.pages[who].reconnect()

    def arrive(self, who):
        device = self.devices[who]
        pauses, device.platform.pauses = device.platform.pauses, False
        page = self.pages[who] = self.opened(device)
        device.platform.pauses = pauses
        seal = page.level.seal

        async def recorded(text):
            body = await seal(text)
            self.made[body] = text
            return body

        page.level.seal = recorded

    def opened(self, device):
        return Page(self.relay, device)

    @rule(who=people)
    def crash(self, who):
        if page := self.anyone(who):
            page.crash()
            self.pages[self.pages.index(page)] = None

    @rule(who=people, noticed=st.booleans())
    def lose_the_connection(self, who, noticed):
        if page := self.one_of(who, lambda page: not page.lost):
            page.drop() if noticed else page.cut()

    # What people do

    def wish(self, who, whom, what, others):
        """One who seems to be an admin changes something about one of the others; or tries to, who is no admin."""
        page = self.one_of(who, lambda page: page.level.membership.is_admin()) or self.anyone(who)
        if page and (others := [one for one in self.devices if others(page, one)]):
            device = others[whom % len(others)]
            self.tries(getattr(page, what), SimpleNamespace(device=device, name=device.name))

    def tries(self, work, *arguments):
        try:
            work(*arguments)
        except Problem as problem:
            assert problem.code in PROBLEMS and problem.for_people

    @rule(who=people, whom=people)
    def add(self, who, whom):
        self.wish(who, whom, "adds", lambda page, one: not is_listed(page, one))

    @rule(who=people, whom=people)
    def remove(self, who, whom):
        self.wish(who, whom, "removes", lambda page, one: page.device is not one and is_listed(page, one))

    @rule(who=people, whom=people)
    def name_an_admin(self, who, whom):
        self.wish(who, whom, "names_admin", lambda page, one: True)

    @rule(who=people)
    def leave_for_good(self, who):
        if page := self.one_of(who, lambda page: len(page.listed()) > 1):
            self.tries(page.removes, page)

    @rule(who=people, whom=people)
    def share(self, who, whom):
        page, other = self.one_of(who, lambda page: page.level.membership.us()), self.anyone(whom)
        if page and other and page is not other:
            page.shares_with(other)

    @rule(who=people, times=st.integers(1, 3))
    def say(self, who, times):
        page = self.one_of(who, lambda page: not page.level.standing()) or self.anyone(who)
        for _ in range(times if page else 0):
            text = f"text {len(self.said)}"
            self.said.append(Said(page, text, len(self.relay.entries)))
            try:
                page.says(text)
            except Problem as problem:
                assert problem.code == "may-not-write" and problem.for_people
                self.said.pop()

    @rule(who=people)
    def retry(self, who):
        if page := self.one_of(who, lambda page: any(row["state"] == "failed" for row in page.rows("message"))):
            for row in page.rows("message"):
                if row["state"] == "failed":
                    page.retries(row["id"])

    # What time and the network do

    @rule(who=people, most=few)
    def deliver_some(self, who, most):
        if page := self.one_of(who, lambda page: page.inbox):
            page.deliver(most)

    @rule(who=people)
    def deliver_all_to_one(self, who):
        if page := self.one_of(who, lambda page: page.inbox):
            settle(page)

    @rule(seconds=st.sampled_from([1, 60, 3_600, 86_460]))
    def time_passes(self, seconds):
        self.clock.now += seconds
        for page in filter(None, self.pages):
            page.pass_time(seconds)

    @rule()
    def settle(self):
        present = [page for page in self.pages if page]
        for page in present:
            if page.lost:
                page.reconnect()
        for _ in range(30):
            settle(*present)
            entries = len(self.relay.entries)
            self.clock.now += 1
            for page in present:
                page.pass_time(1)
            if entries == len(self.relay.entries) and not any(page.inbox or page.under_way for page in present):
                return self.check()
        raise AssertionError("entries without end")

    def teardown(self):
        if self.pages:
            self.settle()

    # What must hold

    @invariant()
    def nobody_has_opened_what_they_may_not(self):
        log = Log(self.relay.entries)
        assert {
            code for entry, code in zip(self.relay.entries, log.codes, strict=True) if entry["kind"] == "members"
        } <= {"counts"}
        readable = {self.made[entry["body"]]: log.readers[log.epochs[entry["seq"]]] for entry in self.relay.entries if entry["seq"] in log.epochs}  # fmt: skip
        for page in filter(None, self.pages):
            for row in page.rows("message"):
                pending = row["own"] and row["state"] in ("sending", "failed")
                assert pending or page.device.ours.public in readable[row["text"]]

    def check(self):
        log = Log(self.relay.entries)
        for page in filter(None, self.pages):
            roster = page.level.membership.roster
            listed = [member.octets for member in roster.list.members]
            assert listed == [person.octets() for person in log.state.people]
            assert (roster.list_hash, roster.epoch) == (log.state.list_hash, log.state.epoch)
            assert self.shown(page) == self.expected(page, log)
        self.check_texts(log)

    def shown(self, page):
        """Rows of what is in the log, in their order."""
        rows = [page.show.by_id[one] for one in page.show.order]
        rows = [row for row in rows if row["kind"] != "notice" and row["state"] not in ("sending", "failed")]
        assert [row["warnings"] for row in rows] == [[]] * len(rows)
        return [(row["kind"], row["text"] if row["kind"] == "message" else row["code"]) for row in rows]

    def expected(self, page, log):
        rows, ours = [], page.device.ours.public
        own = {one.text for one in self.said if one.page is page}
        for entry, code in log.judged():
            text = self.made.get(entry["body"])
            if code != "counts":
                if not (code == "old-epoch" and text in own):
                    rows.append(("refusal", code))
            elif entry["kind"] == "message":
                may = ours in log.readers[log.epochs[entry["seq"]]]
                rows.append(("message", text) if may else ("refusal", "not-for-you"))
        return rows

    def check_texts(self, log):
        counted = [self.made[entry["body"]] for entry in self.relay.entries if entry["seq"] in log.epochs]
        assert len(counted) == len(set(counted)), "a text stands twice"
        for one in self.said:
            if one.page not in self.pages:
                continue  # what was not in the log is gone with its page
            rows = [row for row in one.page.rows("message") if row["own"] and row["text"] == one.text]
            assert [row["state"] for row in rows] == ["relayed" if one.text in counted else "failed"]
            assert one.text in counted or rows[0]["warnings"]
            if log.was_member_since(one.page.device.ours.public, one.seq):
                assert one.text in counted, "a text was lost"


def test_members_end_with_one_list_and_one_order_and_nobody_reads_what_they_may_not():
    run_state_machine_as_test(People, settings=profile(60, 40))
    print(People.steps)


class PeopleAtOnce(People):
    """Each piece of cryptography takes its time: whatever a page does meanwhile comes in between."""

    pauses = True

    @rule(who=people, which=st.integers(0, 3), steps=few)
    def go_on(self, who, which, steps):
        if page := self.one_of(who, lambda page: page.reading or page.under_way):
            for _ in range(steps):
                page.go_on(which)


def test_the_same_holds_if_what_a_page_does_at_once_comes_in_any_order():
    run_state_machine_as_test(PeopleAtOnce, settings=profile(60, 50))
