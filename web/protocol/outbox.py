"""Messages of ours that are not in the log yet. A retry sends the very same bytes. Pure."""


class Item:
    def __init__(self, id, text):
        self.id = id
        self.row = id  # where it stands in the view, also once it has to be sent under another id
        self.text = text
        self.body = None  # sealed once, and never anew while the relay may have it
        self.place = 0  # among all that was sealed
        self.sent = False  # and not yet answered
        self.taken = False  # the relay has it, and it counts once it is read in the log
        self.state = "sending"  # then relayed, or failed
        self.problem = ""  # why it failed, for people


class Outbox:
    """In the order in which they were written."""

    def __init__(self):
        self.items = []
        self.sealings = 0

    def add(self, id, text):
        item = Item(id, text)
        self.items.append(item)
        return item

    def find(self, id):
        for item in self.items:
            if item.id == id:
                return item
        return None

    def find_row(self, row):
        for item in self.items:
            if item.row == row:
                return item
        return None

    def remove(self, item):
        self.items.remove(item)

    def next_unsealed(self):
        for item in self.items:
            if item.body is None and item.state == "sending":
                return item
        return None

    def seal(self, item, body):
        self.sealings += 1
        item.body, item.place = body, self.sealings

    def to_send(self):
        """Sealed, and neither under way, acknowledged nor given up; in the order of sealing, which others can check."""
        items = [item for item in self.items if item.body and item.state == "sending" and not (item.sent or item.taken)]
        return sorted(items, key=lambda item: item.place)

    def unsent(self):
        """How many would be lost if the page went away now."""
        return len([item for item in self.items if item.state != "relayed"])
