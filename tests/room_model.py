"""A room as the specification has it (web/protocol/README.md, section 1), without sockets, files or time. For tests."""

from dataclasses import dataclass, field

KINDS = 3  # that a log may have, of those that the tests use
MEMBERS = 3  # that a room may have


@dataclass(frozen=True)
class Entry:
    kind: str
    id: str
    name: str
    body: str


@dataclass
class Member:
    """One joining: where its reading began, what it was shown, and what it has yet to be told of others."""

    number: int
    name: str
    after: int
    shown: list[dict] = field(default_factory=list)
    news: list[tuple[str, int, str]] = field(default_factory=list)  # type, member, name

    @property
    def last(self) -> int:
        return self.shown[-1]["seq"] if self.shown else self.after


@dataclass
class Room:
    name: str
    entries: list[Entry] = field(default_factory=list)  # the first has seq 1
    members: dict[int, Member] = field(default_factory=dict)  # by number, in the order of joining
    log: str | None = None  # None while nobody can know it: before the first append, if nobody is there
    times: dict[int, str] = field(default_factory=dict)  # the `at` of each seq, from whoever was shown it first

    @property
    def newest(self) -> int:
        return len(self.entries)

    def newest_of(self, kind: str) -> int:
        return max((seq for seq, entry in enumerate(self.entries, 1) if entry.kind == kind), default=0)

    def seq_of(self, id: str) -> int | None:
        return next((seq for seq, entry in enumerate(self.entries, 1) if entry.id == id), None)

    def answer(self, entry: Entry, if_newest: int | None = None) -> int | str:
        """What an append is answered by: a seq, or the code of a refusal."""
        if seq := self.seq_of(entry.id):
            first = self.entries[seq - 1]
            return seq if (first.kind, first.body) == (entry.kind, entry.body) else "id-conflict"
        if if_newest not in (None, self.newest_of(entry.kind)):
            return "not-newest"
        kinds = {one.kind for one in self.entries}
        return self.newest + 1 if entry.kind in kinds or len(kinds) < KINDS else "too-many-kinds"

    def append(self, entry: Entry, if_newest: int | None = None) -> int | str:
        """The answer, and the entry is in the log if that is what the answer says."""
        answer = self.answer(entry, if_newest)
        if answer == self.newest + 1:
            self.entries.append(entry)
        return answer

    def enter(self, member: Member) -> None:
        self.tell("member-joined", member)
        self.members[member.number] = member

    def leave(self, member: Member) -> None:
        del self.members[member.number]
        self.tell("member-left", member)
        self.forget_log()

    def tell(self, type_: str, member: Member) -> None:
        for other in self.members.values():
            other.news.append((type_, member.number, member.name))

    def forget_log(self) -> None:
        """The name of a log that was never written lasts as long as somebody is there."""
        if not self.entries and not self.members:
            self.log = None
