"""Level ratchet under random use: two people, frames that are delayed, lost and repeated, pages that crash at a write,
and a relay that lies. hypothesis finds the order of events."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from protocol.levels.ratchet import BEGIN
from protocol.ratchet_bodies import read_message
from ratchet_room import Crash, Page, pair

BEGINNINGS = 3  # fewer than the sessions that are kept, so that none goes while something of it is under way
either = st.sampled_from((0, 1))
some = st.integers(0, 5)


class Two(RuleBasedStateMachine):
    """What is the same whether or not the relay is honest."""

    def __init__(self):
        super().__init__()
        alice, bob, self.relay = pair()
        self.devices = (alice, bob)
        self.said = ([], [])  # by each, in order, as far as no crash took it with it
        self.told = ([], [])  # to each of the other's, over all visits
        self.pages = [None, None]
        self.begun = self.texts = 0
        for who in (0, 1):
            self.visits(who)

    def visits(self, who):
        """A page of this device opens: the first, or after a crash."""
        page = self.pages[who] = Page(self.devices[who], self.relay)
        page.wire = []
        self.counted = getattr(self, "counted", [0, 0])
        self.counted[who] = 0
        # What was read last is shown once more, as it may not have been.
        again = [text for text in page.theirs() if text in self.told[who]]
        assert len(again) == len(set(again))
        self.told[who].extend(text for text in page.theirs() if text not in again)
        self.counted[who] = len(page.theirs())

    def does(self, who, work, *arguments):
        """Whatever a page does, it may crash at a write."""
        try:
            work(*arguments)
        except Crash:
            page, kept = self.pages[who], self.devices[who].record
            self.visits(who)
            sealed = [text for _, text, _ in self.pages[who].level.record.unsent] if kept else []
            for text in page.waiting:
                if text not in sealed:
                    self.said[who].remove(text)  # it was only typed
            return
        page = self.pages[who]
        self.told[who].extend(page.theirs()[self.counted[who] :])
        self.counted[who] = len(page.theirs())

    @rule(who=either)
    def says(self, who):
        self.texts += 1
        self.said[who].append(f"{who} {self.texts}")
        self.does(who, self.pages[who].says, f"{who} {self.texts}")

    @precondition(lambda self: self.begun < BEGINNINGS)
    @rule(who=either)
    def begins(self, who):
        self.begun += 1
        self.does(who, self.pages[who].begins_with, self.devices[1 - who])

    @rule(who=either, is_written=st.booleans())
    def will_crash_at_its_next_write(self, who, is_written):
        self.devices[who].crash = is_written

    @rule(who=either)
    def loses_its_connection(self, who):
        self.pages[who].wire.clear()
        self.does(who, self.pages[who].pursue)

    @rule(who=either, count=some)
    def frames_arrive(self, who, count):
        wire = self.pages[who].wire
        for frame in wire[:count]:
            self.relay.append(*frame)
        del wire[:count]

    @rule(who=either)
    def a_frame_arrives_twice(self, who):
        for frame in self.pages[who].wire[:1]:
            self.relay.append(*frame)

    @invariant()
    def nothing_is_shown_that_was_not_said_or_was_shown_before(self):
        for who in (0, 1):
            assert len(self.told[who]) == len(set(self.told[who]))
            assert all(text.startswith(f"{1 - who} ") for text in self.told[who])

    @invariant()
    def no_key_seals_two_messages(self):
        platform, sealed = self.devices[0].platform, {}
        bodies = {entry["body"] for entry in self.relay.entries if entry["kind"] != BEGIN}
        for body in sorted(bodies):
            message = read_message(platform, body)
            assert sealed.setdefault((message.session, message.head), body) == body


class Honest(Two):
    @rule(who=either, count=some)
    def reads(self, who, count):
        self.does(who, self.pages[who].reads, count)

    def teardown(self):
        """Once all is quiet, everything that was said was shown, in its order, and both are in one session."""
        for device in self.devices:
            device.crash = None
        if not any(entry["kind"] == BEGIN for entry in self.relay.entries):
            self.does(0, self.pages[0].reads)
            self.does(0, self.pages[0].begins_with, self.devices[1])
        for _ in range(6):
            for who in (0, 1):
                self.frames_arrive(who, len(self.pages[who].wire))
                self.does(who, self.pages[who].reads)
        for who in (0, 1):
            assert self.told[who] == self.said[1 - who]
            assert self.pages[who].refused == []
        records = [page.level.record for page in self.pages]
        assert records[0].current().session == records[1].current().session
        assert not any(record.unsent or record.pending for record in records)


class Lying(Two):
    """The relay shows each whatever it likes of what it ever got, as often as it likes, in any order."""

    def __init__(self):
        super().__init__()
        self.seqs = [0, 0]
        for who in (0, 1):
            self.pages[who].reads()

    def visits(self, who):
        super().visits(who)
        self.pages[who].reads(0)
        self.pages[who].ready = True

    @rule(who=either, which=st.integers(0, 10**6), twice=st.booleans())
    def is_shown(self, who, which, twice):
        if self.relay.entries:
            entry = self.relay.entries[which % len(self.relay.entries)]
            for _ in range(1 + twice):
                self.seqs[who] += 1
                self.does(who, self.pages[who].take, [entry | {"seq": 1_000 + self.seqs[who]}])

    @rule(who=either)
    def goes_on(self, who):
        self.does(who, self.pages[who].pursue)


# As many as find each break of the level that was tried; `--hypothesis-profile` of a soak by hand can have more.
usual = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestAnHonestRelay = Honest.TestCase
TestAnHonestRelay.settings = usual
TestALyingRelay = Lying.TestCase
TestALyingRelay.settings = usual
