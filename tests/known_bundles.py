"""Bundles of the directory by the specification (web/protocol/identity.md, section 4) a second time, over
pyca/cryptography. Nothing of web/ or server.py is imported: both have to make of a bundle what this does.
"""

import base64
import struct
from typing import NamedTuple

from known_answers import b64, sized
from known_roster import LABEL, Signer, verifies

PREFIX, NOBODY = "bundle-1.", bytes(32)
PRIME, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
# y of the points of small order, as the specification writes them, and those forms that are not below the prime
SMALL_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    (PRIME - 1).to_bytes(32, "little"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]
NOT_CANONICAL = [(PRIME + more).to_bytes(32, "little") for more in (0, 1, 2, 18)]
UNSAFE = [bytes([*one[:31], one[31] | sign]) for one in SMALL_ORDER + NOT_CANONICAL for sign in (0, 0x80)]
ANN, BOB, CAROL, DAVE = SIGNERS = [Signer(number) for number in range(10, 14)]


def fields_of(identity: bytes, name: str, version: int, previous: bytes) -> bytes:
    return identity + sized(name.encode()) + struct.pack(">I", version) + previous


def signature_of(signer: Signer, purpose: bytes, fields: bytes) -> bytes:
    return signer.private.sign(LABEL + purpose + fields)


def text_of(octets: bytes) -> str:
    return PREFIX + b64(octets)


def octets_of(text: str) -> bytes:
    """Nothing if it cannot be read at all."""
    try:
        return base64.urlsafe_b64decode(text.removeprefix(PREFIX) + "==")
    except ValueError:
        return b""


def bundle(signer: Signer, name: str, version: int = 1, before: Signer | None = None) -> str:
    """The first of a name; with `before` the same signer, a renewal; with another, a rotation."""
    fields = fields_of(signer.public, name, version, before.public if before else NOBODY)
    handover = signature_of(before, b"rotation", fields) if before and before is not signer else b""
    return text_of(fields + signature_of(signer, b"bundle", fields) + handover)


def other_form(signature: bytes) -> bytes:
    """The same with S + L, which verifies just as well wherever S is not looked at."""
    return signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")


class Known(NamedTuple):
    identity: bytes
    version: int
    previous: bytes


def read(name: str, text: str) -> Known | None:
    """What a bundle of this name says; None if it is to be refused."""
    size, octets = len(name.encode()), octets_of(text)
    rest = len(octets) - (32 + 4 + size + 4 + 32 + 64)
    if text != text_of(octets) or rest not in (0, 64) or octets[32 : 36 + size] != sized(name.encode()):
        return None
    version, previous = struct.unpack_from(">I32s", octets, 36 + size)
    known, fields = Known(octets[:32], version, previous), octets[: 72 + size]
    signed = [(known.identity, octets[72 + size :][:64], b"bundle")]
    signed += [(previous, octets[-64:], b"rotation")] if rest else []
    is_rotation = previous not in (NOBODY, known.identity)
    is_right = (version == 1) == (previous == NOBODY) and version > 0 and is_rotation == bool(rest)
    return known if is_right and all(is_signed(*one, fields) for one in signed) else None


def is_signed(identity: bytes, signature: bytes, purpose: bytes, fields: bytes) -> bool:
    is_safe = identity not in UNSAFE and int.from_bytes(identity, "little") % 2**255 < PRIME
    in_order = int.from_bytes(signature[32:], "little") < ORDER
    return is_safe and in_order and verifies(identity, signature, LABEL + purpose + fields)


# Of one name, what is refused whoever asks; and what becomes of those that a page is shown

NAME = "Zoë \U0001f44b"


def cut_up(text: str, at: int, octets: bytes) -> str:
    """The bundle with other octets in this place, signed by nobody."""
    whole = octets_of(text)
    return text_of(whole[:at] + octets + whole[at + len(octets) :])


def forged(signer: Signer, fields: bytes, *signatures: bytes) -> str:
    return text_of(fields + b"".join(signatures or [signature_of(signer, b"bundle", fields)]))


