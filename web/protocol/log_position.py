"""Where a session is in the relay's log of its room. Specification, section 5. Pure."""

NEW_LOG = ("The relay lost or replaced what it had stored for this room.", "new-log")
TRIMMED = ("Earlier messages are no longer kept.", "trimmed")


class LogPosition:
    """log: the relay's id of it, None before the first joining. last: the newest seq that we were shown. oldest: from
    this seq on the log is complete. target: its newest seq when we joined, None until then."""

    def __init__(self):
        self.log = None
        self.last = 0
        self.oldest = 1
        self.target = None
        self.asked = 0  # what `last` was when we asked to join
        self.count = 0  # logs before this one

    def resume(self, log, last):
        """An earlier visit has read this log up to `last`."""
        self.log, self.last = log, last

    def ask(self):
        """What a `join` frame says of it."""
        self.asked = self.last
        fields = {"after": self.last}
        if self.log is not None:
            fields["log"] = self.log
        return fields

    def is_replaced(self, frame):
        """Whether this `joined` frame is of another log than the one that we know."""
        return self.log is not None and (frame["log"] != self.log or frame["after"] != self.asked)

    def begin_anew(self):
        """Seqs start again."""
        self.last = 0
        self.count += 1

    def joined(self, frame):
        """Whether this is the first sight of the log."""
        is_new = self.target is None or self.log != frame["log"]
        self.log, self.oldest, self.target = frame["log"], frame["oldest"], frame["newest"]
        if frame["oldest"] > frame["newest"]:
            self.last = frame["newest"]  # the relay keeps none of them, so none will come
        return is_new

    def follow(self, entry):
        """Takes the next seq. How many are missing before it."""
        missing = entry["seq"] - max(self.last + 1, self.oldest)
        self.last = entry["seq"]
        entry["row"] = f"s{self.count}-{entry['seq']}"
        return missing

    def is_read(self):
        return self.target is not None and self.last >= self.target
