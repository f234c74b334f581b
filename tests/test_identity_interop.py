"""Level identity as the page has it and the peer that was made from its specification alone agree: on the known
answers of vectors/identity.json, and on rooms in which both write.
"""

import json
import random
from types import SimpleNamespace

import pytest

import identity_answers
from identity_memory_log import MemoryLog, Person
from identity_peer import Append, PeerRoom
from identity_peer_keys import Identity, safety_number
from protocol import directory
from protocol.errors import Refusal
from protocol.identity import OurIdentity
from protocol.identity import safety_number as our_safety_number
from protocol.levels import Opened, identity
from protocol.levels.changes import Add, MakeAdmin, Remove
from protocol.trust import Pin, Trust
from reference import ReferencePlatform, run

ANSWERS = json.loads(identity_answers.FILE.read_text("utf-8"))
PEOPLE = {one["name"]: one for one in ANSWERS["people"]}
ROOMS = {room["name"]: room for room in ANSWERS["rooms"]}
READERS = [(room["name"], number) for room in ANSWERS["rooms"] for number in range(len(room["readers"]))]


class OurPage:
    """A session of our own level that is fed a log, and says of it what PeerReader says."""

    def __init__(self, name: str, seed: bytes, room: str, inviter: bytes | None = None, clock=lambda: 0):
        self.platform = ReferencePlatform()
        self.platform.time = clock
        ours = run(OurIdentity.from_seed(self.platform, seed))
        trust = Trust([], lambda: None)
        device = SimpleNamespace(name=name, ours=ours, trust=trust, inviter=inviter, state=None, close=lambda: None)
        device.keep = self.keep
        self.name, self.public = name, ours.public
        self.level = run(identity.Identity.start(self.platform, room, name, device))
        self.outcomes, self.says, self.shut = {}, {}, {}

    async def keep(self, octets):
        pass

    def begin(self, oldest: int) -> None:
        self.level.begins_at("log", oldest)

    def read(self, entry: dict) -> tuple:
        [outcome] = run(self.level.open([entry]))
        opened = (
            self.opened(run(self.level.reopen(list(self.shut.values())))) if getattr(outcome, "opens", False) else ()
        )
        return self.keep_outcome(entry, outcome, opened)

    def opened(self, outcomes: list) -> tuple:
        entries, found = list(self.shut.values()), []
        for entry, outcome in zip(entries, outcomes, strict=True):
            if not is_shut(outcome):
                found.append(entry["seq"])
            self.keep_outcome(entry, outcome, ())
        return tuple(found)

    def keep_outcome(self, entry: dict, outcome, opened: tuple) -> tuple:
        seq, self.says[entry["seq"]] = entry["seq"], []
        self.shut.pop(seq, None)
        if is_shut(outcome) and entry["kind"] == "message":
            self.shut[seq] = entry
        if isinstance(outcome, Refusal):
            self.outcomes[seq] = ("refused", outcome.code)
        elif isinstance(outcome, Opened):
            self.says[seq] = [warning.code for warning in outcome.warnings]
            self.outcomes[seq] = ("text", outcome.tag.key, outcome.name, outcome.text)
        elif entry["kind"] == "history":
            self.outcomes[seq] = ("history", outcome_sender(entry), opened)
        else:
            roster = self.level.membership.roster
            self.says[seq] = [code for _, code in outcome.notices if code == "bad-wrap"]
            epoch = roster.current and roster.current.number
            self.outcomes[seq] = ("members", roster.list.signer, roster.list.number, epoch)
        return self.outcomes[seq]


def is_shut(outcome) -> bool:
    return isinstance(outcome, Refusal) and outcome.code == "not-for-you"


def outcome_sender(entry: dict) -> bytes:
    return identity.read_history(ReferencePlatform(), entry["body"], identity.HISTORY_PREFIX).sender


def plain(outcome) -> list:
    return identity_answers.as_json(outcome)


# The known answers