def bad_bundles(name: str = NAME) -> dict[str, str]:
    """Each is wrong in one thing, and right in all others."""
    first, rotated, size = bundle(ANN, name), bundle(BOB, name, 2, ANN), len(name.encode())
    octets, more = octets_of(first), octets_of(rotated)
    alike = name.upper() if name.upper() != name else name.lower()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = letters[letters.index(rotated[-1]) ^ 1] if len(more) % 3 else None
    fields = {
        "version 0": fields_of(ANN.public, name, 0, NOBODY),
        "version 0 after another": fields_of(ANN.public, name, 0, ANN.public),
        "a first with version 2": fields_of(ANN.public, name, 2, NOBODY),
        "a renewal with version 1": fields_of(ANN.public, name, 1, ANN.public),
        "a rotation without a handover": fields_of(ANN.public, name, 2, BOB.public),
    }
    hand = fields_of(BOB.public, name, 2, ANN.public)
    own, over = signature_of(BOB, b"bundle", hand), signature_of(ANN, b"rotation", hand)
    renewed = fields_of(ANN.public, name, 2, ANN.public)
    found = {what: forged(ANN, one) for what, one in fields.items()} | {
        "another prefix": first.replace("bundle-1", "bundle-2"),
        "no prefix": first.removeprefix(PREFIX),
        "nothing": PREFIX,
        "a letter of none": first[:-1] + "+",
        "padding": first + "=",
        "white space": first[:40] + "\n" + first[40:],
        "no ASCII": first[:-1] + "é",
        "spare bits": rotated[:-1] + spare if spare else first + " ",
        "a length of none": first + "A" * ((1 - len(first.removeprefix(PREFIX))) % 4),
        "cut": text_of(octets[:-1]),
        "an octet more": text_of(octets + b"\0"),
        "a first with a handover": text_of(octets + signature_of(BOB, b"rotation", octets[: 72 + size])),
        "a renewal with a handover": forged(
            ANN, renewed, signature_of(ANN, b"bundle", renewed), signature_of(ANN, b"rotation", renewed)
        ),
        "a handover cut": text_of(more[:-1]),
        "a handover of another": forged(BOB, hand, own, signature_of(CAROL, b"rotation", hand)),
        "a handover for something else": forged(BOB, hand, own, signature_of(ANN, b"bundle", hand)),
        "a handover in place of the signature": forged(BOB, hand, over, over),
        "signed by the one before only": forged(BOB, hand, signature_of(ANN, b"bundle", hand), over),
        "signed for something else": forged(ANN, octets[: 72 + size], signature_of(ANN, b"list", octets[: 72 + size])),
        "another name": bundle(ANN, alike),
        "a longer name": bundle(ANN, name + "x"),
        "a name with another length": cut_up(first, 32, struct.pack(">I", size + 1)),
        "a name of 4 GB": cut_up(first, 32, b"\xff" * 4),
        "another identity": cut_up(first, 0, BOB.public),
        "another version": cut_up(rotated, 36 + size, struct.pack(">I", 3)),
        "another identity before": cut_up(rotated, 40 + size, CAROL.public),
        "S + L": text_of(octets[:-64] + other_form(octets[-64:])),
        "S + L in the handover": text_of(more[:-64] + other_form(more[-64:])),
        "nothing in place of the signature": text_of(octets[:-64] + bytes(64)),
    }
    for number, identity in enumerate(UNSAFE):
        # R is the neutral element and S 0, which for a key of small order is right for one message in a few.
        anyones = b"\x01" + bytes(63)
        found[f"unsafe {number}"] = text_of(fields_of(identity, name, 1, NOBODY) + anyones)
        before = fields_of(BOB.public, name, 2, identity)
        if identity != NOBODY:
            found[f"unsafe before {number}"] = forged(BOB, before, signature_of(BOB, b"bundle", before), anyones)
    return found


def every() -> dict:
    """What both runtimes are given, as JSON."""
    seeds = [one.private.private_bytes_raw().hex() for one in (ANN, BOB)]
    written = [bundle(ANN, NAME), bundle(ANN, NAME, 2, ANN), bundle(BOB, NAME, 3, ANN)]
    return {"name": NAME, "seeds": seeds, "written": written, "story": story()}


