"""The list of members by the specification (web/protocol/identity.md, section 5) a second time, over pyca/cryptography.

Nothing of web/ is imported. What both this and protocol/roster.py make of the same bodies has to be the same.
"""

import base64
import hashlib
import struct
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from known_answers import b64, sized

PREFIX, LABEL = "identity-members-1.", b"secure-chat identity 1 "


class Signer:
    """Somebody who signs whatever they like."""

    def __init__(self, number: int):
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"signer %d" % number).digest())
        self.public = self.private.public_key().public_bytes_raw()


class Person(NamedTuple):
    identity: bytes
    admin: bool
    name: str

    def octets(self) -> bytes:
        return self.identity + bytes([self.admin]) + sized(self.name.encode())


def list_part(signer: Signer, room: bytes, number: int, previous: bytes, people: list, time=0) -> bytes:
    """fields || list_sig."""
    fields = struct.pack(">I32sQ32sB", number, previous, time, signer.public, len(people))
    fields += b"".join(person.octets() for person in people)
    return fields + signer.private.sign(LABEL + b"list" + sized(room) + fields)


def epoch_part(wrapper: Signer, room: bytes, list_hash: bytes, epoch: int, count: int) -> bytes:
    """epoch_fields || epoch_sig; its keys are none, as a list asks nothing of them."""
    fields = struct.pack(">Q32s32s", epoch, wrapper.public, bytes(32)) + bytes(80 * count)
    return fields + wrapper.private.sign(LABEL + b"epoch" + sized(room) + list_hash + fields)


def hash_of(room: bytes, part: bytes) -> bytes:
    return hashlib.sha256(LABEL + b"list" + sized(room) + part[:-64]).digest()


def body_of(*parts: bytes) -> str:
    return PREFIX + b64(b"".join(parts))


ROOM = b"kitchen"
ALICE, BOB, CAROL, DAVE = SIGNERS = [Signer(number) for number in range(4)]
NAMES = dict(zip(SIGNERS, ("Alice", "Bob \U0001f44b", "Carol", "Dave"), strict=True))


def people(*signers: Signer, admins=(ALICE,)) -> list[Person]:
    return [Person(one.public, one in admins, NAMES[one]) for one in signers]


def entry(signer: Signer, number: int, previous: bytes, members: list, epoch=None, wrapper=None, room=ROOM) -> str:
    """The body of a list that is signed by `signer`; epoch None: it begins none."""
    part = list_part(signer, room, number, previous, members)
    if epoch is None:
        return body_of(part)
    return body_of(part, epoch_part(wrapper or signer, room, hash_of(room, part), epoch, len(members)))


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


class State(NamedTuple):
    """What a reader has of a room that it read from the opening on."""

    number: int = -1
    list_hash: bytes = bytes(32)
    people: tuple = ()
    epoch: int = 0
    has_epoch: bool = False


def after(state: State, room: bytes, body: str) -> State | str:
    """The next state, or the code of the refusal. For bodies of the right form, read from the opening on."""
    data = base64.urlsafe_b64decode(body[len(PREFIX) :] + "===")
    number, previous, _, signer, count = struct.unpack_from(">I32sQ32sB", data)
    people, at = [], 77
    for _ in range(count):
        identity, admin, size = struct.unpack_from(">32s?I", data, at)
        at += 37 + size
        people.append(Person(identity, admin, data[at - size : at].decode()))
    list_end = at + 64
    list_hash, epoch_data = hash_of(room, data[:list_end]), data[list_end:]
    right = verifies(signer, data[at:list_end], LABEL + b"list" + sized(room) + data[:at])
    if epoch_data:
        epoch, wrapper = struct.unpack_from(">Q32s", epoch_data)
        message = LABEL + b"epoch" + sized(room) + list_hash + epoch_data[:-64]
        right = right and verifies(wrapper, epoch_data[-64:], message)
    if not right:
        return "bad-signature"
    if list_hash != state.list_hash and (code := list_fault(state, number, previous, signer, people)):
        return code
    if not epoch_data:
        return "old-list" if list_hash == state.list_hash else State(number, list_hash, tuple(people), state.epoch)
    if wrapper not in [person.identity for person in people]:
        return "not-a-member"
    if epoch != state.epoch + 1:
        return "old-epoch" if epoch <= state.epoch else "forked-epoch"
    return State(number, list_hash, tuple(people), epoch, True)


def list_fault(state: State, number: int, previous: bytes, signer: bytes, people: list) -> str:
    """Why this list is not the one after the state's; "" if it is."""
    if number <= state.number:
        return "old-list"
    if number != state.number + 1 or previous != state.list_hash:
        return "forked-list"
    before = {person.identity: person for person in (people if number == 0 else state.people)}
    if signer not in before:
        return "not-a-member"
    leave = [person for person in before.values() if person.identity != signer]
    return "" if before[signer].admin or people == leave else "not-an-admin"


def story() -> list:
    """[body, code, list_hash, epoch] after each, as JSON: what becomes of a room, and what is refused meanwhile."""
    state, told = State(), []

    def tell(signer, number, members, epoch, previous=None, wrapper=None):
        nonlocal state
        body = entry(signer, number, state.list_hash if previous is None else previous, members, epoch, wrapper)
        found = after(state, ROOM, body)
        code = found if isinstance(found, str) else "accepted"
        state = state if isinstance(found, str) else found
        told.append([body, code, state.list_hash.hex(), state.epoch])

    everybody = people(*SIGNERS)
    tell(ALICE, 0, people(ALICE, BOB, CAROL), 1)
    tell(ALICE, 0, people(ALICE, BOB, CAROL), 1, bytes(32))
    opening = state.list_hash
    tell(BOB, 1, people(ALICE, BOB), 2)
    tell(DAVE, 1, people(ALICE, BOB), 2)
    tell(ALICE, 1, everybody, 2, previous=bytes(31) + b"\x01")
    tell(ALICE, 1, everybody, 3)
    tell(ALICE, 1, everybody, 1)
    tell(ALICE, 1, everybody, 2, wrapper=Signer(4))
    tell(BOB, 1, people(ALICE, CAROL), None)
    tell(BOB, 1, people(ALICE, CAROL), None, opening)
    tell(BOB, 1, people(ALICE, CAROL), 2, opening, wrapper=CAROL)
    tell(ALICE, 1, people(ALICE, BOB), 3, opening)
    tell(ALICE, 2, people(ALICE, CAROL, DAVE), 3)
    tell(CAROL, 3, people(CAROL, DAVE, admins=(CAROL,)), 4)
    tell(ALICE, 3, people(ALICE, DAVE), 4)
    return told
