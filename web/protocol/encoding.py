"""Bytes and text, strictly: base64url, length prefixes, UTF-8, names, signatures. Specification, section 2. Pure."""

from .errors import BadInput, Malformed, Problem

NAME_CHARACTERS = 64
NAME_NOT_SHOWN = "a name that cannot be shown"
PASSPHRASE_BYTES = 1024
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493  # L, RFC 8032, section 5.1
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# Trimmed from both ends of a name: Unicode's White_Space. Listed, since MicroPython's strip() knows only ASCII.
SPACES = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

# Never in a name: first and last code point of each range. Two names that look alike must not differ by these.
FORBIDDEN_IN_NAMES = (
    (0x0000, 0x001F),  # controls
    (0x007F, 0x00A0),  # delete, more controls, no-break space
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x1680, 0x1680),  # Ogham space
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors and vowel separator
    (0x2000, 0x200F),  # spaces of other widths and of none, joiners, direction marks
    (0x2028, 0x202F),  # separators, bidirectional embeddings and overrides, narrow space
    (0x205F, 0x206F),  # mathematical space, word joiner, invisible operators, bidirectional isolates
    (0x3164, 0x3164),  # Hangul filler
    (0xD800, 0xDFFF),  # surrogates
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # zero-width no-break space
    (0xFFA0, 0xFFA0),  # half-width Hangul filler
    (0xFFF0, 0xFFFF),  # specials
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags, variation selectors supplement
)


def uint(value, size, name):
    """`value` as `size` bytes, big-endian."""
    # `type(...) is int`: True is an int on one runtime only.
    if type(value) is not int or not 0 <= value < 1 << (8 * size):
        raise BadInput(f"{name}: need a whole number of {size} bytes")
    return value.to_bytes(size, "big")


def exactly(data, size, name):
    """`data`, if it is `size` bytes."""
    if type(data) is not bytes or len(data) != size:
        raise BadInput(f"{name}: need {size} bytes")
    return data


def sized(data):
    """length(4) || data. What follows can never be taken for a part of `data`."""
    if type(data) is not bytes:
        raise BadInput("sized: need bytes")
    return uint(len(data), 4, "length") + data


def utf8_bytes(text, name):
    """Strict UTF-8 of `text`. BadInput for an unpaired surrogate."""
    if type(text) is not str:
        raise BadInput(f"{name}: need text")
    try:
        data = text.encode("utf-8")
    except UnicodeError:
        raise BadInput(f"{name}: unpaired surrogate")
    if has_surrogate(data):
        raise BadInput(f"{name}: unpaired surrogate")
    return data


def has_surrogate(data):
    """Whether `data` holds a surrogate, ED followed by A0 or more: MicroPython encodes them, CPython never does."""
    at = data.find(b"\xed")
    while at >= 0:
        if data[at + 1 : at + 2] >= b"\xa0":
            return True
        at = data.find(b"\xed", at + 1)
    return False


def from_base64url(platform, text, name):
    """The bytes of canonical, unpadded base64url (RFC 4648, section 5). Malformed for anything else."""
    data = platform.from_base64url(text)
    # Decoders skip white space and padding, which the length shows, and ignore the spare bits of the last letter.
    spare = (0, None, 0x0F, 0x03)[len(text) % 4]
    canonical = data is not None and spare is not None and len(data) == len(text) * 3 // 4
    if not canonical or (spare and BASE64URL.find(text[-1]) & spare):
        raise Malformed(f"{name}: not canonical base64url")
    return data


def canonical_signature(signature):
    """Whether S < L (RFC 8032, section 5.1.7): some browsers accept the other form, a second one that is valid too."""
    return int.from_bytes(bytes(reversed(signature[32:])), "big") < ED25519_ORDER


class Reader:
    """Takes fields from the front of bytes. Malformed if they end too early."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        end = self.at + size
        if end > len(self.data):
            raise Malformed("too short")
        part = self.data[self.at : end]
        self.at = end
        return part

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def sized(self, at_most):
        size = self.uint(4)
        if size > at_most:
            raise Malformed("a field is too long")
        return self.take(size)


def clean_name(platform, text, field):
    """A person's or a room's name: NFC, trimmed, 1 to 64 characters, none invisible. Case is kept. Raises Problem."""
    name = trimmed(platform.nfc(text))
    what = "Your name" if field == "name" else "The room's name"
    if not name:
        raise Problem(field, field + "-empty", f"{what} is needed: 1 to {NAME_CHARACTERS} characters.")
    if len(name) > NAME_CHARACTERS:
        raise Problem(
            field,
            field + "-too-long",
            f"{what} has {len(name)} characters; at most {NAME_CHARACTERS} are possible.",
        )
    if not visible(name):
        raise Problem(
            field,
            field + "-invisible",
            f"{what} holds an invisible or direction-changing character. Type it anew instead of pasting it.",
        )
    return name


def trimmed(text):
    start, end = 0, len(text)
    while start < end and text[start] in SPACES:
        start += 1
    while start < end and text[end - 1] in SPACES:
        end -= 1
    return text[start:end]


def visible(name):
    """Whether no character of `name` is a control, zero-width, or changes direction."""
    for character in name:
        code = ord(character)
        # Printable ASCII lies between the first two ranges, and most letters of most names are that.
        if 0x20 <= code < 0x7F:
            continue
        for first, last in FORBIDDEN_IN_NAMES:
            if first <= code <= last:
                return False
    return True


def is_clean_name(platform, name):
    """Whether `name` is what clean_name would give: the check on names that others send."""
    return 1 <= len(name) <= NAME_CHARACTERS and visible(name) and trimmed(name) == name and platform.nfc(name) == name


def shown_name(platform, name):
    """A name that the relay asserts, as people may see it: none of its letters is invisible or moves its neighbours."""
    return name if is_clean_name(platform, name) else NAME_NOT_SHOWN


def passphrase_bytes(platform, text):
    """UTF-8 of the passphrase in NFC, otherwise untouched: 1 to 1,024 bytes. Raises Problem."""
    try:
        data = utf8_bytes(platform.nfc(text), "passphrase")
    except BadInput:
        raise Problem("passphrase", "passphrase-not-text", "The passphrase holds half of a character. Type it anew.")
    if not data:
        raise Problem("passphrase", "passphrase-empty", "A passphrase is needed: all in the room use the same one.")
    if len(data) > PASSPHRASE_BYTES:
        raise Problem(
            "passphrase",
            "passphrase-too-long",
            f"The passphrase has {len(data)} bytes; at most {PASSPHRASE_BYTES} are possible.",
        )
    return data


def has_outer_space(text):
    """Whether a passphrase begins or ends with white space: kept, but a person is told."""
    return trimmed(text) != text
