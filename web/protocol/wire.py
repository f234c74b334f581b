"""What the relay sees of a message: its entry, taken apart into the fields of the specification. Section 5. Pure.

Entries that are shown are only kept. One is taken apart where somebody looks at it.
"""

from .encoding import shown_name, visible
from .envelope import GCM_TAG, SIGNATURE
from .errors import Refusal
from .levels import Opened
from .padding import texts_of

ENTRIES, CHARACTERS = 1_000, 2_000_000  # kept of a session at most, the newest; the characters of their bodies
MEMBERS = ("room", "kind", "id", "name", "at")  # of an entry, beside seq and body
FORGOTTEN = "This page no longer keeps what the relay saw of it, but only of the newest."
UNOPENED = "The text did not open here, so what it would be without padding is not known. This is how it came."
UNPADDED = (
    "How the same text would look without padding. AES-GCM is a stream cipher, so what is left of ct is what was sent; "
    "the tag and the signature would be others: ??"
)
ADDRESS = ("Address", "where the connection came from, which the relay knows, though it stands in no entry")


class Wire:
    """The newest of those entries that a session lets be looked at, by the id of their row."""

    def __init__(self):
        self.kept = {}  # row -> (entry, outcome of the level), or None once it was dropped for newer ones
        self.order = []  # of those that are kept
        self.characters = 0

    def keep(self, entry, outcome):
        """An entry that is shown."""
        self.kept[entry["row"]] = (entry, outcome)
        self.order.append(entry["row"])
        self.characters += len(entry["body"])
        while len(self.order) > ENTRIES or self.characters > CHARACTERS:
            oldest = self.order.pop(0)
            self.characters -= len(self.kept[oldest][0]["body"])
            self.kept[oldest] = None

    def renew(self, entry, outcome):
        """What became of an entry when its key was there; nothing if it is not kept."""
        if self.kept.get(entry["row"]):
            self.kept[entry["row"]] = (entry, outcome)

    def entry(self, row):
        """(entry, outcome) of a row; None if it stands for no entry, or for one that is not kept here."""
        return self.kept.get(row)

    def entries(self):
        """Those that are kept, in the order in which they were shown."""
        return [self.kept[row][0] for row in self.order]

    def has_dropped(self):
        """Whether older ones are no longer kept."""
        return len(self.order) < len(self.kept)

    def pane(self, platform, level, address, row, padding=True):
        """A Pane; None if the row stands for no entry, or for one that is not kept here.

        padding: False for how the same text would look without it.
        """
        if row not in self.kept:
            return None
        if self.kept[row] is None:
            return Pane(FORGOTTEN)
        return look(platform, level, address, *self.kept[row], padding)


class Pane:
    """note: a sentence, or "". members, body: Parts in their order; those of the body are all of it. characters: of the
    body. stored: the body as the relay has it, or "" where that is shown anyway or is none. leaks: (what, in words).
    """

    def __init__(self, note, members=(), body=(), characters=0, stored="", leaks=()):
        self.note = note
        self.members = members
        self.body = body
        self.characters = characters
        self.stored = stored
        self.leaks = leaks


class Part:
    """Of an entry. name: the specification's, or "" for characters between fields. size: in bytes, 0 for a number.
    shown: the text itself, or where is_hex, groups of four bytes in hexadecimal, with ?? for a byte that is not known.
    """

    def __init__(self, name, meaning, size, shown, is_hex):
        self.name = name
        self.meaning = meaning
        self.size = size
        self.shown = shown
        self.is_hex = is_hex


def of_bytes(name, meaning, data, unknown=0):
    """unknown: how many bytes follow that are not known."""
    digits = data.hex() + "??" * unknown
    groups = [digits[at : at + 8] for at in range(0, len(digits), 8)]
    return Part(name, meaning, len(data) + unknown, " ".join(groups), True)


