"""Random sequences at level identity: who comes, goes, adds, removes, writes, crashes and loses the connection.

Sessions of our own code talk over the relay of identity_room.py. What becomes of its log is worked out a second time
from its entries alone (identity_log.py). In the last test the relay heeds no precondition and lies to one of the pages:
then nothing is asked of progress, and all else all the same.
"""

from types import SimpleNamespace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from identity_log import ROOM, Log, history_fields, octets
from identity_room import Clock, Device, Lie, Page, Relay, settle
from known_roster import PREFIX, body_of, hash_of
from protocol.errors import Problem
from test_model import profile
from test_roster_model import list_end

NAMES = ("Ann", "Bob", "Cid", "Dora", "Eve", "Fay")
PROBLEMS = {"may-not-write", "not-a-member", "not-an-admin", "no-admin", "name-in-list"}
PENDING = ("sending", "failed")
TIMES = (1, 60, 3_600, 86_460)  # seconds

# How often each happens, beside the others.
ACTIONS = {
    "deliver_some": 6, "deliver_all_to_one": 3, "say": 5, "come_back": 3, "lose_the_connection": 2, "crash": 1,
    "add": 2, "remove": 2, "name_an_admin": 1, "leave_for_good": 1, "share": 1, "retry": 1, "time_passes": 1,
    "settle": 1,
}  # fmt: skip
numbers = st.integers(0, 5)


def some(actions):
    """A few things that happen one after another, each to `who` and `whom`."""
    names = [name for name, times in actions.items() for _ in range(times)]
    return st.lists(st.tuples(st.sampled_from(names), numbers, numbers), min_size=1, max_size=12)


class Recording(Relay):
    """lists: list_hash -> identity, of each list that a page sent and signed itself."""

    def __init__(self):
        super().__init__()
        self.lists = {}

    def append(self, page, frame):
        if frame["kind"] == "members":
            data = octets(frame["body"], PREFIX)
            if data[44:76] == page.device.ours.public:
                self.lists.setdefault(hash_of(ROOM, data[: list_end(data)]), data[44:76])
        super().append(page, frame)


class Said:
    def __init__(self, page, text, seq):
        self.page, self.text, self.seq = (
            page,
            text,
            seq,
        )  # seq: the newest entry that the page had read when it was said


def is_listed(page, device):
    one = page.level.membership.roster.list
    return one is not None and one.member(device.ours.public) is not None


