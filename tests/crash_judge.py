"""What a room's people saw of it, and the judge: is every acknowledged entry in every list once and in one order?

Pure: a record goes in, findings come out as sentences. crash.py makes records; test_crash.py tampers with one.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Entry(NamedTuple):
    """One entry as an `entries` frame has it."""

    seq: int
    kind: str
    id: str
    name: str
    at: str
    body: str


@dataclass
class Record:
    """Of one room: all that was sent to the relay, and all that it said. `lists` has an entry for each time that it
    was shown to someone, so also what was shown to connections that did not live long."""

    name: str
    retention: int | None = None  # entries that the relay has to keep at least; None: all
    sent: dict[str, dict] = field(default_factory=dict)  # `append` frames by id
    acknowledged: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # seqs by id
    refused: set[str] = field(default_factory=set)  # ids that lost a comparison with `if_newest`
    joined: list[dict] = field(default_factory=list)  # every `joined` frame
    lists: dict[str, list[Entry]] = field(default_factory=dict)  # by person, in the order of arrival
    kept: list[Entry] = field(default_factory=list)  # what somebody reads who comes when all is over
    known: dict[Entry, Entry] = field(default_factory=dict)  # one object for each different entry: there are millions

    def show(self, list_: list[Entry], frame: dict) -> None:
        """Adds one `entries` frame to the list of a person."""
        for one in frame["entries"]:
            entry = Entry(**one)
            list_.append(self.known.setdefault(entry, entry))

    @property
    def oldest(self) -> int:
        """From here on nothing may be missing from any list."""
        return max((frame["oldest"] for frame in self.joined), default=0) if self.retention else 0


def judge(record: Record) -> list[str]:
    """-> what is wrong with the room, one sentence each, at most ten of a sort."""
    sorts = (one_story, every_list, what_was_shown, acknowledgements, repeats, comparisons, joinings)
    return [f"{record.name}: {text}" for sort in sorts for text, _ in zip(sort(record), range(10), strict=False)]


def one_story(record: Record) -> Iterator[str]:
    """Nothing that was ever shown to anybody is another thing later, and nobody but the people has written."""
    seen: dict[int, Entry] = {entry.seq: entry for entry in record.kept}
    for entry in record.known:
        if (other := seen.setdefault(entry.seq, entry)) != entry:
            yield f"seq {entry.seq} was shown as {entry} and as {other}"
        sent = record.sent.get(entry.id)
        if not sent or (sent["kind"], sent["body"]) != (entry.kind, entry.body):
            yield f"nobody has sent {entry}, but {sent}"


def every_list(record: Record) -> Iterator[str]:
    """Each list rises, is of one order with all others, and lacks nothing that a log has to keep."""
    for person, entries in {**record.lists, "the log": record.kept}.items():
        seqs = [entry.seq for entry in entries]
        for before, seq in zip([0, *seqs], seqs, strict=False):
            if seq <= before:
                yield f"{person} was shown seq {seq} after {before}"
            elif seq > max(before + 1, record.oldest):
                yield f"{person} was not shown what is between seq {before} and {seq}"
        if record.kept and (not seqs or seqs[-1] < record.kept[-1].seq):
            yield f"{person} was shown nothing after seq {seqs[-1] if seqs else 0}; the log has {record.kept[-1].seq}"


def what_was_shown(record: Record) -> Iterator[str]:
    """A restart forgets nothing that somebody has read."""
    for entry in record.known:
        if record.kept and entry.seq > record.kept[-1].seq:
            yield f"seq {entry.seq} was shown, and the log has forgotten it"


def acknowledgements(record: Record) -> Iterator[str]:
    """Acknowledged means kept, and at one place."""
    kept = {entry.seq: entry for entry in [*record.known, *record.kept]}
    for id, seqs in record.acknowledged.items():
        for seq in seqs:
            entry = kept.get(seq)
            if entry is None and seq < record.oldest:
                continue  # trimmed before anybody read it
            if entry is None or entry.id != id:
                yield f"{id} was acknowledged as seq {seq}, and there is {entry}"
    missing = record.sent.keys() - record.acknowledged.keys() - record.refused
    if missing:
        yield f"{len(missing)} appends were never answered, {sorted(missing)[:3]} among them"


def repeats(record: Record) -> Iterator[str]:
    """An id stands once. A log that is trimmed may have forgotten it, but none of the newest `retention`."""
    places: dict[str, set[int]] = defaultdict(set, {id: set(seqs) for id, seqs in record.acknowledged.items()})
    for entry in [*record.known, *record.kept]:
        places[entry.id].add(entry.seq)
    for id, seqs in places.items():
        for first, second in zip(sorted(seqs), sorted(seqs)[1:], strict=False):
            if not record.retention or second - first <= record.retention:
                yield f"{id} has seq {first} and seq {second}"


def comparisons(record: Record) -> Iterator[str]:
    """`if_newest` held at each entry that has it, and an append that was refused is not in the log."""
    newest: dict[str, int] = {}
    for entry in sorted({*record.known, *record.kept}):
        wanted = record.sent.get(entry.id, {}).get("if_newest")
        if wanted is not None and wanted != newest.get(entry.kind, 0) and entry.seq > record.oldest:
            yield f"{entry} was to follow {wanted}, and follows {newest.get(entry.kind, 0)}"
        newest[entry.kind] = entry.seq
        if entry.id in record.refused and not record.retention:
            yield f"{entry} was refused with not-newest, and is in the log"


def joinings(record: Record) -> Iterator[str]:
    """The log keeps its name over all restarts, and as many entries as it has to."""
    if len(names := {frame["log"] for frame in record.joined if frame["newest"]}) > 1:  # an empty log is not kept
        yield f"the log had the names {sorted(names)}"
    for frame in record.joined:
        newest, fewest = frame["newest"], record.retention or frame["newest"]
        if frame["oldest"] > max(newest - fewest + 1, min(newest, 1)):
            yield f"of {newest} entries all before {frame['oldest']} were gone"