@pytest.mark.parametrize(("name", "number"), READERS)
def test_our_page_reads_the_known_answers_as_the_peer_does(name, number):
    room, reader = ROOMS[name], ROOMS[name]["readers"][number]
    inviter = [bytes.fromhex(PEOPLE[one]["identity"]) for one in reader["pinned"]]
    page = OurPage(reader["name"], bytes.fromhex(PEOPLE[reader["name"]]["seed"]), room["room"], *inviter)
    expected, differences = iter(reader["outcomes"]), []
    for part in reader["parts"]:
        page.begin(part["oldest"])
        for seq in part["seqs"]:
            seq_there, outcome, says = next(expected)
            # Who proves a list, and that changes are missing, the page says once all is read: below.
            says = [code for code in says if code not in ("unproven", "changes-missing")]
            found = plain([page.read(room["entries"][seq - 1]), page.says[seq]])
            if [seq, found] != [seq_there, [outcome, says]]:
                differences.append((seq, room["made"][str(seq)]["what"], found, outcome, says))
    assert differences == []
    later = [[seq, plain(page.outcomes[seq]), page.says[seq]] for seq, _, _ in reader["later"]]
    assert later == reader["later"]
    assert {str(epoch): key.hex() for epoch, key in page.level.membership.keys.keys.items()} == reader["epoch_keys"]
    doubted = any(code in says for _, _, says in reader["outcomes"] for code in ("unproven", "changes-missing"))
    assert [code for _, code in run(page.level.prepare()) if code == "unproven"] == ["unproven"] * doubted


@pytest.mark.parametrize("number", range(len(ANSWERS["directory"])))
def test_our_page_finds_in_the_directory_what_the_peer_does(number):
    one = ANSWERS["directory"][number]
    known = one["known"] and Pin("Alice", bytes.fromhex(one["known"][0]), one["known"][1])
    try:
        newest = run(directory.check(ReferencePlatform(), "Alice", one["bundles"], known))
        found = {"pin": newest and [newest.identity.hex(), newest.version]}
    except Refusal as refusal:
        found = {"refused": refusal.code}
    assert found == {name: one[name] for name in ("pin", "refused") if name in one}


def test_our_page_has_the_numbers_of_the_known_answers():
    for one, other, number in ANSWERS["safety_numbers"]:
        identities = [bytes.fromhex(PEOPLE[name]["identity"]) for name in (one, other)]
        ours = run(our_safety_number(ReferencePlatform(), *identities))
        assert " ".join(ours) == number == safety_number(*identities)


# Rooms in which both write


class Device:
    """One identity, in a page of ours and in a peer: two sessions, which have to agree on all that they read."""

    def __init__(self, log: MemoryLog, name: str, founder: bytes | None, clock):
        self.log, self.name, seed = log, name, name.encode().ljust(32, b".")
        self.peer = Person(log, name, PeerRoom(Identity(seed), "den", [founder] if founder else [], clock=clock))
        self.page = OurPage(name, seed, "den", founder, clock)
        self.public, self.late = self.peer.public, []

    def begin(self, oldest: int) -> None:
        self.page.begin(oldest)
        self.peer.peer.resume_log(oldest)

    def read(self) -> None:
        """All that is new."""
        self.read_each(self.log.entries[len(self.page.outcomes) :])

    def read_each(self, entries: list[dict]) -> None:
        """Both agree on every entry, and on what earlier ones have become."""
        for entry in entries:
            seq = entry["seq"]
            assert self.page.read(entry) == self.peer.peer.read(entry), entry
            said = [code for code in self.peer.peer.says[seq] if code not in ("unproven", "changes-missing")]
            assert self.page.says[seq] == said, entry
        assert self.page.outcomes == self.peer.peer.outcomes
        assert self.page.level.membership.keys.keys == self.peer.peer.keys

    def appends(self, one) -> None:
        self.log.append(self.name, one)
        self.read()

    @property
    def members(self):
        newest = self.peer.peer.membership.newest
        return newest.members if newest else ()

    def is_in(self) -> bool:
        return self.public in [member.identity for member in self.members]

    def is_admin(self) -> bool:
        return self.public in [member.identity for member in self.members if member.is_admin]