class People(RuleBasedStateMachine):
    """Two to six devices, each with at most one page. `who` and `whom` choose among those that fit."""

    happened = 0
    pauses = False

    def __init__(self):
        super().__init__()
        self.clock, self.relay = Clock(), Recording()
        self.log = Log(self.relay.entries)
        self.devices, self.pages = [], []
        self.said, self.made = [], {}  # made: body -> (text, the identities that its writer had in the list)

    @initialize(count=st.integers(2, 6), at_once=st.integers(1, 5), members=st.integers(2, 6), admins=st.integers(1, 3))
    def some_are_members(self, count, at_once, members, admins):
        self.relay.at_once = at_once
        self.prepare()
        self.devices = [Device(self.clock, name) for name in NAMES[:count]]
        self.pages = [None] * count
        for who in range(count):
            self.come_back(who)
        settle(*self.pages)
        for page in self.pages[1:members]:
            self.pages[0].adds(page)
            settle(*self.pages)
        for page in self.pages[1 : min(members, admins)]:
            self.pages[0].names_admin(page)
            settle(*self.pages)
        for device in self.devices:
            device.platform.pauses = self.pauses

    def prepare(self):
        pass

    @rule(steps=some(ACTIONS))
    def things_happen(self, steps):
        self.do(steps)

    def do(self, steps):
        for action, who, whom in steps:
            type(self).happened += 1
            getattr(self, action)(who, whom)

    def one_of(self, which, fits):
        """Of the pages that are there and fit, or None."""
        pages = [page for page in self.pages if page and fits(page)]
        return pages[which % len(pages)] if pages else None

    # Coming and going

    def come_back(self, who, _=0):
        """For the first time, after a crash, or after the connection broke."""
        who %= len(self.pages)
        if self.pages[who] is None:
            self.pages[who] = self.opened(self.devices[who])
        elif self.pages[who].lost:
            self.pages[who].reconnect()

    def opened(self, device):
        pauses, device.platform.pauses = device.platform.pauses, False
        page = Page(self.relay_of(device), device)
        device.platform.pauses = pauses
        seal = page.level.seal

        async def recorded(text):
            listed = {member.identity for member in page.level.membership.members()}
            body = await seal(text)
            self.made[body] = (text, listed)
            return body

        page.level.seal = recorded
        return page

    def relay_of(self, device):
        return self.relay

    def crash(self, who, _):
        if page := self.one_of(who, lambda page: True):
            page.crash()
            self.pages[self.pages.index(page)] = None

    def lose_the_connection(self, who, noticed):
        if page := self.one_of(who, lambda page: not page.lost):
            page.drop() if noticed % 2 else page.cut()

    # What people do

    def wish(self, who, whom, what, others):
        """One who seems to be an admin changes something about one of the others; or tries to, who is no admin."""
        page = self.one_of(who, lambda page: page.level.membership.is_admin()) or self.one_of(who, lambda page: True)
        if page and (others := [one for one in self.devices if others(page, one)]):
            device = others[whom % len(others)]
            self.tries(getattr(page, what), SimpleNamespace(device=device, name=device.name))

    def tries(self, work, *arguments):
        try:
            work(*arguments)
        except Problem as problem:
            assert problem.code in PROBLEMS and problem.for_people
            return False
        return True

    def add(self, who, whom):
        self.wish(who, whom, "adds", lambda page, one: not is_listed(page, one))

    def remove(self, who, whom):
        self.wish(who, whom, "removes", lambda page, one: page.device is not one and is_listed(page, one))

    def name_an_admin(self, who, whom):
        self.wish(who, whom, "names_admin", lambda page, one: True)

    def leave_for_good(self, who, _):
        if page := self.one_of(who, lambda page: len(page.listed()) > 1):
            self.tries(page.removes, page)

    def share(self, who, whom):
        page = self.one_of(who, lambda page: page.level.membership.us())
        others = [one for one in self.devices if page and is_listed(page, one) and one is not page.device]
        if others:
            page.shares_with(SimpleNamespace(device=others[whom % len(others)]))

    def say(self, who, times):
        page = self.one_of(who, lambda page: not page.level.standing()) or self.one_of(who, lambda page: True)
        for _ in range(times % 3 + 1 if page else 0):
            text = f"text {len(self.said)}"
            self.said.append(Said(page, text, page.session.log.last))
            if not self.tries(page.says, text):
                self.said.pop()

    def retry(self, who, _):
        if page := self.one_of(who, lambda page: failed(page)):
            for row in failed(page):
                page.retries(row["id"])

    # What time and the network do

    def deliver_some(self, who, most):
        if page := self.one_of(who, lambda page: page.inbox):
            page.deliver(most)

    def deliver_all_to_one(self, who, _):
        if page := self.one_of(who, lambda page: page.inbox):
            settle(page)

    def time_passes(self, _, which):
        seconds = TIMES[which % len(TIMES)]
        self.clock.now += seconds
        for page in filter(None, self.pages):
            page.pass_time(seconds)

    def settle(self, *_):
        """All who have a page are connected, and have read everything."""
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

    # What must hold at any time

    @invariant()
    def nobody_has_opened_what_they_may_not(self):
        shared = [history_fields(entry["body"]) for entry in self.relay.entries if entry["kind"] == "history"]
        readers = {}  # of a text that was sealed again, those of each body
        for body, (text, listed) in self.made.items():
            readers.setdefault(text, set()).update(listed | self.told(body, shared))
        for page in filter(None, self.pages):
            for row in page.rows("message"):
                pending = row["own"] and row["state"] in PENDING
                assert pending or page.device.ours.public in readers[row["text"]]

    def told(self, body, shared):
        """Those with whom the epoch of this body was shared."""
        epoch = int.from_bytes(octets(body, "identity-1.")[48:56], "big")
        return {recipient for _, recipient, first, count in shared if first <= epoch < first + count}

    @invariant()
    def nobody_believes_a_list_that_its_signer_did_not_make(self):
        for page in filter(None, self.pages):
            roster = page.level.membership.roster
            assert roster.list is None or self.relay.lists[roster.list_hash] == roster.list.signer

    @invariant()
    def no_page_appends_a_change_that_does_not_count(self):
        assert all(code == "counts" for entry, code in self.log.read().judged() if entry["kind"] == "members")

    # What must hold once everybody has read everything

    def check(self):
        self.log.read()
        for page in filter(None, self.pages):
            self.check_list(page)
            assert self.shown(page) == self.expected(page)
            assert [
                row["warnings"] for row in page.rows("message") if row["state"] not in PENDING and row["warnings"]
            ] == []
        self.check_texts()

    def check_list(self, page):
        roster, state = page.level.membership.roster, self.log.state
        assert page.listed() == [(person.name, person.admin) for person in state.people]
        assert (roster.list_hash, roster.epoch) == (state.list_hash, state.epoch)

    def shown(self, page):
        """Rows of what is in the log, in their order."""
        rows = [page.show.by_id[one] for one in page.show.order]
        rows = [row for row in rows if row["kind"] != "notice" and row["state"] not in PENDING]
        return [(row["kind"], row["text"] if row["kind"] == "message" else row["code"]) for row in rows]

    def expected(self, page):
        rows = []
        own = {one.text for one in self.said if one.page is page}
        for entry, code in self.log.judged():
            text, _ = self.made.get(entry["body"], ("", ()))
            if code != "counts":
                if not (code == "old-epoch" and text in own):  # which is sent again
                    rows.append(("refusal", code))
            elif entry["kind"] == "message":
                may = page.device.ours.public in self.log.readers[self.log.epochs[entry["seq"]]]
                rows.append(("message", text) if may else ("refusal", "not-for-you"))
        return rows

    def check_texts(self):
        counted = [self.made[entry["body"]][0] for entry, _ in self.log.counted()]
        assert len(counted) == len(set(counted)), "a text stands twice"
        for one in self.said:
            if one.page not in self.pages:
                continue  # what was not in the log is gone with its page
            rows = [row for row in one.page.rows("message") if row["own"] and row["text"] == one.text]
            assert [row["state"] for row in rows] == ["relayed" if one.text in counted else "failed"]
            assert one.text in counted or rows[0]["warnings"]
            if self.log.was_member_since(one.page.device.ours.public, one.seq):
                assert one.text in counted, "a text was lost"


