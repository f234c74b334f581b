"""What a device has kept of a room's messages, as rows: those that the relay no longer has, and trust as it was. Pure.

Specification, level identity, section 7.3.
"""

from . import rows
from .levels import TAG_COLORS

FIELDS = ("text", "name", "tag", "at", "trust", "code")  # of a row, each text
COLORS = [str(number) for number in range(TAG_COLORS)]
OF_THIS_DEVICE = ("Kept on this device. The relay no longer has these.", "kept")


class Kept:
    """records: [(log, seq, dict of text -> bytes)] of earlier visits; append(log, seq, dict) keeps another one."""

    def __init__(self, platform, records, append):
        self.platform = platform
        self.records = records
        self.append = append
        self.trust = {(log, seq): self.text(fields, "trust") for log, seq, fields in records}

    def text(self, fields, name):
        """Of a record that another version of this page may have written."""
        return self.platform.utf8(fields.get(name, b"")) or ""

    def rows_before(self, log, oldest, why=OF_THIS_DEVICE):
        """Rows of what is not in the relay's log from `oldest` on, in the order in which they were kept, and a notice
        of why they are shown."""
        gone = [one for one in self.records if one[0] != log or one[1] < oldest]
        made = [self.row(f"k{number}", fields) for number, (_, _, fields) in enumerate(gone)]
        return made + [rows.notice("kept", *why)] if made else []

    def row(self, id, fields):
        more = {name: self.text(fields, name) for name in FIELDS if name != "text"}
        color = self.text(fields, "color")
        more["color"] = int(color) if color in COLORS else 0
        more["own"] = fields.get("own") == b"1"
        return rows.row(id, "message", self.text(fields, "text"), **more)

    def take(self, log, seq, row):
        """Keeps the row of a message, and puts into it the trust it had when it was first read here."""
        if (log, seq) in self.trust:
            row["trust"] = self.trust[(log, seq)]
            return
        self.trust[(log, seq)] = row["trust"]
        fields = {name: row[name].encode("utf-8") for name in FIELDS}
        fields["color"], fields["own"] = str(row["color"]).encode(), b"1" if row["own"] else b"0"
        self.append(log, seq, fields)