class Talk:
    """Random moves of people, each by one of their two sessions; all read after each."""

    def __init__(self, seed: int):
        self.random, self.log, self.now = random.Random(seed), MemoryLog(), 1_800_000_000
        self.people, self.number = [], 0
        for name in ("Ann", "Bo", "Cy", "Di"):
            self.people.append(self.device(name))
            run(self.people[-1].page.level.prepare())

    def device(self, name: str) -> Device:
        """Of who was invited by Ann, or is Ann."""
        return Device(self.log, name, self.people[0].public if self.people else None, lambda: self.now)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.now += self.random.choice([1, 60, 3_600, 40_000])
            moves = [self.says, self.says, self.says, self.late, self.changes, self.leaves, self.shares, self.lies]
            self.random.choice(moves)(self.random.choice(self.people))
            for one in self.people:
                one.read()

    def by_page(self) -> bool:
        return self.random.random() < 0.5

    def controlled(self, who: Device, wants_to_write: bool = False) -> None:
        """All that our page has to append of its own."""
        for _ in range(5):
            control = run(who.page.level.control(wants_to_write))
            if control is None:
                return
            who.appends(Append(control.kind, control.body, control.if_newest))
        raise AssertionError("our page appends without an end")

    def says(self, who: Device) -> None:
        if not who.members and who is self.people[0]:
            return self.opens(who)
        if not who.is_in():
            return None
        self.number += 1
        text = f"text {self.number} " * self.random.choice([1, 1, 40])
        body = self.sealed_by_page(who, text) if self.by_page() else self.sealed_by_peer(who, text)
        if self.random.random() < 0.2:
            who.late.append(body)
        else:
            who.appends(body)
        return None

    def opens(self, who: Device) -> None:
        if self.log.entries:
            return None
        return self.controlled(who) if self.by_page() else who.appends(who.peer.peer.open_room(who.name))

    def sealed_by_page(self, who: Device, text: str) -> Append:
        self.controlled(who, True)
        assert who.page.level.can_seal()
        return Append("message", run(who.page.level.seal(text)))

    def sealed_by_peer(self, who: Device, text: str) -> Append:
        if who.peer.peer.must_begin_epoch():
            who.appends(who.peer.peer.begin_epoch())
        return who.peer.peer.seal(text)

    def late(self, who: Device) -> None:
        """What was sealed earlier; and what came too late, again."""
        if who.late:
            who.appends(who.late.pop(0))
        if who.is_in() and who.peer.peer.outdated:
            if who.peer.peer.must_begin_epoch():
                who.appends(who.peer.peer.begin_epoch())
            for body in who.peer.peer.reseal():
                who.appends(body)

    def changes(self, who: Device) -> None:
        if not who.is_admin():
            return
        other, listed = self.random.choice(self.people), [member.identity for member in who.members]
        if other is who:
            who.appends(who.peer.peer.confirm())
        elif other.public not in listed:
            self.makes(who, Add(other.public, other.name), lambda peer: peer.add(other.public, other.name))
        elif self.random.random() < 0.5:
            self.makes(who, Remove(other.public), lambda peer: peer.remove(other.public))
        elif not other.is_admin():
            self.makes(who, MakeAdmin(other.public), lambda peer: peer.name_admin(other.public))

    def makes(self, who: Device, wish, by_peer) -> None:
        if self.by_page():
            who.page.level.steward.wish(wish)
            self.controlled(who)
        else:
            who.appends(by_peer(who.peer.peer))

    def leaves(self, who: Device) -> None:
        admins = [member for member in who.members if member.is_admin]
        if who.is_in() and len(who.members) > 2 and (not who.is_admin() or len(admins) > 1):
            self.makes(who, Remove(who.public), lambda peer: peer.leave())

    def shares(self, who: Device) -> None:
        others = [member.identity for member in who.members if member.identity != who.public]
        epoch = who.peer.peer.membership.epoch
        if not who.is_in() or not others or not {epoch - 1, epoch} <= set(who.peer.peer.keys):
            return
        if self.by_page():
            who.page.level.steward.to_share.append(self.random.choice(others))
            self.controlled(who)
        else:
            who.appends(who.peer.peer.share(self.random.choice(others), epoch - 1, epoch))

    def lies(self, who: Device) -> None:
        """An entry again, as it was or with a character changed, perhaps under another kind."""
        if not self.log.entries:
            return
        entry = self.random.choice(self.log.entries)
        body, kind = entry["body"], self.random.choice([entry["kind"]] * 4 + ["message", "members", "history"])
        at = self.random.randrange(len(body))
        if self.random.random() < 0.7:
            body = body[:at] + self.random.choice("AZaz09-_+") + body[at + 1 :]
        who.appends(Append(kind, body))


@pytest.mark.parametrize("seed", range(12))
def test_in_a_room_where_both_write_both_read_the_same(seed):
    talk = Talk(seed)
    talk.run(60)
    outcomes = [outcome for one in talk.people for outcome in one.page.outcomes.values()]
    assert {outcome[0] for outcome in outcomes} >= {"text", "members", "refused"}


@pytest.mark.parametrize("seed", range(100, 106))
def test_of_a_log_of_which_parts_are_no_longer_kept_both_read_the_same(seed):
    talk = Talk(seed)
    talk.run(60)
    entries = talk.log.entries
    for one in talk.people:
        for _ in range(4):
            before, oldest = sorted(talk.random.sample(range(len(entries)), 2))
            reader = talk.device(one.name)
            reader.begin(1)
            reader.read_each(entries[: talk.random.choice([0, before])])
            reader.begin(oldest + 1)
            newest = {entry["kind"]: entry for entry in entries[before:oldest]}.values()  # each stands alone
            reader.read_each(sorted(newest, key=lambda entry: entry["seq"]))
            reader.read_each(entries[oldest:])
