"""Entries that were read and have not opened yet, in the order of the log. Pure."""

WAITING_MOST = 1_000  # entries kept until their key is there, and as many that are for others


class Shelf:
    """held: read before the very first key was derived. waiting: (entry, key name), shown as waiting for a key. shut:
    shown as not for us, which a member can change."""

    def __init__(self):
        self.held = []
        self.waiting = []
        self.shut = []

    def take_held(self):
        entries, self.held = self.held, []
        return entries

    def take_waiting(self, key_name=None):
        """Those that wait for this key, or for any."""
        due = [entry for entry, wanted in self.waiting if key_name in (None, wanted)]
        self.waiting = [(entry, wanted) for entry, wanted in self.waiting if key_name not in (None, wanted)]
        return due

    def take_all(self):
        """Nothing is kept any more. Those that wait for a key."""
        self.held, self.shut = [], []
        return self.take_waiting()

    def take_shut(self):
        entries, self.shut = self.shut, []
        return entries

    def keep_shut(self, entry):
        self.shut.append(entry)
        self.shut = self.shut[-WAITING_MOST:]

    def surplus(self):
        """Those that have waited longest, where too many do."""
        most = len(self.waiting) - WAITING_MOST
        dropped, self.waiting = self.waiting[: max(0, most)], self.waiting[max(0, most) :]
        return [entry for entry, _ in dropped]
