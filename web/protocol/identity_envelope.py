"""Bodies of level identity <-> checked values, within their limits. Specification, level identity, 5.1 and 5.2. Pure.

Nothing here is cryptography: what comes out has the right form and is not yet believed.
"""

from .encoding import Reader, exactly, from_base64url, is_clean_name, sized, uint, utf8_bytes
from .envelope import SIGNATURE, foreign
from .errors import BadInput, Malformed
from .identity import checked

MEMBERS_PREFIX = "identity-members-1."
MEMBERS = 128  # at most: their list and its epoch fit into one body
NAME_BYTES = 256
WRAPPED_KEY = 80  # bytes: enc(32) || epoch key(32) || tag(16)
NO_LIST = bytes(32)  # in place of a list_hash, where nothing comes before


class Member:
    """identity(32) || flags(1) || sized(name). `octets` are these bytes."""

    def __init__(self, identity, name, admin=False):
        self.identity = identity
        self.name = name
        self.admin = admin
        self.octets = exactly(identity, 32, "identity") + bytes([admin]) + sized(utf8_bytes(name, "name"))


def list_fields(number, previous, time, signer, members):
    """number(4) || previous(32) || time(8) || signer(32) || count(1) || member ..."""
    if len(members) > MEMBERS:
        raise BadInput("members: too many")
    return (
        uint(number, 4, "number")
        + exactly(previous, 32, "previous")
        + uint(time, 8, "time")
        + exactly(signer, 32, "signer")
        + uint(len(members), 1, "count")
        + b"".join([member.octets for member in members])
    )


def epoch_fields(epoch, wrapper, commitment, wrapped):
    """epoch(8) || wrapper(32) || commitment(32) || a wrapped key(80) for each member, in the order of the list."""
    return (
        uint(epoch, 8, "epoch")
        + exactly(wrapper, 32, "wrapper")
        + exactly(commitment, 32, "commitment")
        + b"".join([exactly(key, WRAPPED_KEY, "wrapped") for key in wrapped])
    )


def write_members(platform, list_part, epoch_part=b"", prefix=MEMBERS_PREFIX):
    """The body of a `members` entry. A part is its fields || its signature(64)."""
    return prefix + platform.base64url(list_part + epoch_part)


class SignedList:
    """The list, taken apart; `fields` are the very bytes that it was read from."""

    def __init__(self, platform, reader):
        start = reader.at
        self.number = reader.uint(4)
        self.previous = reader.take(32)
        self.time = reader.uint(8)
        self.signer = checked(reader.take(32))
        count = reader.uint(1)
        if count > MEMBERS:
            raise Malformed("list: too many members")
        self.members = [read_member(platform, reader) for _ in range(count)]
        self.fields = reader.data[start : reader.at]
        self.signature = reader.take(SIGNATURE)
        self.check()

    def check(self):
        """Raises Malformed for what no list can be, whatever came before it."""
        if self.number == 0 and self.previous != NO_LIST:
            raise Malformed("list: an opening that follows another list")
        if len({member.identity for member in self.members}) < len(self.members):
            raise Malformed("list: an identity stands there twice")
        if len({member.name for member in self.members}) < len(self.members):
            raise Malformed("list: a name stands there twice")
        if self.members and not any(member.admin for member in self.members):
            raise Malformed("list: nobody is an admin")

    def member(self, identity):
        """Who has this identity, or None."""
        for member in self.members:
            if member.identity == identity:
                return member
        return None


def read_member(platform, reader):
    identity = checked(reader.take(32))
    flags = reader.uint(1)
    name = platform.utf8(reader.sized(NAME_BYTES))
    if flags > 1:
        raise Malformed("member: unknown flags")
    if name is None or not is_clean_name(platform, name):
        raise Malformed("member: not a clean name")
    return Member(identity, name, flags == 1)


class SignedEpoch:
    """An epoch, taken apart; `fields` are the very bytes that it was read from."""

    def __init__(self, reader, members):
        start = reader.at
        self.number = reader.uint(8)
        self.wrapper = checked(reader.take(32))
        self.commitment = reader.take(32)
        self.wrapped = [reader.take(WRAPPED_KEY) for _ in range(members)]
        self.fields = reader.data[start : reader.at]
        self.signature = reader.take(SIGNATURE)


class MembersEntry:
    """A list and the epoch that is begun on it, or None for one who leaves and begins none."""

    def __init__(self, platform, data):
        reader = Reader(data)
        self.list = SignedList(platform, reader)
        self.epoch = SignedEpoch(reader, len(self.list.members)) if reader.at < len(data) else None
        if reader.at < len(data):
            raise Malformed("members: too long")
        # Who leaves must not know the key of those who stay. All others begin an epoch, so that no change is without.
        if self.epoch is None and self.list.member(self.list.signer):
            raise Malformed("members: a change without an epoch")


def read_members(platform, body, prefix=MEMBERS_PREFIX):
    """MembersEntry from a body. Raises NotEncrypted, OtherLevel, Malformed or BadIdentity."""
    if not body.startswith(prefix):
        raise foreign(body)
    return MembersEntry(platform, from_base64url(platform, body[len(prefix) :], "body"))
