"""What a session has read: entries become rows, once or when their key is there. Specification, section 5. Pure."""

from . import rows
from .errors import Malformed, Refusal, TooManyKeys
from .levels import Changed, Waiting
from .shelf import Shelf
from .wire import Wire

KEPT_HERE = ("Kept on this device. The keys of these are deleted.", "kept")
READ_BEFORE = (
    "What was read here on an earlier visit is not shown again: its keys are deleted. Under “This device” you can "
    "choose to keep messages.",
    "read-before",
)


class Reading:
    """Its neighbours are those of the session."""

    def __init__(self, level, show, writing, writers, verdict, kept):
        self.level = level
        self.show = show
        self.writing = writing
        self.writers = writers
        self.verdict = verdict
        self.kept = kept  # a Kept, or None
        self.log = ""  # the relay's id of the log that is read
        self.wire = Wire()
        self.shelf = Shelf()
        self.reread_until = 0  # repeats up to this seq are the relay's log read again, not an attack
        self.notices = 0

    def begin_anew(self, newest):
        """The relay has begun another log, up to this seq. What waits is read again, if the relay still has it."""
        self.reread_until = newest
        self.give_up(self.shelf.take_all())

    def show_kept(self, log, oldest):
        """What the relay no longer has, and this device has kept."""
        if self.kept:
            self.show_rows(self.kept.rows_before(log, oldest))

    def take_up(self, resumed):
        """Rows of what this device has kept, up to where the level goes on: the newest may not have been shown yet."""
        self.log = resumed.log
        seqs = [seq for seq, _, _ in resumed.fresh]
        if self.kept:
            self.show_rows(self.kept.rows_before(resumed.log, min(seqs + [resumed.read + 1]), KEPT_HERE))
        elif resumed.read > len(seqs):
            self.notice(*READ_BEFORE)
        entries = [{"seq": seq, "at": at, "row": f"s0-{seq}"} for seq, at, _ in resumed.fresh]
        self.show_rows([self.row_of(entry, opened) for entry, (_, _, opened) in zip(entries, resumed.fresh)])
        self.writers.tell()

    def row_of(self, entry, outcome):
        row = self.writers.row_of(entry, outcome)
        if self.kept and row["kind"] == "message":
            self.kept.take(self.log, entry["seq"], row)
        return row

    def give_up(self, entries):
        for entry in entries:
            self.show.change(entry["row"], rows.refusal(entry, TooManyKeys()))

    async def open(self, entries):
        """An outcome of the level for each."""
        try:
            return await self.level.open(entries)
        except Exception:  # noqa: BLE001 - a mistake of ours on one message must not cost those beside it
            if len(entries) == 1:
                return [Malformed()]
            outcomes = []
            for entry in entries:
                outcomes += await self.open([entry])
            return outcomes

    def show_outcomes(self, entries, outcomes):
        fresh = []
        for entry, outcome in zip(entries, outcomes):
            self.verdict.count(outcome)
            if isinstance(outcome, Refusal) and outcome.of_known and entry["seq"] <= self.reread_until:
                continue
            if isinstance(outcome, Refusal) and outcome.sent_again and self.writing.came_too_late(entry):
                continue
            if isinstance(outcome, Changed):
                self.wire.keep(entry, outcome)  # whoever wrote it: it holds nothing that the relay may not know
                fresh += self.told(entry, outcome)
                continue
            item = self.writing.landed(entry)
            if item or self.level.open_to_view:
                self.wire.keep(entry, outcome)
            if item:
                self.show_rows(fresh)
                fresh = []
                self.show.place(item.row, self.row_of(entry, outcome))
                continue
            if isinstance(outcome, Waiting):
                self.shelf.waiting.append((entry, outcome.key_name))
            elif isinstance(outcome, Refusal) and outcome.may_open_later:
                self.shelf.keep_shut(entry)
            fresh.append(self.row_of(entry, outcome))
        self.show_rows(fresh)
        self.writers.tell()
        self.give_up(self.shelf.surplus())

    def show_rows(self, fresh):
        if fresh:
            self.show.rows(fresh)

    def told(self, entry, changed):
        """Rows of what the level itself had to say; the first is that of the entry."""
        made = []
        for text, code in changed.notices:
            made.append(self.notice_row(text, code) if made else rows.notice(entry["row"], text, code))
        return made

    async def change_rows(self, entries, open):
        """Opens entries that stand there already."""
        for entry, outcome in zip(entries, await open(entries)):
            if isinstance(outcome, Refusal) and outcome.may_open_later:
                self.shelf.keep_shut(entry)
                continue
            self.verdict.count(outcome)
            self.wire.renew(entry, outcome)
            self.show.change(entry["row"], self.row_of(entry, outcome))
        self.writers.tell()

    def notice(self, text, code):
        self.show.rows([self.notice_row(text, code)])

    def notice_row(self, text, code):
        self.notices += 1
        return rows.notice(f"n{self.notices}", text, code)
