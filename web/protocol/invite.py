"""Invites: what stands behind the # of a link. Specification, level identity, section 7. Pure."""

from .encoding import from_base64url, is_clean_name, passphrase_bytes, utf8_bytes
from .errors import BadInput, Malformed, Problem, Refusal
from .identity import checked

WITH_IDENTITY = ("identity", "ratchet")
WITH_PASSPHRASE = ("classic", "passphrase")
LONGEST = 4_000  # characters; what the grammar allows is shorter
IDENTITY_LETTERS = 43  # 32 bytes in base64url
NOT_IN_A_FIELD = (0x00, 0x0A, 0x0D)  # a form's field would lose them, and then hold another passphrase
HEX = "0123456789ABCDEF"
MISSING = (
    "This link is incomplete: the part after its # is missing, as some programs cut it off. Ask for the link again, "
    "and copy all of it."
)
UNREADABLE = (
    "This link is no invite that this page can read: something of it is missing, or was changed on the way. Ask for "
    "the link again, and copy all of it."
)


class Invite:
    """level: its id. room: a clean name. identity: that of who invites, 32 bytes, or None. passphrase: text, or ""."""

    def __init__(self, level, room, identity=None, passphrase=""):
        self.level = level
        self.room = room
        self.identity = identity
        self.passphrase = passphrase


def write(platform, level, room, identity):
    """The fragment that invites to a room with keys of devices. identity: of who invites. BadInput, BadIdentity."""
    if level not in WITH_IDENTITY:
        raise BadInput("level: need one of the two with keys of devices")
    return "/".join([level, written_room(platform, room), platform.base64url(checked(identity))])


def write_passphrase(platform, level, room, passphrase=None):
    """The fragment that invites to a room with a passphrase, and holds that if it is given as it was typed.

    Raises BadInput, and Problem for what can be no passphrase.
    """
    if level not in WITH_PASSPHRASE:
        raise BadInput("level: need one of the two with a passphrase")
    parts = [level, written_room(platform, room)]
    if passphrase is not None:
        data = passphrase_bytes(platform, passphrase)
        if not fits_a_field(data):
            raise BadInput("passphrase: need one line of text")
        parts.append(percent_encoded(data))
    return "/".join(parts)


def read(platform, fragment):
    """The Invite that this fragment is, without its #. Problem for anything else."""
    if not fragment:
        raise Problem(None, "invite-missing", MISSING)
    try:
        return taken_apart(platform, fragment)
    except (Problem, Refusal):
        raise Problem(None, "invite-unreadable", UNREADABLE)


def taken_apart(platform, fragment):
    parts = fragment.split("/") if len(fragment) <= LONGEST else []
    if len(parts) == 3 and parts[0] in WITH_IDENTITY and len(parts[2]) == IDENTITY_LETTERS:
        identity = checked(from_base64url(platform, parts[2], "identity"))
        return Invite(parts[0], read_room(platform, parts[1]), identity)
    if len(parts) not in (2, 3) or parts[0] not in WITH_PASSPHRASE:
        raise Malformed("no invite")
    room = read_room(platform, parts[1])
    return Invite(parts[0], room, passphrase=read_passphrase(platform, parts[2]) if parts[2:] else "")


def written_room(platform, room):
    if not is_clean_name(platform, room):
        raise BadInput("room: need a clean name")
    return percent_encoded(utf8_bytes(room, "room"))


def read_room(platform, text):
    room = platform.utf8(percent_decoded(text))
    if room is None or not is_clean_name(platform, room):
        raise Malformed("room: no clean name")
    return room


def read_passphrase(platform, text):
    data = percent_decoded(text)
    passphrase = platform.utf8(data)
    if passphrase is None or not fits_a_field(data) or passphrase_bytes(platform, passphrase) != data:
        raise Malformed("passphrase: not in its one form")
    return passphrase


def fits_a_field(data):
    return not any(octet in NOT_IN_A_FIELD for octet in data)


def percent_encoded(data):
    """Letters and digits as they are, each other byte as % and two digits (RFC 3986, section 2.1).

    That RFC would leave - . _ ~ as they are; but programs that find links in a text cut such off at the end.
    """
    return "".join([chr(octet) if is_plain(octet) else "%" + HEX[octet >> 4] + HEX[octet & 15] for octet in data])


def is_plain(octet):
    return 0x30 <= octet <= 0x39 or 0x41 <= octet <= 0x5A or 0x61 <= octet <= 0x7A


def percent_decoded(text):
    """The bytes of which percent_encoded makes exactly this text. Malformed if there are none."""
    parts = text.split("%")
    try:
        data = parts[0].encode("utf-8")
        for part in parts[1:]:
            data += bytes.fromhex(part[:2]) + part[2:].encode("utf-8")
    except ValueError:  # no hexadecimal digits, or on CPython half of a character
        raise Malformed("not percent-encoded")
    if percent_encoded(data) != text:  # fromhex skips spaces; other letters, and other digits, have another form
        raise Malformed("not percent-encoded in its one form")
    return data
