"""What stands on a person's page in one room: the rows of protocol/rows.py, and what is said beside them. Pure.

Kept by what the page tells (remote.py): the calls of a room's view, each by its name. The tests' runner fills one from
what Playwright reads.
"""


def seq_of(row):
    """The place in the log of the entry that a row stands for; None if it stands for none."""
    log, dash, seq = row["id"].partition("-")
    return int(seq) if dash and log[:1] == "s" and log[1:].isdigit() and seq.isdigit() else None


class Seen:
    def __init__(self):
        self.placed = []  # rows, in the order of the page
        self.pending = []  # own ones that the relay has given no place yet; they stand below
        self.members = []  # names
        self.admins = []
        self.said = {}  # "alert", "ask", "state" -> the sentence that stands there now

    def rows(self):
        return self.placed + self.pending

    def messages(self):
        return [row for row in self.rows() if row["kind"] == "message"]

    def sentence(self, where):
        return self.said.get(where, "")

    def take(self, what, given):
        """The room's view is called so."""
        if what == "rows":
            self.placed += given[0]
        elif what == "pending":
            self.pending.append(given[0])
        elif what == "place":
            self.pending = [row for row in self.pending if row["id"] != given[0]]
            self.placed.append(given[1])
        elif what == "change":
            self.placed = replaced(self.placed, *given)
            self.pending = replaced(self.pending, *given)
        elif what == "mark":
            self.mark(*given)
        elif what == "members":
            self.members = [member["name"] for member in given[0]]
        elif what == "people":
            self.members = [member["name"] for member in given[0]["members"]]
            self.admins = [member["name"] for member in given[0]["members"] if member["admin"]]
        else:
            self.said[what] = given[0]

    def mark(self, writer, codes, word):
        for row in self.rows():
            if row["kind"] == "message" and row["writer"] == writer:
                row["marks"], row["mark"] = codes, word


def replaced(rows, id, row):
    return [row if one["id"] == id else one for one in rows]