def failed(page):
    return [row for row in page.rows("message") if row["state"] == "failed"]


class PeopleAtOnce(People):
    """Each piece of cryptography takes its time: whatever a page does meanwhile comes in between."""

    pauses = True

    @rule(steps=some(ACTIONS | {"go_on": 15}))
    def things_happen(self, steps):
        self.do(steps)

    def go_on(self, who, which):
        if page := self.one_of(who, lambda page: page.reading or page.under_way):
            for _ in range(which % 2 + 1):
                page.go_on(which)


LIES = {"show_the_next": 9, "show_any": 4, "show_it_changed": 1, "show_a_mixture": 1, "forget": 1, "begin_anew": 1}


class PeopleAndALiar(People):
    """The relay heeds no precondition, and shows one page what it likes."""

    def prepare(self):
        self.relay.heeds_if_newest = False
        self.lie, self.shown_until = Lie(self.relay), 0
        self.is_whole = True  # the victim has read all of the lie from its beginning on, and nothing else

    def relay_of(self, device):
        return self.lie if device is self.devices[1] else self.relay

    @rule(steps=some(ACTIONS | LIES))
    def things_happen(self, steps):
        if self.lie.honest:
            self.lie.honest, self.shown_until = False, len(self.relay.entries)
        self.do(steps)

    def crash(self, who, _):
        super().crash(who, _)
        self.is_whole = self.is_whole and self.pages[1] is not None

    def any_entry(self, which):
        return self.relay.entries[-1 - which * which % len(self.relay.entries)]

    def show_the_next(self, _, skipped):
        self.shown_until += 1 + (skipped == 5)
        if self.shown_until <= len(self.relay.entries):
            self.lie.show(self.relay.entries[self.shown_until - 1])

    def show_any(self, which, _):
        self.lie.show(self.any_entry(which))

    def show_it_changed(self, which, where):
        entry = self.any_entry(which)
        at = len(entry["body"]) * (where + 2) // 8
        letter = "B" if entry["body"][at] == "A" else "A"
        self.lie.show(entry | {"body": entry["body"][:at] + letter + entry["body"][at + 1 :]})

    def show_a_mixture(self, which, other):
        """The list of one entry with the epoch of another."""
        entries = [entry for entry in self.relay.entries if entry["kind"] == "members"]
        one, two = (octets(entries[-1 - number % len(entries)]["body"], PREFIX) for number in (which, other))
        if one[76] == two[76]:
            self.lie.show(entries[0] | {"body": body_of(one[: list_end(one)], two[list_end(two) :])})

    def forget(self, how_many, _):
        self.lie.oldest = max(1, len(self.lie.entries) + 1 - how_many)
        self.interrupt()

    def begin_anew(self, shown, _):
        self.lie.entries, self.lie.name, self.lie.oldest = [], self.lie.name + "1", 1
        self.shown_until = 0
        for _ in range(shown):
            self.show_the_next(0, 0)
        self.interrupt()

    def interrupt(self):
        self.is_whole = False
        if (page := self.pages[1]) and not page.lost:
            page.drop()
            page.reconnect()

    @invariant()
    def no_page_appends_a_change_that_does_not_count(self):
        """Who is lied to does, and so do two who change something at once."""

    def check(self):
        self.log.read()
        for page in filter(None, self.pages):
            if page.device is not self.devices[1]:
                self.check_list(page)
                self.check_rows(page)
        if self.pages[1] and self.is_whole:
            state = Log(self.lie.entries).read().state
            roster = self.pages[1].level.membership.roster
            assert (roster.list_hash, roster.epoch) == (state.list_hash, state.epoch)

    def check_rows(self, page):
        for shown, expected in zip(self.shown(page), self.expected(page), strict=True):
            # The victim may have shared keys of epochs that nobody else knows.
            assert shown == expected or (expected[0], shown) == ("message", ("refusal", "not-for-you"))


def test_members_end_with_one_list_and_one_order_and_nobody_reads_what_they_may_not():
    run_state_machine_as_test(People, settings=profile(40, 12))


def test_the_same_holds_if_what_a_page_does_at_once_comes_in_any_order():
    run_state_machine_as_test(PeopleAtOnce, settings=profile(40, 12))


def test_whoever_is_lied_to_opens_nothing_more_and_the_others_agree():
    run_state_machine_as_test(PeopleAndALiar, settings=profile(40, 12))
