"""The reading half of a room at level identity: what becomes of every entry of its log.

From web/protocol/identity.md alone, as all of identity_peer*.py.
"""

from identity_peer_bodies import Anchors, Counters, History, Message, read_history, read_message
from identity_peer_keys import Identity, Refused
from identity_peer_list import MembersEntry, Membership, commitment, read_members, wrap_info


class PeerReader:
    """Takes entries as the relay has them (dicts: seq, kind, id, name, at, body), in the order of their seq.

    read() gives an outcome, which `outcomes` keeps by seq; `says` has by seq what a page would say besides:
        ("text", sender's identity, name in the list, text)     says: gap, late, out-of-order, forked
        ("members", signer, number of the list, epoch or None)  says: unproven, changes-missing, bad-wrap
        ("history", sender, seqs that it opened)                which have other outcomes from then on
        ("refused", code)
    """

    def __init__(self, identity: Identity, room: str, pinned=(), clock=lambda: 0):
        """`room` without its level; `pinned` are identities that are known from before; `clock` in seconds."""
        self.identity, self.room, self.clock = identity, room, clock
        self.pinned, self.membership = {identity.public, *pinned}, Membership()
        self.begin_log()

    def begin_log(self, oldest: int = 0) -> None:
        """Before the first entry of a log; `oldest` is that of `joined`."""
        self.kept = self.membership.newest  # of the log before: with it an admin opens the room again
        self.membership, self.anchors, self.members_seq = Membership(), Anchors(), 0
        self.outcomes, self.says = {}, {}
        self.keys, self.commitments = {}, {}  # of epochs, by their number
        self.counters, self.unopened = {}, {}
        self.list_seen, self.epoch_seen, self.in_epoch = 0, 0, 0
        self.resume_log(oldest)

    def resume_log(self, oldest: int) -> None:
        """After a reconnect to the same log: what lies before `oldest` and was not read does not come any more."""
        if self.membership.newest and oldest > max(self.outcomes) + 1:
            self.membership.lacks_lists = self.membership.lacks_epochs = True
        self.anchors.oldest = max(self.anchors.oldest, oldest)

    def read(self, entry: dict) -> tuple:
        seq, body = entry["seq"], entry["body"]
        self.says[seq] = []
        if entry["kind"] == "members":
            self.members_seq = seq  # accepted or not: it is what the relay compares `if_newest` with
        try:
            if entry["kind"] not in ("message", "members", "history"):
                raise Refused("unknown-kind")
            outcome = getattr(self, "read_" + entry["kind"])(seq, body)
        except Refused as refused:
            self.says[seq], outcome = [], ("refused", refused.code)
        self.outcomes[seq] = outcome
        self.anchors.shown(seq, body)
        return outcome

    # Members

    def read_members(self, seq: int, body: str) -> tuple:
        entry = read_members(self.room, body)
        before = self.membership.newest
        self.says[seq] += self.membership.accept(entry)
        members = entry.list
        if before is None and (members.number > 0 or members.signer not in self.pinned):
            self.says[seq].append("unproven")
        if members != before:
            self.list_seen = self.clock()
        if entry.epoch:
            self.epoch_seen, self.in_epoch = self.clock(), 0
            self.says[seq] += self.begin_epoch_of(entry)
        return "members", members.signer, members.number, entry.epoch and entry.epoch.number

    def begin_epoch_of(self, entry: MembersEntry) -> list[str]:
        """Keeps the key, if there is one for this identity -> `bad-wrap` or nothing."""
        epoch, members = entry.epoch, entry.list
        self.commitments[epoch.number] = epoch.commitment
        places = [member.identity for member in members.members]
        if self.identity.public not in places:
            return []
        wrapped = epoch.wrapped[places.index(self.identity.public)]
        key = self.identity.open(wrap_info(members, epoch.number, epoch.wrapper), wrapped)
        if key is None or commitment(key) != epoch.commitment:
            return ["bad-wrap"]
        self.keys[epoch.number] = key
        return []

    # Messages

    def read_message(self, seq: int, body: str) -> tuple:
        message = read_message(self.room, body)
        session = self.counters.setdefault((message.sender, message.session), Counters())
        self.says[seq] += session.take(message.counter)
        self.judge_place(message)
        self.in_epoch += 1
        name = self.membership.newest.member(message.sender).name
        if message.epoch not in self.keys:
            self.unopened[seq] = message, name, self.says[seq]
            raise Refused("not-for-you")
        return self.opened(seq, message, name)

    def judge_place(self, message: Message) -> None:
        state = self.membership
        if state.epoch == 0 or (state.lacks_epochs and message.epoch > state.epoch):
            raise Refused("not-for-you")
        if message.epoch < state.epoch or (message.epoch == state.epoch and not state.has_epoch):
            raise Refused("old-epoch")
        if message.epoch > state.epoch or message.list_hash != state.newest.hash():
            raise Refused("forked-list")
        if not state.newest.member(message.sender):
            raise Refused("not-a-member")

    def opened(self, seq: int, message: Message, name: str) -> tuple:
        text = message.open(self.room, self.keys[message.epoch])
        self.says[seq] += self.anchors.compare(seq, message.anchor_seq, message.anchor_hash)
        return "text", message.sender, name, text

    # Former epochs

    def read_history(self, seq: int, body: str) -> tuple:
        history = read_history(self.room, body)
        if not self.membership.newest:
            raise Refused("not-for-you")
        if not self.membership.newest.member(history.sender):
            raise Refused("not-a-member")
        if history.recipient != self.identity.public:
            return "history", history.sender, ()
        self.take_keys(history)
        return "history", history.sender, tuple(self.open_more())

    def take_keys(self, history: History) -> None:
        for number, key in enumerate(history.open(self.room, self.identity), history.first):
            if self.commitments.get(number) == commitment(key):
                self.keys[number] = key

    def open_more(self) -> list[int]:
        """Opens what waits for a key that is there now -> the seqs of what has another outcome."""
        found = [seq for seq, (message, _, _) in self.unopened.items() if message.epoch in self.keys]
        for seq in found:
            message, name, self.says[seq] = self.unopened.pop(seq)
            try:
                self.outcomes[seq] = self.opened(seq, message, name)
            except Refused as refused:
                self.says[seq], self.outcomes[seq] = [], ("refused", refused.code)
        return found