def of_text(name, meaning, text):
    """Text as it is; the bytes of its UTF-8 if a letter of it is invisible, or moves its neighbours."""
    data = text.encode("utf-8")
    ascii_only = not data or (min(data) >= 0x20 and max(data) < 0x7F)
    if ascii_only or (len(text) <= 512 and visible(text)):  # visible() looks at each letter: too slow for a long body
        return Part(name, meaning, len(data), text, False)
    return of_bytes(name, meaning, data)


def look(platform, level, address, entry, outcome, padding):
    """The Pane of an entry that the level opened, or refused, with this outcome."""
    members = [of_text(name, "", address if name == "room" else entry[name]) for name in MEMBERS]
    members.insert(1, Part("seq", "", 0, str(entry["seq"]), False))
    leaks = [
        ("Room", f"{address}: neither its level nor its name is encrypted"),
        ("Time", entry["at"]),
        ("Name", shown_name(platform, entry["name"]) + ", as its page called itself"),
    ]
    form = level.forms.get(entry["kind"], level)
    parts = taken_apart(platform, form, entry["body"])
    if parts is None:
        raw = of_text("body", "not of this level's form, so it is not taken apart", entry["body"])
        leaks += [("Length", f"{raw.size:,} bytes, with whatever stands in them"), ADDRESS]
        return Pane("", members, [raw], len(entry["body"]), "", leaks)
    if form is not level:
        leaks += form.leaks(platform, parts) + [ADDRESS]
        return Pane("", members, in_parts(form, parts, {}), len(entry["body"]), entry["body"], leaks)
    note, unknown = "", {}
    if level.padded and not padding:
        note = UNOPENED
        if isinstance(outcome, Opened):
            note, (parts, unknown) = UNPADDED, unpadded(level, parts, len(outcome.text.encode("utf-8")))
    whole = [(field, octets + bytes(unknown.get(field, 0))) for field, octets in parts]
    leaks += [("Session", level.in_clear), ("Length", length(level, len(dict(whole)[level.sealed]), unknown)), ADDRESS]
    body = level.body_of(platform, whole)
    return Pane(note, members, in_parts(level, parts, unknown), len(body), "" if unknown else body, leaks)


def taken_apart(platform, level, body):
    """The level's parts of a body, or None if there are none that give the very body again."""
    try:
        parts = level.parts(platform, body)
    except Refusal:
        return None
    return parts if level.body_of(platform, parts) == body else None


def unpadded(level, parts, size):
    """(parts, {field: how many unknown bytes follow}) of the same text, `size` bytes, if it were not padded."""
    known = {level.sealed: size, level.signature: 0}
    parts = [(field, octets[: known.get(field, len(octets))]) for field, octets in parts]
    return parts, {level.sealed: GCM_TAG, level.signature: SIGNATURE}


def length(level, sealed, unknown):
    """What so many bytes of ciphertext and tag tell the relay of the length of the text."""
    size = sealed - GCM_TAG
    if unknown or not level.padded:
        return f"the text has exactly {size:,} bytes" + ("" if level.padded else ", as this level does not pad")
    texts = texts_of(size)
    if texts is None:
        return f"{level.sealed} has {sealed:,} bytes, which no honest page makes"
    return f"the text has {texts[0]:,} to {texts[1]:,} bytes: padding hides how many"


def in_parts(level, parts, unknown):
    """The whole body as Parts: its fields, and what stands between them."""
    made = []
    for piece in level.pieces(parts):
        if type(piece) is str:
            made.append(of_text("", "", piece))
        else:
            for shown, (name, octets) in zip(numbered([name for name, _ in piece]), piece):
                made.append(of_bytes(shown, level.meanings[name], octets, unknown.get(name, 0)))
    return made


def numbered(names):
    """The names, those that stand there more than once with numbers from 1 on."""
    seen, found = {}, []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name} {seen[name]}" if names.count(name) > 1 else name)
    return found