def story(name: str = NAME) -> list:
    """[what, bundles, pin or None, the code or what is found: identity and version], as JSON."""
    first, renewed = bundle(ANN, name), bundle(ANN, name, 2, ANN)
    to_bob, to_carol = bundle(BOB, name, 3, ANN), bundle(CAROL, name, 7, BOB)
    latest, stranger = bundle(CAROL, name, 2**32 - 1, CAROL), bundle(DAVE, name)
    back, chain = bundle(ANN, name, 9, CAROL), [to_bob, to_carol]
    rows = [
        ("nothing, at first contact", [], None, None),
        ("nothing, of one who is known", [], (ANN, 5), None),
        ("the first, at first contact", [first], None, (ANN, 1)),
        ("a renewal, at first contact", [renewed], None, (ANN, 2)),
        ("a chain, at first contact", [*chain, latest], None, (CAROL, 2**32 - 1)),
        ("two that do not meet, at first contact", [to_bob, back], None, (ANN, 9)),
        ("the same", [first], (ANN, 1), (ANN, 1)),
        ("one of an invite", [first], (ANN, 0), (ANN, 1)),
        ("one of an invite, later", [*chain, latest], (CAROL, 0), (CAROL, 2**32 - 1)),
        ("one of an old invite", chain, (ANN, 0), (CAROL, 7)),
        ("another than of an invite", [first], (BOB, 0), "other-identity"),
        ("a renewal", [renewed], (ANN, 1), (ANN, 2)),
        ("a rotation", [to_bob], (ANN, 2), (BOB, 3)),
        ("two rotations and a renewal", [*chain, latest], (ANN, 1), (CAROL, 2**32 - 1)),
        ("the second of two rotations", chain, (BOB, 4), (CAROL, 7)),
        ("all of it again", chain, (CAROL, 7), (CAROL, 7)),
        ("there and back", [*chain, back], (ANN, 2), (ANN, 9)),
        ("there and back, from between", [*chain, back], (BOB, 3), (ANN, 9)),
        ("an older one", [first], (ANN, 2), "old-bundle"),
        ("an older one of another", [stranger], (ANN, 2), "old-bundle"),
        ("one of before the rotation", [renewed], (BOB, 3), "old-bundle"),
        ("another of the same version", [stranger], (ANN, 1), "other-identity"),
        ("another, newer", [bundle(DAVE, name, 4, DAVE)], (ANN, 1), "other-identity"),
        ("a rotation from another", [bundle(DAVE, name, 4, BOB)], (ANN, 1), "other-identity"),
        ("a rotation is missing", [to_carol], (ANN, 2), "other-identity"),
        ("one after another, and one of nobody", [to_bob, latest], (ANN, 2), "other-identity"),
        ("a rotation from before what was seen", [to_bob, bundle(BOB, name, 6, BOB)], (ANN, 5), "other-identity"),
        ("a rotation of the version that was seen", [to_bob], (ANN, 3), "other-identity"),
        ("in another order", [to_carol, to_bob], None, "bad-bundle"),
        ("the same twice", [to_bob, to_bob], None, "bad-bundle"),
        ("two of one version", [to_bob, bundle(DAVE, name, 3, ANN)], None, "bad-bundle"),
        ("a bad one among good ones", [cut_up(to_bob, 200, b"\1\2\3"), to_carol], (CAROL, 7), "bad-bundle"),
        ("a bad one, which is older too", [cut_up(first, 140, b"\1\2\3")], (ANN, 5), "bad-bundle"),
    ]
    rows += [(what, [text], None, "bad-bundle") for what, text in bad_bundles(name).items()]
    rows += [(f"{what}, pinned", [text], (ANN, 5), "bad-bundle") for what, text in bad_bundles(name).items()]
    return [
        [what, texts, as_json(pin), found if isinstance(found, str) else as_json(found)]
        for what, texts, pin, found in rows
    ]


def as_json(pin: tuple[Signer, int] | None) -> list | None:
    return pin and [pin[0].public.hex(), pin[1]]
