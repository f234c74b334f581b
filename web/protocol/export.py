"""All that a device keeps, as a file that only its passphrase opens. Specification, level identity, section 7.4. Pure.

A text of lines: the first wraps a random key, each other is sealed under it with its number, the last says so.
"""

from .encoding import Reader, exactly, from_base64url, is_clean_name, sized, uint
from .errors import BadInput, Malformed, Problem, Refusal
from .identity import LABEL
from .keeping import read_message
from .records import NONCE, TAG, seal
from .store_errors import NotKept
from .trust import Trust
from .vault import FILE, unwrap, wrap

HEAD = "secure-chat-device-1."
END, NAME, PINS, ROOM, MESSAGE, DRAFT = 0, 1, 2, 3, 4, 5  # kinds of lines
PARTS = {NAME: (2, 3), PINS: (2, 2), ROOM: (3, 3), MESSAGE: (4, 4), DRAFT: (3, 3)}  # how many, least and most
LINE_BYTES = 4_194_304  # of a line, at most
FILE_BYTES = 8_388_608  # of a file, at most: what a page can read again
ENDS = 1_024  # more than its first and its last line have
BATCH = 100  # lines opened at once


def line_aad(number):
    return LABEL + b"export line" + uint(number, 4, "number")


def write_item(kind, *parts):
    """kind(1) || sized(part) ..."""
    return bytes([kind]) + b"".join([sized(part) for part in parts])


def read_item(item):
    """(kind, parts). Raises Malformed."""
    reader, parts = Reader(item), []
    kind = reader.uint(1)
    while reader.at < len(item):
        parts.append(reader.sized(LINE_BYTES))
    return kind, parts


def size_of(item):
    """Characters of its line, with the line feed."""
    return (8 * (NONCE + len(item) + TAG) + 5) // 6 + 1


def what_fits(items, messages):
    """Of messages, [(at, item)], the items of the newest that a file can take beside `items`; in the order given.

    Raises Problem if not even `items` fit.
    """
    free = FILE_BYTES - ENDS - sum([size_of(item) for item in items])
    if free < 0:
        raise Problem("file", "too-much", "Your keys and rooms are more than a page could read from one file.")
    chosen = set()
    for number in sorted(range(len(messages)), key=lambda number: (messages[number][0], number), reverse=True):
        free -= size_of(messages[number][1])
        if free < 0:
            break
        chosen.add(number)
    return [item for number, (_, item) in enumerate(messages) if number in chosen]


async def write(platform, text, items):
    """The lines of a file that the passphrase `text` opens. Raises Problem for what is no passphrase."""
    secret = platform.random(32)
    head = HEAD + platform.base64url(await wrap(platform, text, FILE, secret))
    key, lines = await platform.aes_key(secret), [head]
    for item in items + [write_item(END)]:
        lines.append(platform.base64url(await seal(platform, key, line_aad(len(lines)), item)))
    return lines


async def read(platform, text, content):
    """Content of a file's text. Raises Problem: then nothing of it is to be used."""
    lines = content.split("\n")
    if not lines[-1]:
        lines.pop()
    try:
        if len(lines) < 2 or not lines[0].startswith(HEAD):
            raise Malformed("head")
        wrapped = from_base64url(platform, lines[0][len(HEAD) :], "head")
        key = await platform.aes_key(await unwrap(platform, text, FILE, wrapped))
        items = await open_lines(platform, key, lines)
        if items.pop() != (END, []):
            raise Malformed("the end is missing")
        return Content(platform, items)
    except (Refusal, BadInput, NotKept):
        sentence = "This is no file of kept keys, or it was altered or cut off. Nothing of it was taken over."
        raise Problem("file", "bad-file", sentence)


async def open_lines(platform, key, lines):
    items = []
    for start in range(1, len(lines), BATCH):
        sealed = []
        for number in range(start, min(start + BATCH, len(lines))):
            data = from_base64url(platform, lines[number], "line")
            if len(data) < NONCE + TAG:
                raise Malformed("line: too short")
            sealed.append((key, data[:NONCE], data[NONCE:], line_aad(number)))
        for item in await platform.aes_gcm_open_all(sealed):
            if item is None:
                raise Malformed("line: does not open")
            items.append(read_item(item))
    return items


class Content:
    """What stands in a file, checked.

    names     name -> (seeds, the oldest first; pins as bytes; [(address, state)])
    messages  (name, address) -> [(log, seq, record)]
    drafts    (name, address) -> text
    """

    def __init__(self, platform, items):
        """Raises Malformed, BadIdentity or BadInput."""
        self.platform = platform
        self.names, self.messages, self.drafts = {}, {}, {}
        add = {NAME: self.name, PINS: self.pins, ROOM: self.room, MESSAGE: self.message, DRAFT: self.draft}
        for kind, parts in items:
            if kind not in add or not PARTS[kind][0] <= len(parts) <= PARTS[kind][1]:
                raise Malformed("item: unknown form")
            add[kind](*parts)
        if not all(pins for _, pins, _ in self.names.values()):
            raise Malformed("name: without pins")

    def text(self, octets):
        text = self.platform.utf8(octets)
        if not text:
            raise Malformed("item: no text")
        return text

    def clean(self, octets):
        name = self.text(octets)
        if not is_clean_name(self.platform, name):
            raise Malformed("item: not a clean name")
        return name

    def known(self, octets):
        name = self.clean(octets)
        if name not in self.names:
            raise Malformed("item: of no name")
        return name

    def name(self, name, *seeds):
        name = self.clean(name)
        if name in self.names:
            raise Malformed("name: twice")
        self.names[name] = ([exactly(seed, 32, "seed") for seed in seeds], b"", [])

    def pins(self, name, pins):
        name = self.known(name)
        seeds, before, rooms = self.names[name]
        Trust.read(self.platform, pins, None)
        if before:
            raise Malformed("pins: twice")
        self.names[name] = seeds, pins, rooms

    def room(self, name, address, state):
        self.names[self.known(name)][2].append((self.text(address), state))

    def message(self, name, address, seq, message):
        log, record = read_message(self.platform, message)
        place = self.clean(name), self.text(address)
        seq = int.from_bytes(exactly(seq, 8, "seq"), "big")
        self.messages.setdefault(place, []).append((log, seq, record))

    def draft(self, name, address, text):
        self.drafts[self.clean(name), self.text(address)] = self.text(text)
