"""The attack matrix as it stands in the specification, section 8: its Markdown taken apart. Pure."""

BEGIN, END = "<!-- the attack matrix: written by tests/attack_matrix.py -->", "<!-- end of the attack matrix -->"
FIRST_HEADS = ["attack", "by"]  # before the levels


class Matrix:
    """levels: as the table's head names them. attacks: in their order."""

    def __init__(self, levels, attacks):
        self.levels = levels
        self.attacks = attacks


class Attack:
    """name, sentence; by: what the attacker has; outcomes: one for each level."""

    def __init__(self, name, sentence, by, outcomes):
        self.name = name
        self.sentence = sentence
        self.by = by
        self.outcomes = outcomes


def read(text):
    """The Matrix in the text of the specification, or None if there is none, or not as it is written."""
    table, end, _ = text.partition(BEGIN)[2].partition(END)
    if not end:
        return None
    rows = [cells(line) for line in table.strip().split("\n")]
    if len(rows) < 3 or None in rows or {len(row) for row in rows} != {len(rows[0])}:
        return None
    heads, levels = rows[0][:2], rows[0][2:]
    attacks = [attack(row) for row in rows[2:]]
    if heads != FIRST_HEADS or not levels or set(rows[1]) != {"---"} or None in attacks:
        return None
    return Matrix(levels, attacks)


def cells(line):
    """The cells of a line of the table, or None for a line that is none."""
    if not line.startswith("|") or not line.endswith("|") or len(line) < 2:
        return None
    return [cell.strip() for cell in line[1:-1].split("|")]


def attack(row):
    """An Attack from `**name.** sentence`, by whom, and the outcomes; None if the row does not begin so."""
    name, end, sentence = row[0].partition(".** ")
    if not end or not name.startswith("**"):
        return None
    return Attack(name[2:], sentence, row[1], row[2:])


def pieces(outcome):
    """[(text, is a code)] of an outcome, in which codes stand between backticks."""
    found = []
    for at, text in enumerate(outcome.split("`")):
        if text:
            found.append((text, at % 2 == 1))
    return found


def kind(outcome):
    """The gravest of an outcome as one word: succeeds, or what it begins with, which is refused, seen or no; "" where
    the level has nothing to try it on."""
    if "succeeds" in [part.split(" ")[0] for part in outcome.split("; ")]:
        return "succeeds"
    word = outcome.split(" ")[0].rstrip(":")
    return "" if word.startswith("(") else word
