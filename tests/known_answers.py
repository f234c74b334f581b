"""Known answers for the levels, from the formulas of web/protocol/README.md, step by step over pyca/cryptography.

Nothing of web/ is imported: what the code under test gives is compared with this, here and inside the page.
`python tests/known_answers.py` writes known_answers.json anew; a test compares the two.
"""

import base64
import hashlib
import json
import struct
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

FILE = Path(__file__).with_suffix(".json")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def count_from(first: int, size: int) -> bytes:
    return bytes(range(first, first + size))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sized(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


@cache  # most are of the same passphrase and salt
def pbkdf2(passphrase: bytes, salt: bytes, iterations: int) -> bytes:
    return PBKDF2HMAC(SHA256(), 32, salt, iterations).derive(passphrase)


@cache
def argon2id(passphrase: bytes, salt: bytes, cost: int) -> bytes:
    passes, lanes, mebibytes = struct.unpack(">BBH", struct.pack(">I", cost))
    return Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=mebibytes * 1024).derive(
        passphrase
    )


def padme(length: int) -> int:
    exponent = length.bit_length() - 1
    step = 2 ** max(0, exponent - exponent.bit_length())
    return -(-length // step) * step


def pad(text: bytes) -> bytes:
    return (text + b"\x80").ljust(max(256, padme(len(text) + 1)), b"\x00")


def tag(public: bytes) -> dict:
    digest = hashlib.sha256(public).digest()
    bits = "".join(f"{byte:08b}" for byte in digest)[:20]
    letters = [CROCKFORD[int(bits[at : at + 5], 2)] for at in range(0, 20, 5)]
    return {"tag": "".join(letters), "color": digest[3] % 12}


def digits(level: bytes, public: bytes) -> dict:
    """Section 2.6."""
    digest = hashlib.sha512(b"secure-chat session 1 digits" + sized(level) + public).digest()
    numbers = [int.from_bytes(digest[5 * i : 5 * i + 5], "big") % 100_000 for i in range(12)]
    return {"digits": " ".join(f"{number:05}" for number in numbers)}


def classic(passphrase: str, text: str, salt: bytes, iv: bytes) -> dict:
    """Section 3."""
    key = pbkdf2(passphrase.encode(), salt, 150_000)
    ciphertext = AESGCM(key).encrypt(iv, text.encode(), None)
    body = f'{{"iv":"{b64(iv)}","ciphertext":"{b64(ciphertext)}","salt":"{b64(salt)}"}}'
    given = {"passphrase": passphrase, "text": text, "salt": salt.hex(), "iv": iv.hex()}
    return given | {"key": key.hex(), "body": body} | tag(salt) | digits(b"classic", salt)


def passphrase(passphrase: str, text: str, room: str, name: str, **more) -> dict:
    """Section 4. more: kdf, cost, room_salt, session_private, counter, anchor (seq, hash).

    An attacker's: stated (kdf and cost as the body states them), padded (instead of the padded text).
    """
    kdf, cost, room_salt, counter = (more[part] for part in ("kdf", "cost", "room_salt", "counter"))
    private = Ed25519PrivateKey.from_private_bytes(more["session_private"])
    public, (anchor_seq, anchor_hash) = private.public_key().public_bytes_raw(), more["anchor"]

    in_room = sized(room.encode())
    root_salt = hashlib.sha256(b"secure-chat passphrase 1 root" + in_room + room_salt).digest()
    root = {1: pbkdf2, 2: argon2id}[kdf](passphrase.encode(), root_salt, cost)
    key = HKDF(SHA256(), 32, public, b"secure-chat passphrase 1 key" + in_room).derive(root)
    nonce = bytes(8) + struct.pack(">I", counter)
    fields = struct.pack(">BI", *more.get("stated", (kdf, cost))) + room_salt + public + sized(name.encode())
    fields += struct.pack(">IQ", counter, anchor_seq) + anchor_hash
    header = b"secure-chat passphrase 1 header" + in_room + fields
    ciphertext = AESGCM(key).encrypt(nonce, more.get("padded", pad(text.encode())), header)
    signature = private.sign(header + ciphertext)

    given = {"passphrase": passphrase, "text": text, "room": room, "name": name, "kdf": kdf, "cost": cost}
    given |= {"counter": counter, "room_salt": room_salt.hex(), "session_private": more["session_private"].hex()}
    given |= {"anchor_seq": anchor_seq, "anchor_hash": anchor_hash.hex()}
    steps = {"session_public": public, "root_salt": root_salt, "root": root, "key": key, "nonce": nonce}
    steps |= {"header": header, "ciphertext": ciphertext, "signature": signature}
    body = "passphrase-1." + b64(fields + ciphertext + signature)
    return (
        given
        | {step: steps[step].hex() for step in steps}
        | {"body": body}
        | tag(public)
        | digits(b"passphrase", public)
    )


PLAIN = {"kdf": 1, "cost": 600_000, "room_salt": count_from(0, 16), "session_private": count_from(32, 32)}
PLAIN |= {"counter": 0, "anchor": (0, bytes(32))}
ARGON2ID = {"kdf": 2, "cost": 2 << 24 | 1 << 16 | 19}  # 2 passes, 1 lane, 19 MiB
WORDS, TEXT = "correct horse battery staple", "meet at noon"


def alice(text: str = TEXT, room: str = "kitchen", name: str = "Alice", words: str = WORDS, **changed) -> str:
    """A body of her session, or of one that wants to pass for it."""
    return passphrase(words, text, room, name, **PLAIN | changed)["body"]


def flipped(body: str, at: int) -> str:
    data = bytearray(base64.urlsafe_b64decode(body.removeprefix("passphrase-1.") + "=="))
    data[at] ^= 1
    return "passphrase-1." + b64(bytes(data))


def malleable(body: str) -> str:
    """With S + L in place of S: the same signature to a reader that does not compare S with L."""
    data = base64.urlsafe_b64decode(body.removeprefix("passphrase-1.") + "==")
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(data[-32:], "little") + order
    return "passphrase-1." + b64(data[:-32] + s.to_bytes(32, "little"))


def attacks() -> list:
    """[what, body, code or "opened"]: what one reader in room kitchen sees, in this order."""
    honest, other = alice(), count_from(96, 32)
    return [
        ["honest", honest, "opened"],
        ["repeated", honest, "replayed"],
        ["another room", alice(room="cellar", counter=1), "bad-signature"],
        ["another passphrase", alice(words="another", session_private=other), "wrong-passphrase"],
        ["another name in a session", alice(name="Bob", counter=1), "session-changed"],
        ["the kdf's bits", flipped(honest, 0), "malformed"],
        ["a bit of the cost", flipped(honest, 4), "bad-signature"],
        ["a bit of the room salt", flipped(honest, 5), "bad-signature"],
        ["a bit of the session key", flipped(honest, 21), "bad-signature"],
        ["a bit of the name's length", flipped(honest, 56), "bad-signature"],
        ["a bit of the name", flipped(honest, 57), "bad-signature"],
        ["a bit of the counter", flipped(honest, 65), "bad-signature"],
        ["a bit of the anchor", flipped(honest, 73), "bad-signature"],
        ["a bit of the ciphertext", flipped(honest, 120), "bad-signature"],
        ["a bit of the tag", flipped(honest, -65), "bad-signature"],
        ["a bit of R", flipped(honest, -64), "bad-signature"],
        ["a bit of S", flipped(honest, -32), "bad-signature"],
        ["S + L", malleable(honest), "bad-signature"],
        ["cut", honest[:-4], "malformed"],
        ["lengthened", honest + "AAAA", "bad-signature"],
        ["cut to the prefix", "passphrase-1.", "malformed"],
        ["cost 0", alice(counter=1, stated=(1, 0)), "cost-out-of-range"],
        ["cost 599,999", alice(counter=1, stated=(1, 599_999)), "cost-out-of-range"],
        ["cost 2^31", alice(counter=1, stated=(1, 2**31)), "cost-out-of-range"],
        ["cost 2^32 - 1", alice(counter=1, stated=(1, 2**32 - 1)), "cost-out-of-range"],
        ["honest, with Argon2id", alice(session_private=count_from(128, 32), **ARGON2ID), "opened"],
        ["the kdf of a session", alice(counter=1, **ARGON2ID), "session-changed"],
        ["Argon2id of another cost", alice(counter=1, stated=(2, 3 << 24 | 1 << 16 | 19)), "wrong-passphrase"],
        ["Argon2id, one pass", alice(counter=1, stated=(2, 1 << 24 | 1 << 16 | 19)), "cost-out-of-range"],
        ["Argon2id, 3 passes of 256 MiB", alice(counter=1, stated=(2, 3 << 24 | 1 << 16 | 256)), "cost-out-of-range"],
        ["Argon2id of 1 GiB", alice(counter=1, stated=(2, 3 << 24 | 1 << 16 | 1024)), "cost-out-of-range"],
        ["kdf 3", alice(counter=1, stated=(3, 600_000)), "malformed"],
        ["a name with a right-to-left override", alice(name="A\u202eb", counter=1), "malformed"],
        ["a name that is not composed", alice(name="Zoe\u0308", counter=1), "malformed"],
        ["padded base64", honest + "=", "malformed"],
        ["white space in base64", honest + "\n", "malformed"],
        ["no padding of the text", alice(counter=1, padded=bytes(256)), "bad-padding"],
        ["no UTF-8", alice(counter=1, padded=pad(b"\xff")), "not-text"],
        ["a surrogate", alice(counter=1, padded=pad(b"a\xed\xa0\x80b")), "not-text"],
        ["an overlong form", alice(counter=1, padded=pad(b"\xc0\xaf")), "not-text"],
        ["an empty text", alice(counter=1, padded=pad(b"")), "not-text"],
        ["too long a text", alice(counter=1, padded=pad(b"x" * 16_385)), "not-text"],
        ["plaintext", TEXT, "not-encrypted"],
        ["another version", honest.replace("-1.", "-2."), "not-encrypted"],
        ["classic", classic(WORDS, TEXT, bytes(16), bytes(12))["body"], "other-level"],
        ["honest, after all of that", alice("still here", counter=1), "opened"],
    ]


def every() -> dict:
    """All known answers, as known_answers.json has them; bytes are hexadecimal."""
    anchored = PLAIN | {"counter": 2**32 - 2, "anchor": (2**53 - 1, hashlib.sha256(b"a body").digest())}
    foreign = ("пароль ключ", "Üben wir das, 東京? 👋\n" * 20, "Küche 🍵", "Zoë")
    return {
        "about": "Written by known_answers.py from the formulas of the specification. Bytes are hexadecimal.",
        "classic": [
            classic(WORDS, TEXT, count_from(0, 16), count_from(64, 12)),
            classic("пароль ключ", "👋 \u0000\ufeff", count_from(80, 16), bytes(12)),
        ],
        "passphrase": [
            passphrase(WORDS, TEXT, "kitchen", "Alice", **PLAIN),
            passphrase(*foreign, **anchored),
            passphrase(WORDS, TEXT, "kitchen", "Alice", **PLAIN | ARGON2ID),
            passphrase(*foreign, **anchored | {"kdf": 2, "cost": 3 << 24 | 4 << 16 | 23}),
        ],
        "attacks": attacks(),
        "padding": [[length, len(pad(bytes(length)))] for length in (1, 254, 255, 256, 257, 1000, 16_383, 16_384)],
    }


def as_text() -> str:
    return json.dumps(every(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(), "utf-8")
