"""Who is in a room: the list of members that they sign themselves. Specification, level identity, 5.3 and 5.4. Pure.

A state that never changes: an entry of the log gives the next one, or is refused and gives none. Whoever is shown the
same entries has the same list, whatever else the relay and dishonest members send.
"""

from hashlib import sha256

from .encoding import sized
from .errors import BadSignature
from .identity import LABEL, verified_all
from .identity_envelope import MEMBERS_PREFIX, NO_LIST, list_fields, read_members
from .identity_errors import ForkedEpoch, ForkedList, NotAMember, NotAnAdmin, OldEpoch, OldList

EPOCHS = 2**53 - 1  # no number is higher, as after the highest that fits none could follow


def list_bytes(room, fields):
    """What a list's signer signs; `room` is its name as UTF-8."""
    return LABEL + b"list" + sized(room) + fields


def hash_of(room, fields):
    """list_hash(32): as each list has that of the one before, it stands for all changes up to this one."""
    return sha256(list_bytes(room, fields)).digest()


def epoch_bytes(room, list_hash, fields):
    """What an epoch's wrapper signs."""
    return LABEL + b"epoch" + sized(room) + list_hash + fields


async def sign_list(platform, ours, room, fields):
    """fields || signature: a part of a body, signed by our own identity."""
    return fields + await platform.ed25519_sign(ours.signing, list_bytes(room, fields))


async def sign_epoch(platform, ours, room, list_hash, fields):
    """fields || signature: the other part."""
    return fields + await platform.ed25519_sign(ours.signing, epoch_bytes(room, list_hash, fields))


async def verified_hash(platform, room, entry):
    """The list_hash of a MembersEntry whose signatures are right. Raises BadSignature."""
    one, list_hash = entry.list, hash_of(room, entry.list.fields)
    signed = [(one.signer, one.signature, list_bytes(room, one.fields))]
    if entry.epoch:
        octets = epoch_bytes(room, list_hash, entry.epoch.fields)
        signed.append((entry.epoch.wrapper, entry.epoch.signature, octets))
    if not all(await verified_all(platform, signed)):
        raise BadSignature()
    return list_hash


def check_signer(before, new):
    """That whoever signed `new` may make it of `before`, both SignedLists. Raises NotAMember or NotAnAdmin."""
    signer = before.member(new.signer)
    if signer is None:
        raise NotAMember()
    others = [member.octets for member in before.members if member is not signer]
    if not signer.admin and [member.octets for member in new.members] != others:
        raise NotAnAdmin()


class Roster:
    """The newest list of a room, and its newest epoch.

    list         SignedList, or None before the first
    list_hash    of it
    proven       every change since the opening of the room was seen
    epoch        the number of the newest epoch, 0 before the first
    epoch_known  False if there may have been newer ones, which the relay no longer keeps
    current      the SignedEpoch on this very list, or None: somebody has left, and nobody has begun one since
    """

    def __init__(self, room, prefix=MEMBERS_PREFIX):
        """Of a room (its name as UTF-8) of which nothing was read yet. prefix: of the bodies of its entries."""
        self.room = room
        self.prefix = prefix
        self.list = None
        self.list_hash = NO_LIST
        self.proven = True
        self.epoch = 0
        self.epoch_known = True
        self.current = None

    async def apply(self, platform, body, missing=False):
        """The state after a `members` entry. Raises a Refusal, and then nothing of the entry counts.

        missing: the relay no longer keeps what was before this entry and after the one that gave this state.
        """
        entry = read_members(platform, body, self.prefix)
        list_hash = await verified_hash(platform, self.room, entry)
        again = list_hash == self.list_hash
        if again and entry.epoch is None:
            raise OldList()
        list_follows = again or self.check_list(entry.list, missing)
        epochs_known = self.epoch_known and list_follows and not missing
        if entry.epoch:
            self.check_epoch(entry, epochs_known)
        after = Roster(self.room, self.prefix)
        after.list, after.list_hash, after.current = entry.list, list_hash, entry.epoch
        after.proven = self.proven and list_follows
        after.epoch = entry.epoch.number if entry.epoch else self.epoch
        after.epoch_known = epochs_known or entry.epoch is not None
        return after

    def check_list(self, new, missing):
        """Whether no list is missing between the newest and `new`. Raises OldList, ForkedList, or as check_signer()."""
        if self.list is None:
            if new.number == 0:
                check_signer(new, new)
            return new.number == 0
        if new.number <= self.list.number:
            raise OldList()
        if new.number == self.list.number + 1 and new.previous == self.list_hash:
            check_signer(self.list, new)
            return True
        # An admin could have made all the missing changes alone, so nobody gains by this who was none.
        signer = self.list.member(new.signer)
        if missing and new.number > self.list.number + 1 and signer and signer.admin:
            return False
        raise ForkedList()

    def check_epoch(self, entry, known):
        """Raises NotAMember, OldEpoch or ForkedEpoch. known: no epoch before this one is missing."""
        if entry.list.member(entry.epoch.wrapper) is None:
            raise NotAMember()
        if entry.epoch.number <= self.epoch:
            raise OldEpoch()
        if entry.epoch.number > (self.epoch + 1 if known else EPOCHS):
            raise ForkedEpoch()

    def next_fields(self, time, signer, members):
        """Those of the list that `signer` would put in place of this one; time: seconds since 1970-01-01 UTC."""
        number = self.list.number + 1 if self.list else 0
        return list_fields(number, self.list_hash, time, signer, members)
