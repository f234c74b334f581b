"""Known answers for the levels, from the formulas of web/protocol/README.md, step by step over pyca/cryptography.

Nothing of web/ is imported: what the code under test gives is compared with this, here and inside the page.
`python tests/known_answers.py` writes known_answers.json anew; a test compares the two.
"""

import base64
import hashlib
import json
import struct
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
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


def pbkdf2(passphrase: bytes, salt: bytes, iterations: int) -> bytes:
    return PBKDF2HMAC(SHA256(), 32, salt, iterations).derive(passphrase)


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


def classic(passphrase: str, text: str, salt: bytes, iv: bytes) -> dict:
    """Section 3."""
    key = pbkdf2(passphrase.encode(), salt, 150_000)
    ciphertext = AESGCM(key).encrypt(iv, text.encode(), None)
    body = f'{{"iv":"{b64(iv)}","ciphertext":"{b64(ciphertext)}","salt":"{b64(salt)}"}}'
    given = {"passphrase": passphrase, "text": text, "salt": salt.hex(), "iv": iv.hex()}
    return given | {"key": key.hex(), "body": body} | tag(salt)


def passphrase(passphrase: str, text: str, room: str, name: str, **more) -> dict:
    """Section 4. more: cost, room_salt, session_private, counter, anchor (seq, hash)."""
    cost, room_salt, counter = more["cost"], more["room_salt"], more["counter"]
    private = Ed25519PrivateKey.from_private_bytes(more["session_private"])
    public, (anchor_seq, anchor_hash) = private.public_key().public_bytes_raw(), more["anchor"]

    in_room = sized(room.encode())
    root_salt = hashlib.sha256(b"secure-chat passphrase 1 root" + in_room + room_salt).digest()
    root = pbkdf2(passphrase.encode(), root_salt, cost)
    key = HKDF(SHA256(), 32, public, b"secure-chat passphrase 1 key" + in_room).derive(root)
    nonce = bytes(8) + struct.pack(">I", counter)
    fields = struct.pack(">BI", 1, cost) + room_salt + public + sized(name.encode())
    fields += struct.pack(">IQ", counter, anchor_seq) + anchor_hash
    header = b"secure-chat passphrase 1 header" + in_room + fields
    ciphertext = AESGCM(key).encrypt(nonce, pad(text.encode()), header)
    signature = private.sign(header + ciphertext)

    given = {"passphrase": passphrase, "text": text, "room": room, "name": name, "cost": cost, "counter": counter}
    given |= {"room_salt": room_salt.hex(), "session_private": more["session_private"].hex()}
    given |= {"anchor_seq": anchor_seq, "anchor_hash": anchor_hash.hex()}
    steps = {"session_public": public, "root_salt": root_salt, "root": root, "key": key, "nonce": nonce}
    steps |= {"header": header, "ciphertext": ciphertext, "signature": signature}
    body = "passphrase-1." + b64(fields + ciphertext + signature)
    return given | {step: steps[step].hex() for step in steps} | {"body": body} | tag(public)


def every() -> dict:
    """All known answers, as known_answers.json has them; bytes are hexadecimal."""
    words, text = "correct horse battery staple", "meet at noon"
    salt, seed = count_from(0, 16), count_from(32, 32)
    plain = {"cost": 600_000, "room_salt": salt, "session_private": seed, "counter": 0, "anchor": (0, bytes(32))}
    anchored = plain | {"counter": 2**32 - 2, "anchor": (2**53 - 1, hashlib.sha256(b"a body").digest())}
    foreign = ("пароль ключ", "Üben wir das, 東京? 👋\n" * 20, "Küche 🍵", "Zoë")
    return {
        "about": "Written by known_answers.py from the formulas of the specification. Bytes are hexadecimal.",
        "classic": [
            classic(words, text, salt, count_from(64, 12)),
            classic("пароль ключ", "👋 \u0000\ufeff", count_from(80, 16), bytes(12)),
        ],
        "passphrase": [
            passphrase(words, text, "kitchen", "Alice", **plain),
            passphrase(*foreign, **anchored),
        ],
        "padding": [[length, len(pad(bytes(length)))] for length in (1, 254, 255, 256, 257, 1000, 16_383, 16_384)],
    }


def as_text() -> str:
    return json.dumps(every(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(), "utf-8")
